// The kernel is asked for the route (rtnetlink(7)): that knows every address of every interface,
// second ones and whole ranges that are local among them, and no list grows old.
// SPDX-License-Identifier: Apache-2.0
#include "io/dial/own_addresses.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace strongroom::io {
namespace {

struct Question {
  nlmsghdr header{};
  rtmsg route{};
  rtattr attribute{};
  std::array<std::uint8_t, sizeof(in6_addr)> destination{};
};

/// Those of the address alone; it has one of the two families.
ByteView octets_of(const sockaddr_storage& address) {
  const auto& six = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  const auto& four = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (address.ss_family == AF_INET6)
    return {reinterpret_cast<const std::uint8_t*>(&six), sizeof(six)};
  return {reinterpret_cast<const std::uint8_t*>(&four), sizeof(four)};
}

Question question_of(const sockaddr_storage& address) {
  Question out;
  const ByteView octets = octets_of(address);
  const std::size_t size = octets.size();
  std::ranges::copy(octets, out.destination.begin());
  out.attribute.rta_type = RTA_DST;
  out.attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
  out.route.rtm_family = static_cast<std::uint8_t>(address.ss_family);
  out.route.rtm_dst_len = static_cast<std::uint8_t>(size * 8);
  out.header.nlmsg_type = RTM_GETROUTE;
  out.header.nlmsg_flags = NLM_F_REQUEST;
  out.header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof(rtmsg)) + RTA_LENGTH(size));
  return out;
}

/// Nothing where netlink is closed to this process.
std::optional<bool> by_route(const sockaddr_storage& address) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return std::nullopt;
  const Question question = question_of(address);
  std::array<std::uint8_t, 2048> answer{};
  const auto size = static_cast<ssize_t>(question.header.nlmsg_len);
  ssize_t got = -1;
  // The kernel has answered by the time that the question is sent: nothing waits here.
  if (::send(fd, &question, question.header.nlmsg_len, MSG_DONTWAIT) == size)
    got = ::recv(fd, answer.data(), answer.size(), MSG_DONTWAIT);
  ::close(fd);
  nlmsghdr header{};
  rtmsg route{};
  if (got < static_cast<ssize_t>(sizeof(header))) return std::nullopt;
  std::memcpy(&header, answer.data(), sizeof(header));
  if (header.nlmsg_type != RTM_NEWROUTE) return false;  // there is no way there
  if (got < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(route)))) return std::nullopt;
  std::memcpy(&route, answer.data() + NLMSG_HDRLEN, sizeof(route));
  return route.rtm_type == RTN_LOCAL;
}

}  // namespace

bool is_own_address(const sockaddr_storage& address) {
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return false;
  const auto said = by_route(address);
  return said ? *said : is_own_by_source(address);
}

bool is_own_by_source(const sockaddr_storage& address) {
  const int fd = ::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_storage source{};
  socklen_t size = sizeof(source);
  const bool has_source =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&source), &size) == 0;
  ::close(fd);
  return has_source && std::ranges::equal(octets_of(address), octets_of(source));
}

}  // namespace strongroom::io
