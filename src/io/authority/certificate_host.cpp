// SPDX-License-Identifier: Apache-2.0
#include "io/authority/certificate_host.h"

#include <arpa/inet.h>
#include <algorithm>
#include <array>
#include <optional>

#include "base/small_letters.h"

namespace strongroom::io {
namespace {

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLongestLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::ranges::all_of(
      label, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; });
}

/// Clients read a name that ends so as an IPv4 address in one of its old spellings.
bool is_number(std::string_view label) {
  if (std::ranges::all_of(label, is_digit)) return true;
  return label.starts_with("0x") && std::ranges::all_of(label.substr(2), is_hex_digit);
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return false;
  for (;;) {
    const auto dot = name.find('.');
    const auto label = name.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !is_number(label);
    name.remove_prefix(dot + 1);
  }
}

std::optional<std::string> address_of(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> octets{};
  std::array<char, INET6_ADDRSTRLEN> out{};
  for (const int family : {AF_INET, AF_INET6})
    if (::inet_pton(family, text.c_str(), octets.data()) == 1 &&
        ::inet_ntop(family, octets.data(), out.data(), out.size()) != nullptr)
      return std::string(out.data());
  return std::nullopt;
}

}  // namespace

Result<CertificateHost> certificate_host(std::string_view host) {
  std::string text = in_small_letters(std::string(host.substr(0, kLongestName + 1)));
  if (is_host_name(text)) return CertificateHost{std::move(text), false};
  // A NUL would end the text for inet_pton.
  const bool is_text = text.find('\0') == std::string::npos;
  if (auto address = is_text ? address_of(text) : std::nullopt)
    return CertificateHost{std::move(*address), true};
  return fail(Code::Invalid, "This is no host that a certificate may name.", "host_not_nameable");
}

}  // namespace strongroom::io
