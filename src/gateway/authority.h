// Authority: a destination that may carry a key. Only Destinations can make one, from the service's
// own hosts or the key's own setting, never from a header that an agent wrote; dialling,
// certificate check, injection and the record take nothing else. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "gateway/refusal.h"
#include "lease/messages.h"

namespace strongroom::gateway {

class Authority {
 public:
  Authority() = default;  ///< no destination
  [[nodiscard]] std::string_view host() const { return {text_.data(), host_size_}; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// "host:port", the name of its pool and of its [[gateway.dial]].
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
  /// What the Host header says: without the port where it is https's own.
  [[nodiscard]] std::string_view host_header() const { return port_ == 443 ? host() : text(); }
  [[nodiscard]] bool is_none() const { return size_ == 0; }

 private:
  friend class Destinations;
  Authority(std::string_view host, std::uint16_t port);
  std::array<char, 264> text_{};
  std::uint16_t size_ = 0;
  std::uint16_t host_size_ = 0;
  std::uint16_t port_ = 0;
};

/// Where a request wants to go, as read from its target.
struct Route {
  const catalog::Service* service = nullptr;
  std::string_view host_name;  ///< after SERVICE@; empty for the default
  std::string_view path;       ///< canonical; a view into the target or into `canonical`
  std::string canonical;       ///< only used where the path was not canonical as sent
  std::string_view query;      ///< without '?'
  bool has_query = false;
  std::string_view link_token;   ///< of a URL that the gateway made itself; empty otherwise
  std::string_view link_target;  ///< path and query after the token, as sent
  std::string_view prefix;  ///< "/SERVICE" or "/SERVICE@HOST" as the client used it; empty when the
                            ///< pass named the service

  /// The rest was a view into a request whose memory is needed elsewhere.
  void keep_path_only() {
    if (path.data() != canonical.data()) canonical = path;
    path = canonical;
    host_name = query = link_token = link_target = prefix = {};
  }
};

/// "host:port" in its parts, the host in lower case. Nothing when it is not one.
struct Place {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
};
[[nodiscard]] std::optional<Place> place_of(std::string_view text);

/// Where an inspected tunnel, or an absolute target, leads, and on whose behalf: found in the
/// session's own list, not in what the agent says of itself.
struct Inspected {
  SessionId session;
  Place place;
  std::string host_header;                        ///< as in a URL: "host", or "host:port"
  std::vector<const catalog::Service*> services;  ///< granted, with keys for this place
  /// Does a Host header, or an SNI, name this place?
  [[nodiscard]] bool is_named_by(std::string_view host) const;
};

class Destinations {
 public:
  explicit Destinations(const catalog::Catalog& catalog) : catalog_(catalog) {}
  /// Reads an origin-form target: /SERVICE[@HOST]/path[?query]. `route` keeps views into `target`.
  [[nodiscard]] std::optional<Refusal> read(std::string_view target, Route& route) const;
  /// The same for a target without a service in front: all of it is the provider's own path of
  /// `service`.
  [[nodiscard]] std::optional<Refusal> read_whole(std::string_view target,
                                                  const catalog::Service& service,
                                                  Route& route) const;
  /// The service's own host, or the host that the key's settings name. None: that host is not the
  /// service's.
  [[nodiscard]] std::optional<Authority> authority_of(const Route& route,
                                                      const lease::Settings& settings) const;
  /// The place, when the session's proxy lease lists it for inspection; no services when it does
  /// not.
  [[nodiscard]] Inspected inspected(const lease::GrantedLease& proxy, Place place) const;
  /// The place, when the session's proxy lease lists it as a plain tunnel.
  [[nodiscard]] static std::optional<Authority> authority_of_tunnel(
      const lease::GrantedLease& proxy, const Place& place);
  /// For a key's check.
  [[nodiscard]] std::optional<Authority> authority_for_check(const catalog::Service& service,
                                                             const lease::Settings& settings) const;
  [[nodiscard]] const catalog::Service* find(std::string_view id) const {
    return catalog_.find(id);
  }
  [[nodiscard]] const catalog::Catalog& catalog() const { return catalog_; }

 private:
  static std::optional<Refusal> keep_path(std::string_view path, Route& route);
  const catalog::Catalog& catalog_;
};

}  // namespace strongroom::gateway
