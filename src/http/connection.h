// One connection of a Server. Inside the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/wiping.h"
#include "http/body.h"
#include "http/head.h"
#include "http/server.h"

namespace strongroom::http {

class Connection {
 public:
  /// What is referenced belongs to the server's state, which outlives it.
  Connection(io::Stream stream, const Server::Handler& handler, const ServerLimits& limits,
             const bool& is_stopping, std::shared_ptr<const io::TlsServer> tls)
      : stream_(std::move(stream)),
        handler_(handler),
        limits_(limits),
        is_stopping_(is_stopping),
        tls_(std::move(tls)) {}
  /// Until the connection ends or is taken over.
  io::Task<void> run();
  void abort() {
    is_ended_ = true;
    stream_.abort();
  }
  /// False when a request is being read or answered, or when it was ended before.
  bool abort_if_idle() {
    if (is_busy_ || is_ended_) return false;
    abort();
    return true;
  }

 private:
  enum class Next : std::uint8_t { GoOn, Leave };
  /// The first octet tells TLS from plain HTTP. False where nothing comes of it.
  io::Task<bool> secure();
  io::Task<Next> serve_one();
  /// True when a whole head is at the front of in_. Otherwise the connection is over, a refusal
  /// having been written.
  io::Task<bool> read_head(RequestHead& head, std::size_t& size);
  io::Task<bool> read_body(BodyFraming framing, WipedBuffer& body);
  io::Task<bool> fill();
  io::Task<void> refuse(int status, std::string_view why);
  io::Task<Next> answer(ServerResponse& response, bool is_head_request);
  io::Task<Next> answer_stream(ServerResponse& response);
  io::Task<Next> hand_over(ServerResponse& response);
  io::Task<Status> write(std::string text);
  io::Task<void> linger();
  void set_deadline(std::chrono::milliseconds time);

  io::Stream stream_;
  const Server::Handler& handler_;
  const ServerLimits& limits_;
  const bool& is_stopping_;
  std::shared_ptr<const io::TlsServer> tls_;  ///< may be null
  WipedBuffer in_;
  bool is_busy_ = false;   ///< a request has begun
  bool is_ended_ = false;  ///< aborted; its coroutine may not have noticed yet
  bool keeps_alive_ = true;
  int minor_version_ = 1;
};

}  // namespace strongroom::http
