// Engine: a Docker Engine by its API (version 1.41 or later), over its Unix socket on this machine.
//
// Used by: DockerRuntime. Threads: its loop's. One connection for each call, each with its own
// time. Nothing that it is told is secret, so its answers may be quoted. Fails: NotFound, Conflict,
// Invalid and Refused as the engine has it, Unavailable and Timeout when it does not answer.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace strongroom::workroom::docker {

struct Call {
  std::string method = "GET";
  std::string path;  ///< below the version: "/containers/json?all=1"
  json::value body;  ///< null: none
  Duration within = std::chrono::seconds(30);
  std::size_t longest = std::size_t{4} << 20U;
};

class Engine {
 public:
  Engine(io::Loop& loop, std::string socket) : loop_(loop), socket_(std::move(socket)) {}

  /// `given` (--docker-socket), or DOCKER_HOST, or /var/run/docker.sock. Refused: what is not a
  /// Unix socket, since the session's own sockets cannot be shown to an engine elsewhere.
  static Result<std::string> find_socket(const std::string& given);

  /// First: which version of the API both know. Unsupported: too old, or not of Linux.
  [[nodiscard]] io::Task<Status> greet();
  /// The answer's body.
  [[nodiscard]] io::Task<Result<std::string>> ask(Call call);
  /// The same as a JSON object.
  [[nodiscard]] io::Task<Result<json::object>> ask_object(Call call);
  [[nodiscard]] io::Loop& loop() const noexcept { return loop_; }
  /// The same engine, asked from another loop.
  [[nodiscard]] Engine on(io::Loop& loop) const;

 private:
  [[nodiscard]] io::Task<Result<std::string>> fetch(const Call& call, std::string target);

  io::Loop& loop_;
  std::string socket_;
  std::string version_;  ///< "/v1.41"
};

}  // namespace strongroom::workroom::docker
