// Listening, dialling and name resolution. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/stream.h"

namespace strongroom::io {

/// "127.0.0.1:8700", "[::1]:0" split and checked.
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

/// A bound, listening TCP socket (SO_REUSEADDR, backlog 4096, non-blocking, close-on-exec). The
/// caller owns the descriptor, so that the vault can hand one to each gateway it starts. `bound`
/// tells the port chosen for 0.
struct BoundSocket {
  int fd = -1;
  Endpoint bound;
};
[[nodiscard]] Result<BoundSocket> listen_tcp(const Endpoint& endpoint);
/// Replaces a stale socket file; the file's mode is 0600.
[[nodiscard]] Result<int> listen_unix(const std::string& path);

/// Accepts until the loop ends or the listener is stopped; survives descriptor exhaustion (waits,
/// then goes on). Calls `on_stream` on the loop for each connection.
class Acceptor {
 public:
  Acceptor(Loop& loop, int fd, std::function<void(Stream)> on_stream);
  ~Acceptor();
  void stop();  ///< no further connections; the descriptor is closed

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The reason of a dial that failed as this process, or the machine, has no descriptors left.
inline constexpr std::string_view kNoDescriptors = "no_descriptors";
/// ... as somebody was there and took no connection.
inline constexpr std::string_view kDialRefused = "dial_refused";
/// ... as its name has led nowhere.
inline constexpr std::string_view kNotResolved = "resolve";

enum class PrivateAddresses : bool { Refuse, Allow };

/// What an earlier dial learned: an address as Peer tells it, "192.0.2.1:443", and whether it was
/// of use. Empty: nothing.
struct DialHint {
  std::string address;
  bool has_worked = false;
};

/// Resolves (on helper threads, cached for a short time) and connects (RFC 8305): IPv6 and IPv4 in
/// turn, at most 8 addresses, the next 250 ms after the last or at once when that failed; the first
/// connection wins, the others are closed. All within the deadline. With Refuse, any answer in a
/// private, loopback, link-local, unique-local, CGN, NAT64, 6to4, multicast or unspecified range is
/// left out, and so is one of this machine's own, checked on the very address dialled. The hint
/// only changes the order. Numeric hosts need no resolver.
[[nodiscard]] Task<Result<Stream>> dial_tcp(Loop& loop, std::string host, std::uint16_t port,
                                            PrivateAddresses policy, Deadline deadline,
                                            DialHint hint);
[[nodiscard]] Task<Result<Stream>> dial_tcp(Loop& loop, std::string host, std::uint16_t port,
                                            PrivateAddresses policy, Deadline deadline);
/// May a name be asked of somebody who dials for us? Refused, "private_address", where any of its
/// addresses is one that dial_tcp() leaves out; a name that does not resolve here may be.
[[nodiscard]] Task<Status> check_public(Loop& loop, std::string host, std::uint16_t port,
                                        Deadline deadline);
[[nodiscard]] Task<Result<Stream>> dial_unix(Loop& loop, std::string path);

/// Did no octet of this connection leave the machine? So where it is a Unix socket, or the other
/// end is a loopback address or the very address that was connected to.
[[nodiscard]] bool is_within_machine(int fd) noexcept;

/// A connected pair of Unix stream sockets, close-on-exec.
struct SocketPair {
  int ours = -1;
  int theirs = -1;
};
[[nodiscard]] Result<SocketPair> socket_pair();

}  // namespace strongroom::io
