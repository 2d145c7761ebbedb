// What a Stream is made of; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "io/deadlines.h"
#include "io/descriptor.h"
#include "io/memory_pair.h"
#include "io/stream.h"
#include "io/tls/kept_buffers.h"
#include "io/tls/state.h"

namespace strongroom::io {

struct Stream::State final : Timed, BufferHolder {
  explicit State(Loop& loop) : socket(loop) {}
  ~State() {
    socket.loop().forget_buffers(*this);
    if (pair != nullptr) pair->leave(side, {});
  }

  void on_deadline() noexcept override {
    timed_out = true;
    close_now();
  }

  void close_now(std::optional<std::uint32_t> reason = {}) noexcept {
    if (!socket.is_open()) return;
    if (pair != nullptr) {
      pair->leave(side, reason);
      return socket.close();
    }
    // A reset instead of an orderly end: the other side must not take a cut stream for a whole one.
    const linger now{1, 0};
    ::setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    socket.close();
  }

  /// From here on OpenSSL frees its buffers whenever they are empty.
  void let_buffers_go() noexcept override {
    SSL_set_mode(ssl.get(), SSL_MODE_RELEASE_BUFFERS);
    SSL_free_buffers(ssl.get());
  }

  /// `error` as in errno(3).
  [[nodiscard]] Error failure(int error, const char* what) const {
    if (timed_out) return {Code::Timeout, "the connection did not answer in time"};
    if (aborted || !socket.is_open()) return {Code::Cancelled, "the connection was ended"};
    return {Code::Network, std::string(what) + " failed: " + std::strerror(error)};
  }

  Descriptor socket;
  Ssl ssl;
  std::shared_ptr<MemoryPair> pair;  ///< in a descriptor's place
  MemoryPair::Side side{};           ///< of it
  std::unique_ptr<ServerNameWish> wish;
  unsigned records_without_content = 0;  ///< in a row, since TLS is agreed
  Peer peer;
  bool aborted = false;
  bool timed_out = false;
};

/// What a try without waiting came to. Of Done, `octets` were moved; 0 read: the orderly end.
struct Attempt {
  enum class Outcome : std::uint8_t { Done, WantRead, WantWrite, Failed };
  Outcome outcome = Outcome::Done;
  std::size_t octets = 0;
};

}  // namespace strongroom::io
