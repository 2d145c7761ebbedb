// What commands print: one JSON document with --json, else a table or lines for people.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace strongroom::app {

enum class Format : bool { People, Json };

/// A column: its heading and the member of each object that fills it.
struct Column {
  std::string heading;
  std::string member;
};

/// Prints an array of objects.
void print_list(Format format, const json::value& list, const std::vector<Column>& columns,
                std::string_view when_empty);
/// Prints one object: JSON, or the named members one a line.
void print_object(Format format, const json::value& object, const std::vector<Column>& members);
/// Prints text for people, nothing with --json.
void say(Format format, std::string_view line);

/// A member as people read it: text as is, absent and null as "-", arrays joined by ", ".
[[nodiscard]] std::string readable(const json::object& object, std::string_view member);

/// design.md section 7: 0 done, 1 failed, 2 wrong use, 3 refused, 4 not found, 5 unavailable.
[[nodiscard]] int exit_code_of(const Error& error);
/// One line on stderr: what, and how to mend it. Answers the exit code.
int report(const Error& error);

}  // namespace strongroom::app
