// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <algorithm>

namespace strongroom {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// The last label of a name in digits (or 0x...) makes resolvers read the whole as an address
/// (threats.md A10).
bool looks_like_address(std::string_view host) {
  const auto dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  if (last.starts_with("0x")) return true;
  return std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_ipv4(std::string_view host) {
  int parts = 0;
  while (parts < 4) {
    const auto dot = host.find('.');
    const std::string_view part = host.substr(0, dot);
    if (part.empty() || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return false;
    int value = 0;
    for (const char c : part) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    if (value > 255) return false;
    ++parts;
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
    if (parts == 4) return false;
  }
  return parts == 4;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

}  // namespace

std::size_t utf8_size(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = octet(0);
  const std::size_t size = first < 0x80                    ? 1
                           : first >= 0xC2 && first < 0xE0 ? 2
                           : (first & 0xF0U) == 0xE0       ? 3
                           : first >= 0xF0 && first < 0xF5 ? 4
                                                           : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((octet(i) & 0xC0U) != 0x80) return 0;
  const bool is_overlong = (first == 0xE0 && octet(1) < 0xA0) || (first == 0xF0 && octet(1) < 0x90);
  const bool is_outside =
      (first == 0xED && octet(1) >= 0xA0) || (first == 0xF4 && octet(1) >= 0x90);
  return is_overlong || is_outside ? 0 : size;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

Result<std::string> checked_name(std::string_view what, std::string_view name) {
  const bool fits = !name.empty() && name.size() <= 64 && is_lower_or_digit(name.front()) &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return is_lower_or_digit(c) || c == '-' || c == '_' || c == '.' || c == '@';
                    });
  if (fits) return std::string(name);
  return fail(Code::Invalid, "the " + std::string(what) +
                                 " must have 1 to 64 characters of a-z, 0-9, '-', '_', '.', '@' "
                                 "and start with a letter or digit");
}

Result<std::string> checked_host(std::string_view host, AddressLiteral literal) {
  const auto wrong = [] {
    return fail(
        Code::Invalid,
        "not a host name: lower-case letters, digits, hyphens and dots, without a trailing dot");
  };
  if (host.empty() || host.size() > 253) return wrong();
  if (literal == AddressLiteral::Allow && is_ipv4(host)) return std::string(host);
  if (looks_like_address(host))
    return fail(Code::Invalid, "an address is not allowed here: give a host name");
  std::string_view rest = host;
  for (;;) {
    const auto dot = rest.find('.');
    if (!is_label(rest.substr(0, dot))) return wrong();
    if (dot == std::string_view::npos) return std::string(host);
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace strongroom
