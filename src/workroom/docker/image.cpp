// SPDX-License-Identifier: Apache-2.0
#include "workroom/docker/image.h"

#include <algorithm>

#include "base/encoding.h"
#include "workroom/image_config.h"
#include "workroom/quoted_line.h"

namespace strongroom::workroom::docker {
namespace {

constexpr std::chrono::minutes kPullWithin{30};
constexpr std::size_t kLongestProgress = std::size_t{64} << 20U;
constexpr std::size_t kLongestName = 512;

bool is_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._/:@").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= kLongestName && name.front() != '/' &&
         name.find("..") == std::string_view::npos && std::ranges::all_of(name, is_allowed);
}

/// Without one, the engine would pull every tag there is.
bool has_tag(std::string_view name) {
  const auto last = name.substr(name.rfind('/') + 1);
  return last.find_first_of(":@") != std::string_view::npos;
}

/// The engine says 200 before it knows how it ends: a failure is one of the lines.
Status read_progress(std::string_view lines) {
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    const auto document = parse_json(line);
    if (!document || !document->is_object()) continue;
    if (const auto error = optional_string(document->get_object(), "error"))
      return fail(Code::Unavailable, "the image cannot be pulled: " + quoted_line(*error));
  }
  return {};
}

io::Task<Status> pull_image(Engine& engine, std::string name) {
  Call call;
  call.method = "POST";
  call.path =
      "/images/create?fromImage=" + percent_encode(name) + (has_tag(name) ? "" : "&tag=latest");
  call.within = kPullWithin;
  call.longest = kLongestProgress;
  const auto progress = co_await engine.ask(std::move(call));
  if (!progress) co_return std::unexpected(progress.error());
  co_return read_progress(*progress);
}

io::Task<Result<Image>> look(Engine& engine, std::string name) {
  Call call;
  call.path = "/images/" + name + "/json";
  const auto description = co_await engine.ask_object(std::move(call));
  if (!description) co_return std::unexpected(description.error());
  co_return read_image(*description);
}

}  // namespace

Result<Pull> parse_pull(const std::string& text) {
  if (text == "missing") return Pull::Missing;
  if (text == "always") return Pull::Always;
  if (text == "never") return Pull::Never;
  return fail(Code::Invalid, "--pull is missing, always or never");
}

Result<Image> read_image(const json::object& description) {
  Image out;
  STRONGROOM_TRY(out.id, required_string(description, "Id"));
  const auto* config = description.if_contains("Config");
  if (config == nullptr || !config->is_object()) return out;
  const auto& object = config->get_object();
  out.command = texts_of(object, "Entrypoint");
  for (auto& each : texts_of(object, "Cmd")) out.command.push_back(std::move(each));
  out.variables = variables_of(object, "Env");
  out.working_directory = optional_string(object, "WorkingDir").value_or("");
  out.user = optional_string(object, "User").value_or("");
  return out;
}

io::Task<Result<Image>> find_image(Engine& engine, std::string name, Pull pull) {
  if (!is_name(name))
    co_return fail(Code::Invalid, "'" + quoted_line(name) + "' is no name of an image");
  if (pull == Pull::Always) {
    const Status pulled = co_await pull_image(engine, name);
    if (!pulled) co_return std::unexpected(pulled.error());
  }
  auto image = co_await look(engine, name);
  if (image || image.error().code != Code::NotFound) co_return image;
  if (pull != Pull::Missing)
    co_return fail(Code::NotFound, "the Docker Engine has no image " + name +
                                       ": load or pull it, or say --pull missing");
  const Status pulled = co_await pull_image(engine, name);
  if (!pulled) co_return std::unexpected(pulled.error());
  co_return co_await look(engine, name);
}

}  // namespace strongroom::workroom::docker
