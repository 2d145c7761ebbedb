// SPDX-License-Identifier: Apache-2.0
#include "gateway/authority.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/small_letters.h"
#include "base/utf8.h"
#include "catalog/places.h"
#include "catalog/settings.h"
#include "http/head.h"

namespace strongroom::gateway {
namespace {

constexpr std::string_view kLinkMark = "/~l/";

/// True for a path that canonical_path would leave as it is; most are, and need no copy.
bool is_canonical(std::string_view path) {
  if (path.empty() || path[0] != '/') return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '~' || c == ':' ||
                          c == '@' || c == '=' || c == ',' || c == '+';
    if (is_plain) continue;
    const char next = i + 1 < path.size() ? path[i + 1] : '\0';
    if (c == '/' && next != '/' && next != '.') continue;
    if (c == '.' && i > 0 && path[i - 1] != '/' && path[i - 1] != '.') continue;
    return false;
  }
  return true;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || last != end || port == 0) return std::nullopt;
  return port;
}

}  // namespace

Authority::Authority(std::string_view host, std::uint16_t port) : port_(port) {
  STRONGROOM_CHECK(!host.empty() && host.size() <= 253,
                   "host names are checked where they come in");
  std::memcpy(text_.data(), host.data(), host.size());
  host_size_ = static_cast<std::uint16_t>(host.size());
  text_[host.size()] = ':';
  char* begin = text_.data() + host.size() + 1;
  const auto [end, error] = std::to_chars(begin, text_.data() + text_.size(), port);
  STRONGROOM_CHECK(error == std::errc(), "a port fits");
  size_ = static_cast<std::uint16_t>(end - text_.data());
}

std::optional<Refusal> Destinations::read(std::string_view target, Route& route) const {
  if (target.size() < 2 || target[0] != '/') return Refusal::BadRequest;
  const auto question = target.find('?');
  route.has_query = question != std::string_view::npos;
  route.query = route.has_query ? target.substr(question + 1) : std::string_view();
  std::string_view path = target.substr(0, question);
  const auto slash = path.find('/', 1);
  route.prefix = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view("/") : path.substr(slash);
  std::string_view name = route.prefix.substr(1);
  if (const auto at = name.find('@'); at != std::string_view::npos) {
    route.host_name = name.substr(at + 1);
    name = name.substr(0, at);
    if (route.host_name.empty()) return Refusal::UnknownHost;
  }
  route.service = catalog_.find(name);
  if (route.service == nullptr || route.service->delivery != catalog::Delivery::Proxied)
    return Refusal::UnknownService;
  if (path.starts_with(kLinkMark)) {
    path.remove_prefix(kLinkMark.size());
    const auto end = path.find('/');
    if (end == std::string_view::npos) return Refusal::BadRequest;
    route.link_token = path.substr(0, end);
    path.remove_prefix(end);
    route.link_target = target.substr(static_cast<std::size_t>(path.data() - target.data()));
  }
  return keep_path(path, route);
}

std::optional<Refusal> Destinations::read_whole(std::string_view target,
                                                const catalog::Service& service,
                                                Route& route) const {
  route = Route();
  if (!target.starts_with('/')) return Refusal::BadRequest;
  const auto question = target.find('?');
  route.has_query = question != std::string_view::npos;
  route.query = route.has_query ? target.substr(question + 1) : std::string_view();
  route.service = &service;
  return keep_path(target.substr(0, question), route);
}

std::optional<Refusal> Destinations::keep_path(std::string_view path, Route& route) {
  if (is_canonical(path)) {
    route.path = path;
    return std::nullopt;
  }
  auto canonical = catalog::canonical_path(path);
  if (!canonical) return Refusal::BadRequest;
  route.canonical = std::move(*canonical);
  route.path = route.canonical;
  return std::nullopt;
}

std::optional<Authority> Destinations::authority_of(const Route& route,
                                                    const lease::Settings& settings) const {
  const auto& service = *route.service;
  if (!service.host_setting.empty()) {
    const auto host = checked_host(catalog::setting_of(settings, service.host_setting));
    if (!host || !route.host_name.empty()) return std::nullopt;
    const std::string_view wanted = catalog::setting_of(settings, "port");
    const auto port = wanted.empty() ? std::optional(service.port) : port_of(wanted);
    if (!port) return std::nullopt;
    return Authority(*host, *port);
  }
  if (route.host_name.empty()) return Authority(service.hosts.front(), service.port);
  const auto found = std::find(service.hosts.begin(), service.hosts.end(), route.host_name);
  if (found == service.hosts.end()) return std::nullopt;
  return Authority(*found, service.port);
}

std::optional<Place> place_of(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = port_of(text.substr(colon + 1));
  if (!port) return std::nullopt;
  Place place;
  place.port = *port;
  std::string_view host = text.substr(0, colon);
  // Brackets are for addresses with colons in them: around a name they would be a second spelling.
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']') && host.contains(':');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.size() > 253) return std::nullopt;
  place.host = in_small_letters(std::string(host));
  return place;
}

bool Inspected::is_named_by(std::string_view host) const {
  const auto named = place_of(host);
  if (named) return named->host == place.host && named->port == place.port;
  return place.port == 443 && http::equals_ignoring_case(host, place.host);
}

namespace {

std::string text_of_place(const Place& place) {
  return place.host + ":" + std::to_string(place.port);
}

}  // namespace

Inspected Destinations::inspected(const lease::GrantedLease& proxy, Place place) const {
  Inspected out;
  out.session = proxy.session;
  const std::string wanted = " " + text_of_place(place);
  for (const auto& [name, value] : proxy.settings) {
    if (name != "inspect" || !value.ends_with(wanted)) continue;
    const auto* service = catalog_.find(value.substr(0, value.size() - wanted.size()));
    if (service != nullptr && service->delivery == catalog::Delivery::Proxied)
      out.services.push_back(service);
  }
  out.host_header = place.port == 443 ? place.host : text_of_place(place);
  out.place = std::move(place);
  return out;
}

std::optional<Authority> Destinations::authority_of_tunnel(const lease::GrantedLease& proxy,
                                                           const Place& place) {
  const std::string wanted = text_of_place(place);
  for (const auto& [name, value] : proxy.settings)
    if (name == "tunnel" && value == wanted) return Authority(place.host, place.port);
  return std::nullopt;
}

std::optional<Authority> Destinations::authority_for_check(const catalog::Service& service,
                                                           const lease::Settings& settings) const {
  const auto place = catalog::place_of_check(service, settings);
  if (!place) return std::nullopt;
  const auto host = checked_host(place->host);
  const auto port = port_of(place->port);
  if (!host || !port) return std::nullopt;
  return Authority(*host, *port);
}

}  // namespace strongroom::gateway
