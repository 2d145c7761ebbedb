// SPDX-License-Identifier: Apache-2.0
#include "gateway/admission.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/secret.h"
#include "base/small_letters.h"
#include "crypto/crypto.h"
#include "http/list.h"

namespace strongroom::gateway {
namespace {

constexpr std::size_t kLeast = 43;  // 256 bits in base64url

char folded(char c) {
  return c == '_' ? '-' : small_letter(c);
}

/// Header names as careless upstreams compare them: letter case ignored, underscore as hyphen.
bool is_same_header(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return folded(x) == folded(y); });
}

bool has_pass_shape(std::string_view text) {
  return text.size() >= kLeast && text.size() <= PresentedPass::kMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
         });
}

/// What follows "scheme " (letter case ignored); empty when it is another scheme.
std::string_view after_scheme(std::string_view value, std::string_view scheme) {
  if (scheme.empty()) return value;
  if (value.size() <= scheme.size() || value[scheme.size()] != ' ' ||
      !http::starts_ignoring_case(value, scheme))
    return {};
  value.remove_prefix(scheme.size() + 1);
  while (value.starts_with(' ')) value.remove_prefix(1);
  return value;
}

/// Collects what looks like a pass. The service's own shape wins over others.
class Candidates {
 public:
  explicit Candidates(const catalog::Service& service) : prefix_(service.pass_prefix) {}
  bool offer(std::string_view text) {
    if (!has_pass_shape(text)) return false;
    const bool is_own = text.starts_with(prefix_) && text.size() == prefix_.size() + kLeast;
    Kind& kind = is_own ? own_ : other_;
    if (kind.first.empty()) kind.first = text;
    if (kind.first != text && kind.second.empty()) kind.second = text;
    return true;
  }
  /// Of one shape; `second` is one that differs.
  struct Kind {
    std::string_view first;
    std::string_view second;
  };
  [[nodiscard]] const Kind& chosen() const { return own_.first.empty() ? other_ : own_; }

 private:
  std::string_view prefix_;
  Kind own_;
  Kind other_;
};

/// Basic decodes into memory of its own, which must outlive the views that are offered from it.
void offer_basic(std::string_view value, ByteVector& decoded, Candidates& candidates) {
  const std::string_view encoded = after_scheme(value, "basic");
  if (encoded.empty() || encoded.size() > 1024 || !decoded.empty()) return;
  auto bytes = from_base64(encoded);
  if (!bytes) return;
  decoded = std::move(*bytes);
  const std::string_view pair = text_of(decoded);
  const auto colon = pair.find(':');
  candidates.offer(pair.substr(0, colon));
  if (colon != std::string_view::npos) candidates.offer(pair.substr(colon + 1));
}

void offer_subprotocols(std::string_view list, std::string_view prefix, Candidates& candidates,
                        Admission& admission) {
  while (!list.empty()) {
    const std::string_view entry = http::take_item(list);
    if (entry.starts_with(prefix) && candidates.offer(entry.substr(prefix.size())))
      admission.subprotocol_entry = entry;
  }
}

/// The last word of a header: what follows a scheme, if there is one.
std::string_view last_word(std::string_view value) {
  const auto blank = value.rfind(' ');
  return blank == std::string_view::npos ? value : value.substr(blank + 1);
}

void offer_header(const http::Header& header, const catalog::Service& service,
                  Candidates& candidates, Admission& admission) {
  // Which header carries the key is a setting of the key, known only with the lease: until then any
  // may (what is elsewhere is refused later).
  if (!service.host_setting.empty() && last_word(header.value).starts_with(service.pass_prefix))
    candidates.offer(last_word(header.value));
  for (const auto& place : service.accept) {
    if (place.slot == catalog::Slot::Header && is_same_header(header.name, place.name))
      candidates.offer(after_scheme(header.value, place.scheme));
    if (place.slot == catalog::Slot::Subprotocol && header.id == http::Name::SecWebSocketProtocol)
      offer_subprotocols(header.value, place.name, candidates, admission);
  }
}

std::optional<Refusal> choose(const Candidates& candidates, Admission& admission,
                              const PresentedPass& last) {
  const auto& [pass, other] = candidates.chosen();
  if (pass.empty()) return Refusal::PassMissing;
  admission.pass = PresentedPass(pass, last);
  if (other.empty()) return std::nullopt;
  admission.other_pass = crypto::sha256(bytes_of(other));
  return Refusal::PassesDiffer;
}

}  // namespace

PresentedPass::PresentedPass(std::string_view text, const PresentedPass& last)
    : size_(std::min(text.size(), kMax)) {
  std::copy_n(text.data(), size_, text_.data());
  const bool is_same = size_ != 0 && size_ == last.size_ &&
                       equal_constant_time(bytes_of(this->text()), bytes_of(last.text()));
  hash_ = is_same ? last.hash_ : crypto::sha256(bytes_of(this->text()));
}

std::string_view parameter_name(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

std::string_view parameter_value(std::string_view parameter) {
  const auto equals = parameter.find('=');
  return equals == std::string_view::npos ? std::string_view() : parameter.substr(equals + 1);
}

bool is_credential_parameter(const catalog::Service& service, std::string_view name) {
  const auto is_named = [&](std::string_view plain) {
    return std::any_of(service.accept.begin(), service.accept.end(),
                       [&](const catalog::Placement& place) {
                         return place.slot == catalog::Slot::Query &&
                                http::equals_ignoring_case(place.name, plain);
                       });
  };
  if (name.find('%') == std::string_view::npos) return is_named(name);
  const auto decoded = percent_decode(name);
  return decoded && is_named(*decoded);
}

bool overrides_request(std::string_view query) {
  bool is_found = false;
  for_each_parameter(query, [&](std::string_view parameter) {
    const auto name = percent_decode(parameter_name(parameter));
    is_found = is_found || (name && (http::equals_ignoring_case(*name, "$httpmethod") ||
                                     http::equals_ignoring_case(*name, "$httpheaders")));
  });
  return is_found;
}

std::optional<Refusal> find_pass(const http::RequestHead& request, const Route& route,
                                 Admission& admission, const PresentedPass& last) {
  const auto& service = *route.service;
  Candidates candidates(service);
  ByteVector basic;
  for (const auto& header : request.headers) {
    offer_header(header, service, candidates, admission);
    if (header.id != http::Name::Authorization) continue;
    candidates.offer(after_scheme(header.value, "bearer"));
    offer_basic(header.value, basic, candidates);
  }
  for_each_parameter(route.query, [&](std::string_view parameter) {
    if (is_credential_parameter(service, parameter_name(parameter)))
      candidates.offer(parameter_value(parameter));
  });
  return choose(candidates, admission, last);
}

std::optional<Refusal> find_pass(std::span<const std::string> offered,
                                 const catalog::Service& service, Admission& admission) {
  Candidates candidates(service);
  for (const auto& each : offered) candidates.offer(each);
  return choose(candidates, admission, {});
}

bool brings_credential(const http::RequestHead& request, const Route& route) {
  const auto& service = *route.service;
  const bool is_in_headers = std::ranges::any_of(request.headers, [&](const http::Header& header) {
    return header.id == http::Name::Authorization ||
           std::ranges::any_of(service.accept, [&](const catalog::Placement& place) {
             return place.slot == catalog::Slot::Header && is_same_header(header.name, place.name);
           });
  });
  bool is_in_query = false;
  for_each_parameter(route.query, [&](std::string_view parameter) {
    is_in_query = is_in_query || is_credential_parameter(service, parameter_name(parameter));
  });
  return is_in_headers || is_in_query;
}

/// "/v2/...": how providers' own paths begin, and no service's name.
static bool begins_with_version(std::string_view target) {
  return target.size() > 2 && target.starts_with("/v") && target[2] >= '0' && target[2] <= '9';
}

std::optional<Refusal> route_by_pass(const Destinations& destinations,
                                     const http::RequestHead& request, Route& route) {
  if (!begins_with_version(request.target)) return Refusal::UnknownService;
  const catalog::Service* named = nullptr;
  for (const auto& [id, service] : destinations.catalog().services()) {
    const bool has_own_kind = service.delivery == catalog::Delivery::Proxied &&
                              service.host_setting.empty() && !service.pass_prefix.empty();
    Route tried;
    Admission admission;
    if (!has_own_kind || destinations.read_whole(request.target, service, tried) ||
        find_pass(request, tried, admission))
      continue;
    const std::string_view pass = admission.pass.text();
    if (!pass.starts_with(service.pass_prefix) ||
        pass.size() != service.pass_prefix.size() + kLeast)
      continue;
    if (named != nullptr) return Refusal::UnknownService;
    named = &service;
  }
  if (named == nullptr) return Refusal::UnknownService;
  return destinations.read_whole(request.target, *named, route);
}

bool is_stripped(const catalog::Service& service, std::string_view inject_name,
                 const http::Header& header) {
  switch (header.id) {
    case http::Name::Authorization:
    case http::Name::ProxyAuthorization:
    case http::Name::ProxyAuthenticate:
    case http::Name::Forwarded:
    case http::Name::XForwardedFor:
    case http::Name::XForwardedHost:
    case http::Name::XForwardedProto:
      return true;
    case http::Name::Other:
      break;
    default:
      return false;
  }
  if (is_same_header(header.name, inject_name)) return true;
  for (const auto& place : service.accept)
    if (place.slot == catalog::Slot::Header && is_same_header(header.name, place.name)) return true;
  // Other spellings of the same, and headers that change the method behind the policy's back
  // (threats.md E1, E10).
  static constexpr std::string_view kNever[] = {"authorization",
                                                "proxy-authorization",
                                                "x-forwarded-for",
                                                "x-forwarded-host",
                                                "x-forwarded-proto",
                                                "forwarded",
                                                "via",
                                                "x-real-ip",
                                                "x-http-method-override",
                                                "x-http-method",
                                                "x-method-override",
                                                "x-original-url",
                                                "x-rewrite-url"};
  return std::any_of(std::begin(kNever), std::end(kNever),
                     [&](std::string_view name) { return is_same_header(header.name, name); });
}

}  // namespace strongroom::gateway
