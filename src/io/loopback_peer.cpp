// The kernel is asked for the one socket by its addresses (sock_diag(7)), which costs the same
// however many others there are. SPDX-License-Identifier: Apache-2.0
#include "io/loopback_peer.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "io/socket_tables.h"

namespace strongroom::io {
namespace {

/// The same in every network namespace. A socket that is bound to it is found with it alone, one
/// that is bound to none with any.
constexpr std::uint32_t kLoopbackDevice = 1;
constexpr std::uint32_t kAnyState = 0xFFFFFFFF;

std::optional<SocketEnd> end_of(const sockaddr_storage& from) {
  SocketEnd out;
  if (from.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(from);
    return SocketEnd{six.sin6_addr, six.sin6_port};
  }
  if (from.ss_family != AF_INET) return std::nullopt;
  const auto& four = reinterpret_cast<const sockaddr_in&>(from);
  out.address.s6_addr[10] = out.address.s6_addr[11] = 0xff;
  std::memcpy(&out.address.s6_addr[12], &four.sin_addr, sizeof(four.sin_addr));
  out.port = four.sin_port;
  return out;
}

bool is_four(const SocketEnd& end) {
  return IN6_IS_ADDR_V4MAPPED(&end.address) != 0;
}

/// A socket of both families is found as one of IPv4, too.
void put(const SocketEnd& end, std::uint32_t (&address)[4]) {
  std::memcpy(address, &end.address, sizeof(address));
  if (!is_four(end)) return;
  address[0] = address[3];
  address[1] = address[2] = address[3] = 0;
}

bool is_at(const SocketEnd& end, int family, const std::uint32_t (&address)[4], in_port_t port) {
  std::array<std::uint32_t, 4> wanted{};
  std::memcpy(wanted.data(), &end.address, sizeof(wanted));
  if (end.port != port) return false;
  if (family == AF_INET) return is_four(end) && address[0] == wanted[3];
  return std::equal(wanted.begin(), wanted.end(), address);
}

struct Question {
  nlmsghdr header{};
  inet_diag_req_v2 body{};
};

Question question_of(const SocketEnd& local, const SocketEnd& remote) {
  Question out;
  out.header.nlmsg_len = sizeof(out);
  out.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  out.header.nlmsg_flags = NLM_F_REQUEST;
  out.body.sdiag_family = is_four(local) ? AF_INET : AF_INET6;
  out.body.sdiag_protocol = IPPROTO_TCP;
  out.body.idiag_states = kAnyState;
  out.body.id.idiag_if = kLoopbackDevice;
  out.body.id.idiag_cookie[0] = out.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  out.body.id.idiag_sport = local.port;
  out.body.id.idiag_dport = remote.port;
  put(local, out.body.id.idiag_src);
  put(remote, out.body.id.idiag_dst);
  return out;
}

/// Nothing, too, where the kernel tells of another socket, such as one that listens at that port,
/// or of what is left of a connection when its socket is gone: that is nobody's.
std::optional<LoopbackPeer> read_answer(ByteView octets, const SocketEnd& local,
                                        const SocketEnd& remote) {
  nlmsghdr header{};
  inet_diag_msg body{};
  if (octets.size() < sizeof(header) + sizeof(body)) return std::nullopt;
  std::memcpy(&header, octets.data(), sizeof(header));
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;
  std::memcpy(&body, octets.data() + sizeof(header), sizeof(body));
  const bool is_it = is_at(local, body.idiag_family, body.id.idiag_src, body.id.idiag_sport) &&
                     is_at(remote, body.idiag_family, body.id.idiag_dst, body.id.idiag_dport) &&
                     body.idiag_state != TCP_LISTEN;
  if (!is_it || body.idiag_inode == 0) return std::nullopt;
  return LoopbackPeer{body.idiag_uid, body.idiag_inode};
}

/// The kernel has answered by the time that the question is sent: nothing waits here.
std::optional<LoopbackPeer> ask(const SocketEnd& local, const SocketEnd& remote) {
  const int fd = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd < 0) return std::nullopt;
  const Question question = question_of(local, remote);
  // As large as no answer is; octets of it are read as the structures that they are.
  std::array<std::uint8_t, 1024> answer{};
  ssize_t got = -1;
  if (::send(fd, &question, sizeof(question), MSG_DONTWAIT) == ssize_t{sizeof(question)})
    got = ::recv(fd, answer.data(), answer.size(), MSG_DONTWAIT);
  ::close(fd);
  if (got <= 0) return std::nullopt;
  return read_answer(ByteView(answer).first(static_cast<std::size_t>(got)), local, remote);
}

/// A kernel without inet_diag says of every socket that there is none. Our own end there is; once
/// it was found, nobody can make us read the tables.
bool can_ask(const SocketEnd& ours, const SocketEnd& theirs) {
  static std::atomic<bool> has_answered = false;
  if (!has_answered && ask(ours, theirs)) has_answered = true;
  return has_answered;
}

struct Ends {
  SocketEnd ours;
  SocketEnd theirs;
};

std::optional<Ends> ends_of(int fd) {
  sockaddr_storage ours{};
  sockaddr_storage theirs{};
  socklen_t size = sizeof(ours);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&ours), &size) != 0) return std::nullopt;
  size = sizeof(theirs);
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&theirs), &size) != 0) return std::nullopt;
  const auto our_end = end_of(ours);
  const auto their_end = end_of(theirs);
  if (!our_end || !their_end) return std::nullopt;
  return Ends{*our_end, *their_end};
}

}  // namespace

std::optional<LoopbackPeer> loopback_peer(int fd) {
  const auto ends = ends_of(fd);
  if (!ends) return std::nullopt;
  if (const auto peer = ask(ends->theirs, ends->ours)) return peer;
  if (can_ask(ends->ours, ends->theirs)) return std::nullopt;
  return find_in_tables(ends->theirs, ends->ours);
}

bool knows_loopback_peers(int fd) {
  const auto ends = ends_of(fd);
  return ends && (can_ask(ends->ours, ends->theirs) || find_in_tables(ends->ours, ends->theirs));
}

}  // namespace strongroom::io
