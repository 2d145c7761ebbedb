// What a Stream is made of; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>

#include "io/deadlines.h"
#include "io/socket_bio.h"
#include "io/stream.h"
#include "io/tls_state.h"

namespace strongroom::io {

namespace asio = boost::asio;
inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
using Socket = asio::generic::stream_protocol::socket;

struct Stream::State final : Timed {
  State(Loop& owner, Socket taken) : loop(owner), socket(std::move(taken)) {}

  void on_deadline() noexcept override {
    timed_out = true;
    close_now();
  }

  void close_now() noexcept {
    if (!socket.is_open()) return;
    // A reset instead of an orderly end: the other side must not take a cut stream for a whole one.
    const linger now{1, 0};
    ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    end.fd = -1;
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  [[nodiscard]] Error failure(const boost::system::error_code& error, const char* what) const {
    if (timed_out) return {Code::Timeout, "the connection did not answer in time"};
    if (aborted || error == asio::error::operation_aborted || error == asio::error::bad_descriptor)
      return {Code::Cancelled, "the connection was ended"};
    return {Code::Network, std::string(what) + " failed: " + error.message()};
  }

  Loop& loop;
  Socket socket;
  SocketEnd end;  ///< the same socket, for TLS
  Ssl ssl;
  Peer peer;
  bool aborted = false;
  bool timed_out = false;
  std::function<void()> on_readable;
  bool is_watching = false;
  /// Points back here while this lives: a completion may be queued when the stream is destroyed.
  std::shared_ptr<State*> self = std::make_shared<State*>(this);
  ~State() override { *self = nullptr; }
};

}  // namespace strongroom::io
