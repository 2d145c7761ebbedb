// SPDX-License-Identifier: Apache-2.0
#include "app/csv.h"

#include <array>
#include <string_view>

namespace strongroom::app {
namespace {

constexpr std::array<std::string_view, 22> kColumns = {
    "id",       "time",       "action",  "actor", "tenant",      "tenant_id",
    "member",   "member_id",  "session", "key",   "key_version", "holder",
    "service",  "method",     "host",    "path",  "status",      "outcome",
    "bytes_up", "bytes_down", "micros",  "detail"};

std::string text_of(const json::value* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : to_text(*value);
}

bool looks_like_formula(std::string_view cell) {
  return !cell.empty() && std::string_view("=+-@\t\r\n").find(cell.front()) != cell.npos;
}

std::string cell_of(std::string cell) {
  if (looks_like_formula(cell)) cell.insert(cell.begin(), '\'');
  if (cell.find_first_of("\",\r\n") == cell.npos) return cell;
  std::string quoted = "\"";
  for (const char each : cell) quoted.append(each == '"' ? 2 : 1, each);
  return quoted + '"';
}

}  // namespace

std::string csv_head() {
  std::string line;
  for (const auto column : kColumns) line.append(line.empty() ? "" : ",").append(column);
  return line + "\r\n";
}

std::string csv_row(const json::value& entry) {
  std::string line;
  if (!entry.is_object()) return line;
  for (const auto column : kColumns) {
    if (column != kColumns.front()) line += ',';
    line += cell_of(text_of(entry.get_object().if_contains(column)));
  }
  return line + "\r\n";
}

}  // namespace strongroom::app
