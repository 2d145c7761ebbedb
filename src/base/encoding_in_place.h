// Encodings that are written where they are to stand, character by character to `put`: no memory of
// their own ever holds what is secret.
//
// Used by: gateway (heads), workroom (variables). Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace strongroom {

/// The credentials of HTTP's Basic (RFC 7617): the base64 of "user:password".
template <class Put>
void put_basic(std::string_view user, ByteView password, const Put& put) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t size = user.size() + 1 + password.size();
  const auto octet = [&](std::size_t at) -> unsigned {
    if (at < user.size()) return static_cast<std::uint8_t>(user[at]);
    if (at == user.size()) return ':';
    return at < size ? password[at - user.size() - 1] : 0;
  };
  for (std::size_t at = 0; at < size; at += 3) {
    const unsigned three = octet(at) << 16U | octet(at + 1) << 8U | octet(at + 2);
    for (unsigned digit = 0; digit < 4; ++digit)
      put(at + digit > size ? '=' : kDigits[(three >> (18U - 6U * digit)) & 63U]);
  }
}

/// Escapes all but RFC 3986 unreserved characters.
template <class Put>
void put_percent_encoded(ByteView octets, const Put& put) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const std::uint8_t c : octets) {
    const bool is_unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                               c == '~';
    if (is_unreserved) {
      put(static_cast<char>(c));
      continue;
    }
    put('%');
    put(kDigits[c >> 4U]);
    put(kDigits[c & 15U]);
  }
}

}  // namespace strongroom
