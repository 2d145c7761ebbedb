// SPDX-License-Identifier: Apache-2.0
#include "api/relying_party.h"

#include <algorithm>
#include <string_view>

#include "base/small_letters.h"

namespace strongroom::api {
namespace {

bool is_domain(std::string_view host) {
  const std::string_view last = host.substr(host.rfind('.') + 1);
  const bool is_plain = std::ranges::all_of(host, [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '-' ||
           each == '.';
  });
  // The last label of an address in figures is a number.
  return is_plain && !last.empty() &&
         std::ranges::any_of(last, [](char each) { return each < '0' || each > '9'; });
}

bool is_default_port(std::string_view scheme, std::string_view port) {
  return port.empty() || (scheme == "https" ? port == ":443" : port == ":80");
}

}  // namespace

Result<vault::RelyingParty> relying_party_of(const std::string& console_url) {
  const auto unavailable = [&] {
    return fail(Code::Conflict,
                "Passkeys need an address with a name and TLS; this console's is '" + console_url +
                    "': set console_url to one.",
                "passkeys_unavailable");
  };
  const std::string text = in_small_letters(console_url);
  const auto start = text.find("://");
  if (start == std::string::npos) return unavailable();
  const std::string scheme = text.substr(0, start);
  std::string authority = text.substr(start + 3);
  authority.resize(std::min(authority.find_first_of("/?#"), authority.size()));
  const auto bracket = authority.rfind(']');
  const auto colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  std::string host = authority.substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : authority.substr(colon);
  if (host == "127.0.0.1" || host == "[::1]") host = "localhost";
  const bool is_local = host == "localhost" || host.ends_with(".localhost");
  if (!is_domain(host) || !(scheme == "https" || (scheme == "http" && is_local)))
    return unavailable();
  return vault::RelyingParty{host,
                             scheme + "://" + host + (is_default_port(scheme, port) ? "" : port)};
}

}  // namespace strongroom::api
