// Admission: finding the pass in a request, and knowing every place that must be stripped before it
// goes on. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "catalog/service.h"
#include "gateway/authority.h"
#include "gateway/refusal.h"
#include "http/head.h"
#include "lease/messages.h"

namespace strongroom::gateway {

/// The pass as it was presented. Copied: it outlives the request's buffer (an answer may have to
/// name it).
class PresentedPass {
 public:
  static constexpr std::size_t kMax = 200;
  PresentedPass() = default;
  /// `last`: a pass that was presented before; the same one is not hashed again.
  PresentedPass(std::string_view text, const PresentedPass& last);
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
  [[nodiscard]] const lease::PassHash& hash() const { return hash_; }
  /// A link carries the hash alone.
  void set_hash_only(const lease::PassHash& hash) {
    hash_ = hash;
    size_ = 0;
  }

 private:
  std::array<char, kMax> text_{};
  std::size_t size_ = 0;
  lease::PassHash hash_{};
};

struct Admission {
  PresentedPass pass;
  /// Of two different ones that were given, neither of which is good then: the other. Zero: none.
  lease::PassHash other_pass{};
  std::string_view
      subprotocol_entry;  ///< the whole sub-protocol that carried it; a view into the request
};

/// Looks in every place that the service accepts, and in Authorization (Bearer, Basic) always. 1 to
/// 200 characters of [A-Za-z0-9_-], at least 43 of them. Missing: PassMissing; two different ones:
/// PassesDiffer, with both in `admission`. `last` as of PresentedPass.
[[nodiscard]] std::optional<Refusal> find_pass(const http::RequestHead& request, const Route& route,
                                               Admission& admission,
                                               const PresentedPass& last = {});

/// The same among what the members of a websocket's first message hold.
[[nodiscard]] std::optional<Refusal> find_pass(std::span<const std::string> offered,
                                               const catalog::Service& service,
                                               Admission& admission);
/// Is there anything in a place where credentials are, whatever it is?
[[nodiscard]] bool brings_credential(const http::RequestHead& request, const Route& route);

/// For SDKs that lose the path of their base URL ("/v2/scrape"): when exactly one service's own
/// kind of pass stands where that service takes keys, the target is that service's. UnknownService
/// otherwise. (Which key, and whose host, still follow from the pass alone.)
[[nodiscard]] std::optional<Refusal> route_by_pass(const Destinations& destinations,
                                                   const http::RequestHead& request, Route& route);

/// Must this header of the agent go? Credentials of the service in any spelling ('_' for '-', any
/// case), proxy and forwarding headers.
[[nodiscard]] bool is_stripped(const catalog::Service& service, std::string_view inject_name,
                               const http::Header& header);
/// Is this query parameter (its name, percent-decoded) a place for credentials?
[[nodiscard]] bool is_credential_parameter(const catalog::Service& service, std::string_view name);
/// Does it hold a parameter by which Google's servers take another method, or more headers, than
/// the request has ($httpMethod, $httpHeaders)? Rules would be asked about another request, and a
/// Range could come with it.
[[nodiscard]] bool overrides_request(std::string_view query);
/// Calls `each(parameter)` for every part between '&'.
template <class Each>
void for_each_parameter(std::string_view query, Each&& each) {
  while (!query.empty()) {
    const auto end = query.find('&');
    each(query.substr(0, end));
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
}
/// The name of "name=value", and the value.
[[nodiscard]] std::string_view parameter_name(std::string_view parameter);
[[nodiscard]] std::string_view parameter_value(std::string_view parameter);

}  // namespace strongroom::gateway
