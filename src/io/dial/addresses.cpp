// SPDX-License-Identifier: Apache-2.0
#include "io/dial/addresses.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace strongroom::io {
namespace {

struct Range4 {
  std::uint32_t network;
  unsigned bits;
};
/// IANA's special-purpose registry for IPv4 (RFC 6890 and updates), multicast, and the one public
/// address at which a platform tells its machines' secrets (Azure's 168.63.129.16).
constexpr std::array<Range4, 17> kRefused4 = {{{0x00000000, 8},
                                               {0x0A000000, 8},
                                               {0x64400000, 10},
                                               {0x7F000000, 8},
                                               {0xA83F8110, 32},
                                               {0xA9FE0000, 16},
                                               {0xAC100000, 12},
                                               {0xC0000000, 24},
                                               {0xC0000200, 24},
                                               {0xC0586300, 24},
                                               {0xC0A80000, 16},
                                               {0xC6120000, 15},
                                               {0xC6336400, 24},
                                               {0xCB007100, 24},
                                               {0xE0000000, 4},
                                               {0xF0000000, 4},
                                               {0xFFFFFFFF, 32}}};

bool is_private4(std::uint32_t address) {
  return std::any_of(kRefused4.begin(), kRefused4.end(), [&](const Range4& range) {
    const std::uint32_t mask = range.bits == 0 ? 0 : ~std::uint32_t{0} << (32U - range.bits);
    return (address & mask) == range.network;
  });
}

/// Only global unicast 2000::/3 is left, without the parts that carry IPv4 or are for documentation
/// and special use.
bool is_private6(const in6_addr& address) {
  const std::uint8_t* octets = address.s6_addr;
  if ((octets[0] & 0xE0U) != 0x20) return true;
  if (octets[0] == 0x20 && octets[1] == 0x02) return true;  // 6to4
  if (octets[0] == 0x20 && octets[1] == 0x01 && octets[2] < 0x02)
    return true;  // 2001::/23: Teredo, ORCHID...
  if (octets[0] == 0x3F && (octets[1] & 0xF0U) == 0xF0) return true;  // documentation, RFC 9637
  return octets[0] == 0x20 && octets[1] == 0x01 && octets[2] == 0x0D &&
         octets[3] == 0xB8;  // documentation
}

}  // namespace

std::string text_of_address(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  if (address.ss_family != AF_INET6) return "unix";
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

bool is_address_literal(std::string_view host) {
  const std::string text(host);
  in6_addr scratch{};
  return ::inet_pton(AF_INET, text.c_str(), &scratch) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &scratch) == 1;
}

bool is_private_address(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    return is_private4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.ss_family != AF_INET6) return true;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof(v6));
  return is_private6(v6.sin6_addr);
}

}  // namespace strongroom::io
