// SPDX-License-Identifier: Apache-2.0
#include "base/time_text.h"

namespace strongroom {
namespace {

/// So many digits at the front, taken off.
std::optional<int> digits(std::string_view& text, std::size_t count) {
  int number = 0;
  if (text.size() < count) return std::nullopt;
  for (const char each : text.substr(0, count)) {
    if (each < '0' || each > '9') return std::nullopt;
    number = number * 10 + (each - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool mark(std::string_view& text, std::string_view marks) {
  if (text.empty() || marks.find(text.front()) == marks.npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::chrono::sys_days> take_day(std::string_view& text) {
  const auto year = digits(text, 4);
  const bool is_fine = year && mark(text, "-");
  const auto month = is_fine ? digits(text, 2) : std::nullopt;
  const auto day = month && mark(text, "-") ? digits(text, 2) : std::nullopt;
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  return date.ok() ? std::optional(std::chrono::sys_days(date)) : std::nullopt;
}

/// "14:29", within a day.
std::optional<std::chrono::minutes> take_minutes(std::string_view& text) {
  const auto hour = digits(text, 2);
  const auto minute = hour && mark(text, ":") ? digits(text, 2) : std::nullopt;
  if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute);
}

/// Up to nine digits behind the point; what is finer than a microsecond is left out.
std::optional<std::chrono::microseconds> take_fraction(std::string_view& text) {
  std::int64_t nanos = 0;
  std::int64_t unit = 100'000'000;
  std::size_t count = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count, unit /= 10)
    nanos += (text[count] - '0') * unit;
  if (count == 0 || count > 9) return std::nullopt;
  text.remove_prefix(count);
  return std::chrono::microseconds(nanos / 1000);
}

std::optional<std::chrono::minutes> take_offset(std::string_view& text) {
  if (mark(text, "Zz")) return std::chrono::minutes(0);
  const bool is_west = text.starts_with('-');
  if (!mark(text, "+-")) return std::nullopt;
  const auto offset = take_minutes(text);
  if (!offset) return std::nullopt;
  return is_west ? -*offset : *offset;
}

}  // namespace

std::optional<WallTime> parse_time(std::string_view text) {
  const auto day = take_day(text);
  if (!day) return std::nullopt;
  if (text.empty()) return WallTime(*day);
  const auto clock = mark(text, "Tt") ? take_minutes(text) : std::nullopt;
  const auto second = clock && mark(text, ":") ? digits(text, 2) : std::nullopt;
  if (!second || *second > 60) return std::nullopt;
  std::optional<std::chrono::microseconds> fraction(0);
  if (mark(text, ".")) fraction = take_fraction(text);
  const auto offset = fraction ? take_offset(text) : std::nullopt;
  if (!offset || !text.empty()) return std::nullopt;
  return WallTime(*day) + *clock + std::chrono::seconds(*second) + *fraction - *offset;
}

}  // namespace strongroom
