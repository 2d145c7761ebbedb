// SPDX-License-Identifier: Apache-2.0
#include "catalog/https_url.h"

#include <algorithm>
#include <charconv>

#include "base/utf8.h"

namespace strongroom::catalog {
namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::size_t kLongest = 512;
constexpr unsigned kLastPort = 65'535;

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port <= kLastPort;
}

}  // namespace

Result<HttpsUrl> parse_https_url(std::string_view text) {
  const auto wrong = [](const char* why) {
    return fail(Code::Invalid, std::string("an address ") + why);
  };
  const bool is_visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  if (!text.starts_with(kScheme)) return wrong("begins with https://");
  if (text.size() > kLongest || !is_visible) return wrong("has at most 512 visible characters");
  if (text.find_first_of("#\\\"") != text.npos) return wrong("has no fragment and no quote");
  text.remove_prefix(kScheme.size());
  const std::string_view place = text.substr(0, text.find_first_of("/?"));
  if (place.find('@') != place.npos) return wrong("names no user");
  const auto colon = place.find(':');
  auto host = checked_host(place.substr(0, colon));
  if (!host) return wrong("names a host");
  const std::string_view port = colon == place.npos ? "443" : place.substr(colon + 1);
  if (!is_port(port)) return wrong("has a port of 1 to 65535");
  HttpsUrl url;
  url.authority = *host + ":" + std::string(port);
  url.host = std::move(*host);
  url.target = text.substr(place.size());
  if (url.target.empty() || url.target.front() != '/') url.target.insert(0, 1, '/');
  return url;
}

}  // namespace strongroom::catalog
