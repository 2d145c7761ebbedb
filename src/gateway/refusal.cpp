// SPDX-License-Identifier: Apache-2.0
#include "gateway/refusal.h"

#include <iterator>

#include "base/json.h"
#include "io/authority/leaf_mint.h"
#include "io/tls/tls.h"

namespace strongroom::gateway {
namespace {

struct Described {
  Refusal refusal;
  RefusalText text;
};
using enum Refusal;
constexpr Described kTexts[] = {
    {BadRequest,
     {400, "bad_request", "The request is malformed or ambiguous.",
      "Send one well-formed request; nothing is repaired here."}},
    {HeadTooLarge,
     {431, "too_large", "The request's head is too large.",
      "A head has at most 32 KiB and 96 headers."}},
    {TargetTooLong,
     {414, "too_large", "The request's target is too long.", "A target has at most 16 KiB."}},
    {VersionUnsupported,
     {505, "bad_request", "This HTTP version is not spoken here.", "Use HTTP 1.1."}},
    {NotImplemented,
     {501, "bad_request", "This transfer coding is not understood.",
      "Use chunked or Content-Length."}},
    {MethodNotAllowed,
     {405, "method_not_allowed", "This method is not carried.",
      "Write methods in capitals; TRACE, and CONNECT within a tunnel, are not carried."}},
    {UnknownService,
     {404, "unknown_service", "No service of that name.",
      "The first part of the path is the service, as in the session's base URL variables."}},
    {UnknownHost,
     {404, "unknown_host", "That host is not one of the service's.",
      "After SERVICE@ only a host that the catalogue lists for the service is allowed."}},
    {PassMissing,
     {401, "pass_missing", "No pass was given where this service takes a key.",
      "Use the variables that the session set, unchanged."}},
    {PassUnknown,
     {401, "pass_unknown", "This pass is not known.",
      "Passes are good for one session; use the variables that this session set."}},
    {PassWrongService,
     {403, "pass_wrong_service", "This pass belongs to another service.",
      "Each service of a session has a pass of its own."}},
    {PassMisplaced,
     {400, "pass_misplaced",
      "The pass stands where this service takes no key, so the request was not sent.",
      "Send it only where the provider's SDK sends its key."}},
    {RequestEncoding,
     {415, "request_encoding",
      "The request's body is encoded in a way that cannot be decoded, and so not searched.",
      "gzip, deflate, br and zstd are decoded, one at a time and whole; or send it plain."}},
    {PassesDiffer, {400, "pass_misplaced", "Two different passes were given.", "Send one."}},
    {KeyRevoked,
     {403, "key_revoked", "The key behind this pass was revoked.",
      "Ask whoever manages your keys to connect a new one."}},
    {KeyExpired,
     {403, "key_expired", "The time of the key behind this pass is over.",
      "Ask whoever manages your keys to put a new value in its place."}},
    {NeedsLogin,
     {403, "needs_login", "The login behind this pass is over.",
      "Its member logs in again: 'strongroom key connect', or in the console."}},
    {SessionEnded, {403, "session_ended", "This session has ended.", "Start a new one."}},
    {SessionExpired, {403, "session_expired", "This session's time is over.", "Start a new one."}},
    {PathDenied,
     {403, "denied_path", "This route is closed: it would hand out or change credentials.",
      "See the service's file in the catalogue for why."}},
    {PathNotOpened,
     {403, "denied_path",
      "This route is closed here: what it begins outlives the session, or leads past the gateway.",
      "Whoever manages your keys can open it: 'strongroom policy set --open'."}},
    {PolicyDenied,
     {403, "denied_path", "A policy does not allow this method and path for this key.",
      "Ask whoever manages your keys; 'strongroom policy list' shows the rules."}},
    {CostHidden,
     {403, "denied_path",
      "A budget holds for this key, and this request leaves what it costs out of the answer.",
      "Ask for the whole answer in JSON: without 'fields', a field mask, a callback or "
      "'alt=proto'."}},
    {NotGranted,
     {403, "not_granted", "This session was not granted this service.",
      "Start the session with this service as well."}},
    {NotConnected,
     {403, "not_connected", "No key of this service is connected for whom this session runs.",
      "A person connects the service, then a new session can be granted it."}},
    {RateLimited,
     {429, "rate_limited", "The limit of requests a minute is reached.",
      "Wait as long as Retry-After says.", "requests_per_minute"}},
    {TooManyAtOnce,
     {429, "rate_limited", "As many requests are under way as may be at once.",
      "Let one end first.", "concurrent"}},
    {BytesSpent,
     {429, "budget_spent", "The octets of this day are spent.",
      "Wait for the next day (UTC), or ask whoever manages your keys for more.", "bytes_per_day"}},
    {BudgetSpent,
     {429, "budget_spent", "The budget of this day is spent, or what is under way may spend it.",
      "Wait as long as Retry-After says, or ask whoever manages your keys for more.", "budget"}},
    {TenantBusy,
     {429, "tenant_busy", "Too many requests of this tenant are under way in this gateway.",
      "Let some end first; try again in a moment.", "tenant_exchanges"}},
    {UpstreamUnreachable,
     {502, "upstream_unreachable", "The provider cannot be reached.", "Try again later."}},
    {UpstreamPrivateAddress,
     {502, "upstream_unreachable",
      "The provider's name leads to a private address, or to this machine: neither is dialled.",
      "Name it under [[gateway.dial]] if that is meant."}},
    {UpstreamTls,
     {502, "upstream_tls", "The provider's certificate was not accepted.",
      "If it is an inside mirror, set [gateway] extra_ca."}},
    {UpstreamProtocol,
     {502, "upstream_protocol", "The provider's answer was malformed or cut short.",
      "Try again later."}},
    {UpstreamTimeout,
     {504, "upstream_timeout", "The provider did not answer in time.", "Try again later."}},
    {UpstreamEncoding,
     {502, "upstream_encoding",
      "The provider's answer is encoded in a way that cannot be decoded, and so not searched.",
      "Ask for it without Content-Encoding; the gateway asks for none itself."}},
    {KeyEchoed,
     {502, "key_echoed", "The provider's answer held the key, so it was withheld.",
      "A policy wants such answers cut; tell whoever manages your keys."}},
    {VaultUnavailable,
     {503, "vault_unavailable", "The vault does not answer, so no key can be used.",
      "Try again in a moment."}},
    {RecordUnavailable,
     {503, "record_unavailable", "The use could not be recorded, so the answer is withheld.",
      "Tell the operator: the record's disk may be full."}},
    {Draining, {503, "draining", "This gateway is stopping.", "Try again in a moment."}},
    {ProxyAuthRequired,
     {407, "proxy_auth_required", "The proxy does not know this session.",
      "Use the proxy variables that the session set, unchanged."}},
    {HostNotGranted,
     {403, "not_granted", "Nothing of this session leads to that host.",
      "Start the session with a service of that host, or connect one first."}},
    {HostMismatch,
     {400, "host_mismatch", "The request names another host than its tunnel.",
      "Open a tunnel of its own for each host."}},
    {PlainTarget, {400, "https_required", "A key is never sent without TLS.", "Use https://."}},
    {TlsRequired,
     {403, "tls_required",
      "From another machine the gateway is spoken to over TLS only: what this request carried has "
      "crossed the network in the clear.",
      "Use https:// with the gateway's own authority, and end this session: its passes may have "
      "been read."}},
    {ProxyElsewhere,
     {403, "proxy_elsewhere", "This proxy credential is in use from elsewhere.",
      "It is good only where it was used first; start a session of its own for each place."}},
    {TooManyHosts,
     {429, "rate_limited", "This session opens tunnels to too many hosts at once.",
      "Wait as long as Retry-After says.", "hosts"}},
    {Internal, {500, "internal", "The gateway failed.", "Tell the operator."}},
};

/// Every refusal has its text, in its place.
constexpr bool is_in_order() {
  for (std::size_t i = 0; i < std::size(kTexts); ++i)
    if (static_cast<std::size_t>(kTexts[i].refusal) != i) return false;
  return std::size(kTexts) == kRefusals;
}
static_assert(is_in_order());

}  // namespace

const RefusalText& describe(Refusal refusal) {
  return kTexts[static_cast<std::size_t>(refusal)].text;
}

std::string refusal_body(const RefusalText& text, const RefusalDetail& detail) {
  json::object error{{"code", text.code}, {"message", text.message}, {"hint", text.hint}};
  if (!text.limit.empty()) error["limit"] = text.limit;
  if (!detail.limit_of.empty()) error["limit_of"] = detail.limit_of;
  if (detail.retry_after.count() > 0) error["retry_after"] = detail.retry_after.count();
  if (!detail.link.empty()) error["link"] = detail.link;
  return to_text(json::object{{"error", std::move(error)}});
}

std::string refusal_phrase(const RefusalText& text) {
  constexpr std::size_t kLongest = 200;
  return (std::string(text.code) + ": " + std::string(text.message)).substr(0, kLongest);
}

namespace {

/// What gRPC clients would make of the HTTP status, save for 400, which is the caller's fault.
int grpc_status_of(int status) {
  switch (status) {
    case 400:
    case 414:
    case 431:
      return 3;  // INVALID_ARGUMENT
    case 401:
    case 407:
      return 16;  // UNAUTHENTICATED
    case 403:
      return 7;  // PERMISSION_DENIED
    case 404:
    case 501:
      return 12;  // UNIMPLEMENTED
    case 429:
      return 8;  // RESOURCE_EXHAUSTED
    case 502:
    case 503:
    case 504:
      return 14;  // UNAVAILABLE
    default:
      return 13;  // INTERNAL
  }
}

}  // namespace

std::string grpc_refusal_head(const RefusalText& text) {
  return "HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: " +
         std::to_string(grpc_status_of(text.status)) +
         "\r\ngrpc-message: " + std::string(text.code) + ": " + std::string(text.message) + " " +
         std::string(text.hint) + "\r\ncontent-length: 0\r\n";
}

Refusal refusal_of_denial(const Error& error) {
  struct Reason {
    std::string_view reason;
    Refusal refusal;
  };
  static constexpr Reason kReasons[] = {{"key_revoked", Refusal::KeyRevoked},
                                        {"key_expired", Refusal::KeyExpired},
                                        {"needs_login", Refusal::NeedsLogin},
                                        {"session_ended", Refusal::SessionEnded},
                                        {"member_removed", Refusal::SessionEnded},
                                        {"tenant_removed", Refusal::SessionEnded},
                                        {"session_expired", Refusal::SessionExpired},
                                        {"pass_unknown", Refusal::PassUnknown},
                                        {"pass_wrong_service", Refusal::PassWrongService},
                                        {"proxy_elsewhere", Refusal::ProxyElsewhere},
                                        {"not_granted", Refusal::NotGranted},
                                        {"not_connected", Refusal::NotConnected},
                                        {"record_unavailable", Refusal::RecordUnavailable}};
  for (const auto& each : kReasons)
    if (each.reason == error.reason) return each.refusal;
  switch (error.code) {
    case Code::NotFound:
    case Code::Unauthorized:
      return Refusal::PassUnknown;
    case Code::Revoked:
      return Refusal::KeyRevoked;
    case Code::Expired:
      return Refusal::SessionExpired;
    case Code::Refused:
      return Refusal::PassWrongService;
    default:
      return Refusal::VaultUnavailable;
  }
}

Refusal refusal_of_dial(const Error& error) {
  if (error.reason == "private_address") return Refusal::UpstreamPrivateAddress;
  if (error.reason == "tls" || error.reason == io::kCertificateRefused ||
      error.reason == io::kNoCommonProtocol)
    return Refusal::UpstreamTls;
  if (error.reason == "too_many_streams") return Refusal::TenantBusy;
  return error.code == Code::Timeout ? Refusal::UpstreamTimeout : Refusal::UpstreamUnreachable;
}

Refusal refusal_of_minting(const Error& error) {
  return error.reason == io::kMintLimited ? Refusal::TooManyHosts : Refusal::Internal;
}

Refusal refusal_of_status(int status) {
  switch (status) {
    case 414:
      return Refusal::TargetTooLong;
    case 431:
      return Refusal::HeadTooLarge;
    case 501:
      return Refusal::NotImplemented;
    case 505:
      return Refusal::VersionUnsupported;
    default:
      return Refusal::BadRequest;
  }
}

}  // namespace strongroom::gateway
