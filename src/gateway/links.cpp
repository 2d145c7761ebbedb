// SPDX-License-Identifier: Apache-2.0
#include "gateway/links.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/small_letters.h"
#include "crypto/crypto.h"
#include "http/head.h"

namespace strongroom::gateway {
namespace {

constexpr std::size_t kTag = 16;

/// How an absolute URL begins, and the port it need not name.
struct Scheme {
  std::string_view start;
  std::string_view port;
  bool is_websocket = false;
};
/// Providers are reached by TLS alone: from here a plain link to one leads there by TLS, too, where
/// by itself it would take the agent's pass over the network in the clear.
constexpr Scheme kSchemes[] = {{"https://", ":443"},
                               {"wss://", ":443", true},
                               {"http://", ":80"},
                               {"ws://", ":80", true},
                               {"//", ":443"}};  // that of the page, which was https

/// Schemes are the same in any letters (RFC 3986 6.2.2.1).
const Scheme* scheme_of(std::string_view url) {
  const auto* found = std::ranges::find_if(
      kSchemes, [&](const Scheme& each) { return http::starts_ignoring_case(url, each.start); });
  return found == std::end(kSchemes) ? nullptr : found;
}

}  // namespace

std::string Links::token(const lease::PassHash& pass, std::string_view service,
                         std::string_view host, std::string_view path_and_query) const {
  ByteVector message;
  Writer writer(message);
  writer.text("strongroom link");
  writer.raw(pass);
  writer.text(service);
  writer.text(host);
  writer.text(path_and_query);
  const auto digest = crypto::hmac_sha256(key_, message);
  ByteVector out(pass.begin(), pass.end());
  out.insert(out.end(), digest.begin(), digest.begin() + kTag);
  return to_base64url(out);
}

std::optional<std::string> Links::rewrite(std::string_view url, const Base& base,
                                          const catalog::Service& service, std::string_view host,
                                          const lease::PassHash& pass, Carries carries) const {
  // There the client follows it to where it stands, with its pass: paths are what some go by.
  if (base.is_by_their_names && carries == Carries::Pass) return std::nullopt;
  const Scheme* const given = scheme_of(url);
  if (given == nullptr) return std::nullopt;
  const std::string_view rest = url.substr(given->start.size());
  const auto slash = rest.find_first_of("/?#");
  std::string authority = in_small_letters(std::string(rest.substr(0, slash)));
  if (authority.ends_with(given->port)) authority.resize(authority.size() - given->port.size());
  const bool is_ours = authority == host || std::find(service.hosts.begin(), service.hosts.end(),
                                                      authority) != service.hosts.end();
  if (!is_ours) return std::nullopt;
  std::string path_and_query =
      slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
  if (path_and_query[0] != '/') path_and_query.insert(0, "/");
  if (const auto fragment = path_and_query.find('#'); fragment != std::string::npos)
    path_and_query.resize(fragment);
  const bool is_secure = base.scheme == "https://";
  const std::string_view scheme = !given->is_websocket ? base.scheme
                                  : is_secure          ? std::string_view("wss://")
                                                       : std::string_view("ws://");
  std::string out = std::string(scheme).append(base.host).append("/").append(service.id);
  const bool is_default = service.hosts.empty() || authority == service.hosts.front();
  if (!is_default) out.append("@").append(authority);
  if (carries == Carries::Token) out += "/~l/" + token(pass, service.id, authority, path_and_query);
  return out + path_and_query;
}

std::optional<lease::PassHash> Links::open(std::string_view text, const catalog::Service& service,
                                           std::string_view host,
                                           std::string_view path_and_query) const {
  const auto bytes = from_base64url(text);
  lease::PassHash pass{};
  if (!bytes || bytes->size() != pass.size() + kTag) return std::nullopt;
  std::copy_n(bytes->begin(), pass.size(), pass.begin());
  const std::string expected = token(pass, service.id, host, path_and_query);
  if (!equal_constant_time(bytes_of(expected), bytes_of(text))) return std::nullopt;
  return pass;
}

}  // namespace strongroom::gateway
