// Stream: one connection, whatever carries it (TCP, Unix socket, TLS over either).
//
// Used by: http, lease, gateway, api, app. Threads: its loop's. abort() may be called at any time
// on that thread and makes every pending operation answer Cancelled; that is how revoke, deadlines
// and disconnects all end a connection. Steady state allocates nothing. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace strongroom::io {

class TlsClient;
class TlsServer;
enum class ProtocolOffer : std::uint8_t;
enum class TlsRefusal : std::uint8_t;
struct JoinedStreams;

/// Who is at the other end, as the kernel says.
struct Peer {
  std::string address;          ///< "127.0.0.1:53412", "unix"
  std::optional<int> unix_uid;  ///< SO_PEERCRED of a Unix socket
  std::optional<int> unix_pid;
};

/// Memory for a read that may have to wait: taken when something may come, given back meanwhile.
class ReadRoom {
 public:
  [[nodiscard]] virtual MutableBytes take() = 0;
  virtual void give_back() noexcept = 0;

 protected:
  ~ReadRoom() = default;
};

class Stream {
 public:
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();  ///< closes without ceremony

  /// Takes over a connected, stream-type socket (any family). Sets non-blocking, close-on-exec, and
  /// no-delay on TCP.
  static Result<Stream> adopt(Loop& loop, int fd);
  /// Two ends of one connection inside this process: no descriptor, bounded memory while octets are
  /// on their way and none otherwise. No TLS over it.
  [[nodiscard]] static JoinedStreams join(Loop& loop);

  /// At least one octet, or 0 at the orderly end. Timeout when the deadline passed, Cancelled after
  /// abort().
  [[nodiscard]] Task<Result<std::size_t>> read_some(MutableBytes into);
  /// The same into memory that is only held while there is something to put there. What came is in
  /// what `room` gave last.
  [[nodiscard]] Task<Result<std::size_t>> read_some(ReadRoom& room);
  [[nodiscard]] Task<Status> write_all(ByteView from);
  /// All in one system call where the transport can; for a head and the first octets of its body.
  [[nodiscard]] Task<Status> write_all(ByteView first, ByteView second, ByteView third = {});
  /// Waits until octets (or the end, or an error) can be read, without reading. For "has the client
  /// gone?".
  [[nodiscard]] Task<Status> wait_readable();
  /// Calls `on_readable` once when octets, the end or an error wait to be read (at once, inside
  /// this call, when they do already), while reads may go on beside; a later call replaces it. Not
  /// called after destruction. Used to notice that a client has gone while its answer is awaited.
  void watch_readable(std::function<void()> on_readable);
  /// True when the peer has ended its side and nothing is left to read (looks without consuming).
  [[nodiscard]] bool has_peer_ended() const;
  /// First octet without consuming it (before any TLS): tells TLS (0x16) from plain HTTP on one
  /// port.
  [[nodiscard]] Task<Result<std::uint8_t>> peek_first();
  /// True when the peer has closed or sent something unasked: a pooled idle connection that must
  /// not be reused.
  [[nodiscard]] bool is_stale() const;

  /// True when something may wait to be read. Asks nobody: false is certain as far as the loop has
  /// been told, true is worth an is_stale().
  [[nodiscard]] bool may_hold_octets() const;

  /// Replaces this plain stream by TLS over it.
  [[nodiscard]] Task<Status> start_tls_server(const TlsServer& tls);
  /// Reads the client's first words with an undecided server: the name it asks for (SNI), empty
  /// when none. continue_tls_server() goes on with the one that is right for it.
  [[nodiscard]] Task<Result<std::string>> read_server_name(const TlsServer& undecided);
  [[nodiscard]] Task<Status> continue_tls_server(const TlsServer& chosen);
  /// Or says why there is none; nothing comes after it.
  [[nodiscard]] Task<void> refuse_tls_server(TlsRefusal why);
  /// `host` is verified against the certificate and sent as SNI. Fails closed; reason "tls",
  /// kCertificateRefused, or kNoCommonProtocol where the server told so. It may also choose nothing
  /// (tls_protocol).
  [[nodiscard]] Task<Status> start_tls_client(const TlsClient& tls, std::string host,
                                              ProtocolOffer offer);

  /// Sends close_notify / FIN for our sending side; reading goes on.
  [[nodiscard]] Task<Status> finish_writing();
  /// Applies to all pending and later operations until changed; Deadline() means none. Granularity
  /// about 50 ms.
  void set_deadline(Deadline deadline);
  /// Ends it now: pending operations answer Cancelled, the socket is closed with a reset.
  /// Idempotent.
  void abort() noexcept;
  /// The same; of joined streams, the other one can ask why.
  void abort(std::uint32_t reason) noexcept;
  /// Of joined streams: nobody is at the other one, whatever of it is still to be read.
  [[nodiscard]] bool has_other_left() const noexcept;
  /// What the other one of joined streams was aborted with, if it was said.
  [[nodiscard]] std::optional<std::uint32_t> reason_of_peer() const noexcept;
  [[nodiscard]] bool is_open() const noexcept;
  [[nodiscard]] bool is_tls() const noexcept;
  /// What ALPN chose (RFC 7301): "h2", "http/1.1", or nothing. A view into the connection.
  [[nodiscard]] std::string_view tls_protocol() const noexcept;
  [[nodiscard]] const Peer& peer() const noexcept;
  [[nodiscard]] int native_handle() const noexcept;
  [[nodiscard]] Loop& loop() const noexcept;

  struct State;

 private:
  explicit Stream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct JoinedStreams {
  Stream one;
  Stream other;
};

}  // namespace strongroom::io
