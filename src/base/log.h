// Log: JSON lines on stderr, by spdlog. Nothing that can hold a key has a way in: only named fields
// of text and numbers.
//
// Threads: any. Configured once by main(). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "base/secret.h"

namespace strongroom {

enum class LogLevel : std::uint8_t { Debug, Info, Warning, Error };

/// One named value of a log line.
class LogField {
 public:
  LogField(std::string_view name, std::string_view value)
      : name_(name), value_(std::string(value)) {}
  LogField(std::string_view name, const char* value) : LogField(name, std::string_view(value)) {}
  LogField(std::string_view name, const std::string& value)
      : LogField(name, std::string_view(value)) {}
  template <std::integral T>
  LogField(std::string_view name, T value)
      : name_(name), value_(static_cast<std::int64_t>(value)) {}
  LogField(std::string_view, const Secret&) = delete;
  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] const std::variant<std::string, std::int64_t>& value() const { return value_; }

 private:
  std::string_view name_;
  std::variant<std::string, std::int64_t> value_;
};

/// `program` is in every line. Call once, before threads start.
void configure_log(std::string_view program, LogLevel least);
/// {"time":...,"level":"info","program":...,"event":event, fields...}
void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

}  // namespace strongroom
