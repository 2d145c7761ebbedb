// SPDX-License-Identifier: Apache-2.0
#include "app/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/screen.h"
#include "app/table.h"
#include "base/utf8.h"

namespace strongroom::app {
namespace {

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

/// Control characters and what is no text never reach the terminal, whoever chose it.
std::string printable(const std::string& text) {
  std::string out;
  std::string_view rest(text);
  while (!rest.empty()) {
    const std::size_t size = utf8_size(rest);
    const bool is_control = size == 1 && (rest[0] < 0x20 || rest[0] == 0x7f);
    const bool is_high_control =
        size == 2 && rest[0] == '\xC2' && static_cast<unsigned char>(rest[1]) < 0xA0;
    if (size == 0 || is_control || is_high_control)
      out += '?';
    else
      out.append(rest.substr(0, size));
    rest.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

std::string readable_value(const json::value& value) {
  if (value.is_null()) return "-";
  if (value.is_string())
    return value.get_string().empty() ? "-" : printable(std::string(value.get_string()));
  if (!value.is_array()) return printable(to_text(value));
  std::string joined;
  for (const auto& item : value.get_array())
    joined += (joined.empty() ? "" : ", ") + readable_value(item);
  return joined.empty() ? "-" : joined;
}

}  // namespace

std::string readable(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value == nullptr ? "-" : readable_value(*value);
}

void print_list(Format format, const json::value& list, const std::vector<Column>& columns,
                std::string_view when_empty) {
  if (format == Format::Json) return put(to_pretty_text(list) + "\n");
  if (!list.is_array() || list.get_array().empty()) return put(std::string(when_empty) + "\n");
  Table table;
  for (const auto& column : columns) table.headings.push_back(column.heading);
  for (const auto& item : list.get_array()) {
    auto& row = table.rows.emplace_back();
    for (const auto& column : columns)
      row.push_back(item.is_object() ? readable(item.get_object(), column.member)
                                     : readable_value(item));
  }
  put(drawn(table, screen_of(STDOUT_FILENO)));
}

void print_object(Format format, const json::value& object, const std::vector<Column>& members) {
  if (format == Format::Json) return put(to_pretty_text(object) + "\n");
  if (!object.is_object()) return;
  const Screen screen = screen_of(STDOUT_FILENO);
  std::size_t width = 0;
  for (const auto& member : members) width = std::max(width, member.heading.size());
  for (const auto& member : members) {
    const std::string value = readable(object.get_object(), member.member);
    put(screen.styled(Style::Heading, member.heading) +
        std::string(width - member.heading.size() + 2, ' ') +
        screen.styled(style_of(value), value) + "\n");
  }
}

void say(Format format, std::string_view line) {
  if (format == Format::People) put(std::string(line) + "\n");
}

int exit_code_of(const Error& error) {
  switch (error.code) {
    case Code::Invalid:
    case Code::TooLarge:
    case Code::Unsupported:
      return 2;
    case Code::Refused:
    case Code::Unauthorized:
    case Code::Revoked:
    case Code::Expired:
      return 3;
    case Code::NotFound:
      return 4;
    case Code::Unavailable:
    case Code::Network:
    case Code::Timeout:
    case Code::Sealed:
      return 5;
    default:
      return 1;
  }
}

int report(const Error& error) {
  std::fflush(stdout);
  const std::string line = screen_of(STDERR_FILENO).styled(Style::Bad, "strongroom:") + " " +
                           printable(error.message) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
  return exit_code_of(error);
}

}  // namespace strongroom::app
