// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/json.h"

namespace strongroom {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warning:
      return "warning";
    case LogLevel::Error:
      return "error";
  }
  return "error";
}

/// The process's log: one of the two global states that the house has (the other is the secret
/// arena).
struct Sink {
  std::string program = "strongroom";
  std::shared_ptr<spdlog::logger> logger;
  Sink() {
    logger = std::make_shared<spdlog::logger>("strongroom",
                                              std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::warn);
  }
};
Sink& sink() {
  static Sink instance;
  return instance;
}

}  // namespace

void configure_log(std::string_view program, LogLevel least) {
  sink().program = program;
  sink().logger->set_level(level_of(least));
}

void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!sink().logger->should_log(level_of(level))) return;
  json::object line;
  line["time"] = to_rfc3339(SystemClock().wall());
  line["level"] = name_of(level);
  line["program"] = sink().program;
  line["event"] = event;
  for (const auto& field : fields) {
    if (const auto* text = std::get_if<std::string>(&field.value())) {
      line[field.name()] = *text;
    } else {
      line[field.name()] = std::get<std::int64_t>(field.value());
    }
  }
  sink().logger->log(level_of(level), "{}", to_text(line));
}

}  // namespace strongroom
