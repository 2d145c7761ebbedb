// SPDX-License-Identifier: Apache-2.0
#include "workroom/docker/engine.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "http/client.h"
#include "io/net.h"
#include "workroom/quoted_line.h"

namespace strongroom::workroom::docker {
namespace {

constexpr const char* kUsualSocket = "/var/run/docker.sock";
constexpr std::string_view kUnix = "unix://";
/// The oldest that has all we ask for, and the newest that we know.
constexpr int kOldest = 41;
constexpr int kNewest = 52;

/// "1.41" → 41
int minor_of(std::string_view version) {
  int out = 0;
  if (version.starts_with("1."))
    std::from_chars(version.data() + 2, version.data() + version.size(), out);
  return out;
}

Code code_of(int status) {
  switch (status) {
    case 400:
      return Code::Invalid;
    case 401:
    case 403:
      return Code::Refused;
    case 404:
      return Code::NotFound;
    case 409:
      return Code::Conflict;
    default:
      return Code::Unavailable;
  }
}

Error error_of(const http::ClientResponse& answer) {
  std::string message = answer.body;
  if (const auto document = parse_json(answer.body); document && document->is_object())
    message = optional_string(document->get_object(), "message").value_or(message);
  return {code_of(answer.status), "the Docker Engine says: " + quoted_line(message)};
}

Error no_answer(const Error& why, const std::string& socket) {
  if (why.code == Code::Timeout)
    return {Code::Timeout, "the Docker Engine at " + socket + " did not answer in time"};
  return {Code::Unavailable,
          "the Docker Engine at " + socket + " cannot be reached: " + why.message};
}

}  // namespace

Result<std::string> Engine::find_socket(const std::string& given) {
  const char* const host = std::getenv("DOCKER_HOST");
  std::string place = !given.empty() ? given : host != nullptr && *host != '\0' ? host : "";
  if (place.empty()) return std::string(kUsualSocket);
  if (place.starts_with(kUnix)) place.erase(0, kUnix.size());
  if (place.starts_with('/')) return place;
  return fail(Code::Refused, "the docker runtime needs an engine on this machine: '" +
                                 quoted_line(place) +
                                 "' is no Unix socket; name one with --docker-socket");
}

Engine Engine::on(io::Loop& loop) const {
  Engine out(loop, socket_);
  out.version_ = version_;
  return out;
}

io::Task<Result<std::string>> Engine::fetch(const Call& call, std::string target) {
  auto stream = co_await io::dial_unix(loop_, socket_);
  if (!stream) co_return std::unexpected(no_answer(stream.error(), socket_));
  stream->set_deadline(Deadline::after(loop_.clock(), call.within));
  const std::string body = call.body.is_null() ? std::string() : to_text(call.body);
  http::ClientRequest request;
  request.method = call.method;
  request.target = std::move(target);
  request.host = "docker";
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.headers.emplace_back("Connection", "close");
  request.body = body;
  const auto answer = co_await http::fetch(*stream, request, call.longest);
  if (!answer) co_return std::unexpected(no_answer(answer.error(), socket_));
  const bool is_done = answer->status >= 200 && answer->status < 300;
  if (!is_done && answer->status != 304) co_return std::unexpected(error_of(*answer));
  co_return answer->body;
}

io::Task<Status> Engine::greet() {
  Call call;
  call.path = "/version";
  auto text = co_await fetch(call, call.path);
  if (!text) co_return std::unexpected(std::move(text).error());
  const auto document = parse_json(*text);
  if (!document || !document->is_object())
    co_return fail(Code::Protocol, "what listens at " + socket_ + " is no Docker Engine");
  const auto& about = document->get_object();
  if (optional_string(about, "Os").value_or("linux") != "linux")
    co_return fail(Code::Unsupported, "the Docker Engine runs no Linux containers");
  const int newest = minor_of(optional_string(about, "ApiVersion").value_or(""));
  const int oldest = minor_of(optional_string(about, "MinAPIVersion").value_or(""));
  if (newest < kOldest)
    co_return fail(Code::Unsupported,
                   "the Docker Engine is too old: its API must be 1.41 or later (Docker 20.10)");
  version_ = "/v1." + std::to_string(std::max(oldest, std::min(newest, kNewest)));
  co_return Status();
}

io::Task<Result<std::string>> Engine::ask(Call call) {
  std::string target = version_ + call.path;
  co_return co_await fetch(call, std::move(target));
}

io::Task<Result<json::object>> Engine::ask_object(Call call) {
  auto text = co_await ask(std::move(call));
  if (!text) co_return std::unexpected(std::move(text).error());
  auto document = parse_json(*text);
  if (!document || !document->is_object())
    co_return fail(Code::Protocol, "the Docker Engine's answer is not understood");
  co_return std::move(document->get_object());
}

}  // namespace strongroom::workroom::docker
