// SPDX-License-Identifier: Apache-2.0
#include "app/upstream_proxy_setting.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "io/net.h"
#include "lease/limits.h"

namespace strongroom::app {
namespace {

constexpr std::string_view kScheme = "http://";

int digit_of(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const char lower = c >= 'A' && c <= 'F' ? static_cast<char>(c + ('a' - 'A')) : c;
  const auto at = kDigits.find(lower);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

/// Nothing for what is no percent-encoding, or could not stand in a credential (RFC 7617 2).
std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit_of(text[i + 1]);
      const int low = digit_of(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    out += c;
  }
  return out;
}

/// Nothing when it is malformed; an empty Secret when there is none.
std::optional<Secret> credentials_of(std::string_view part) {
  const auto colon = part.find(':');
  const auto user = decoded(part.substr(0, colon));
  auto password =
      decoded(colon == std::string_view::npos ? std::string_view() : part.substr(colon + 1));
  if (!user || user->empty() || user->find(':') != std::string::npos || !password)
    return std::nullopt;
  std::string pair = *user + ":" + *password;
  std::string text = to_base64(bytes_of(std::string_view(pair)));
  Secret out(bytes_of(std::string_view(text)));
  for (std::string* each : {&pair, &text, &*password}) wipe(each->data(), each->size());
  return out;
}

}  // namespace

Result<lease::UpstreamProxy> upstream_proxy_of(std::string_view url,
                                               const std::vector<std::string>& no_proxy) {
  lease::UpstreamProxy out;
  out.no_proxy = no_proxy;
  if (no_proxy.size() > lease::kMaxNoProxy)
    return fail(Code::Invalid, "[gateway] no_proxy has at most 256 entries");
  for (const auto& entry : no_proxy)
    if (entry.empty() || entry == "." || std::ranges::any_of(entry, [](char c) {
          return c == '*' || c == '/' || c == ' ' || (c >= 'A' && c <= 'Z');
        }))
      return fail(Code::Invalid,
                  "[gateway] no_proxy: an entry is a host in lower case, or .DOMAIN for all below");
  if (url.empty()) return out;
  const auto wrong = [] {
    return fail(Code::Invalid,
                "[gateway] upstream_proxy is http://[USER:PASSWORD@]HOST:PORT, where USER and "
                "PASSWORD are percent-encoded");
  };
  if (!url.starts_with(kScheme)) return wrong();
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    auto credentials = credentials_of(rest.substr(0, at));
    if (!credentials) return wrong();
    out.basic_credentials = std::move(*credentials);
    rest.remove_prefix(at + 1);
  }
  const auto endpoint = io::parse_endpoint(rest);
  if (!endpoint || endpoint->port == 0 || rest.find('/') != std::string_view::npos) return wrong();
  out.host = endpoint->host;
  out.port = endpoint->port;
  return out;
}

}  // namespace strongroom::app
