// What names, headers, paths and templates of a service's file may be. Used by: parse*.cpp, names.
// Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "catalog/service.h"

namespace strongroom::catalog {

/// A header's name in lower case (RFC 9110 5.6.2 token), not one that frames or routes a request.
[[nodiscard]] Status check_header_name(std::string_view name);
/// Visible ASCII without spaces.
[[nodiscard]] bool is_plain(std::string_view text);
/// Visible ASCII and spaces.
[[nodiscard]] bool is_printable(std::string_view text);
/// A pattern of DeniedPath: canonical but for its stars, without escapes, `**` only at the end.
[[nodiscard]] Status check_pattern(std::string_view pattern);
/// A-Z, 0-9, '_', first a letter, at most 64.
[[nodiscard]] bool is_variable_name(std::string_view name);
/// Does a variable of this name change what programs load, run or trust?
[[nodiscard]] bool changes_programs(std::string_view name);
/// Could the setting's own default be given for it?
[[nodiscard]] Status check_default(const Setting& setting);

enum class TemplateUse : std::uint8_t { VariableName, VariableValue, Placement, Git };
/// Every {name} is one that `service` has and that may stand there; every brace has its other.
[[nodiscard]] Status check_template(const Service& service, TemplateUse use, std::string_view text);

}  // namespace strongroom::catalog
