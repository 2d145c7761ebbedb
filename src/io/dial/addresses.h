// Addresses: text, and which ones a dial to a provider may never reach (threats.md G1).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <string>
#include <string_view>

namespace strongroom::io {

[[nodiscard]] std::string text_of_address(const sockaddr_storage& address);
/// A numeric IPv4 or IPv6 address, without brackets.
[[nodiscard]] bool is_address_literal(std::string_view host);
/// Loopback, private, link-local, unique-local, shared (CGN), multicast, unspecified,
/// documentation, benchmarking, reserved, platforms' metadata, and every IPv6 form that carries an
/// IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) of such a range, or at all.
[[nodiscard]] bool is_private_address(const sockaddr_storage& address);

}  // namespace strongroom::io
