// The kernel is asked for the route (rtnetlink(7)): that knows every address of every interface,
// second ones and whole ranges that are local among them, and no list grows old.
// SPDX-License-Identifier: Apache-2.0
#include "io/dial/own_addresses.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <unistd.h>
#include <array>
#include <cstdint>
#include <cstring>

namespace strongroom::io {
namespace {

struct Question {
  nlmsghdr header{};
  rtmsg route{};
  rtattr attribute{};
  std::array<std::uint8_t, sizeof(in6_addr)> destination{};
};

Question question_of(const sockaddr_storage& address) {
  Question out;
  const bool is_six = address.ss_family == AF_INET6;
  const std::size_t size = is_six ? sizeof(in6_addr) : sizeof(in_addr);
  const void* const octets =
      is_six ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
             : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  std::memcpy(out.destination.data(), octets, size);
  out.attribute.rta_type = RTA_DST;
  out.attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
  out.route.rtm_family = static_cast<std::uint8_t>(address.ss_family);
  out.route.rtm_dst_len = static_cast<std::uint8_t>(size * 8);
  out.header.nlmsg_type = RTM_GETROUTE;
  out.header.nlmsg_flags = NLM_F_REQUEST;
  out.header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(sizeof(rtmsg)) + RTA_LENGTH(size));
  return out;
}

}  // namespace

bool is_own_address(const sockaddr_storage& address) {
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return false;
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return false;
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
  if (got < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(route)))) return false;
  std::memcpy(&header, answer.data(), sizeof(header));
  std::memcpy(&route, answer.data() + NLMSG_HDRLEN, sizeof(route));
  return header.nlmsg_type == RTM_NEWROUTE && route.rtm_type == RTN_LOCAL;
}

}  // namespace strongroom::io
