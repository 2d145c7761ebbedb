// The proxy ingress: CONNECT, with a look into the tunnel where a proxied service is behind it, and
// absolute targets (RFC 9110 9.3.6, RFC 9112 3.2.2). After the place is named, a request goes the
// same way as any other. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/encoding.h"
#include "crypto/session_credentials.h"
#include "gateway/connection.h"
#include "io/loopback_peer.h"

namespace strongroom::gateway {
namespace {

constexpr std::uint8_t kTlsHandshake = 0x16;
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kHttp = "http://";

/// And goes on behind it.
bool begins_with(std::string_view target, std::string_view scheme) {
  return target.size() > scheme.size() && http::starts_ignoring_case(target, scheme);
}

/// The credential in "Basic base64(user:credential)" or "Bearer credential".
std::optional<crypto::ProxyCredential> credential_in(std::string_view value) {
  const auto blank = value.find(' ');
  if (blank == std::string_view::npos || value.size() > 512) return std::nullopt;
  const std::string_view scheme = value.substr(0, blank);
  const std::string_view rest = value.substr(blank + 1);
  if (http::equals_ignoring_case(scheme, "bearer")) return crypto::proxy_credential_of(rest);
  if (!http::equals_ignoring_case(scheme, "basic")) return std::nullopt;
  const auto pair = from_base64(rest);
  if (!pair) return std::nullopt;
  const std::string_view text = text_of(*pair);
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return crypto::proxy_credential_of(text.substr(colon + 1));
}

/// "/gemini/~l/..." and "/gemini@host/...": URLs that the gateway made itself (links.h).
bool is_own_link(std::string_view target, std::string_view service) {
  if (!target.starts_with('/') || !target.substr(1).starts_with(service)) return false;
  const std::string_view rest = target.substr(1 + service.size());
  return rest.starts_with("/~l/") || rest.starts_with('@');
}

}  // namespace

/// The lease behind the session's proxy credential: who it is, and where it may go.
io::Task<std::optional<Refusal>> Connection::find_session(lease::Lease*& proxy) {
  const http::Header* header = nullptr;
  for (const auto& each : work_->request.headers) {
    if (each.id != http::Name::ProxyAuthorization) continue;
    // Which of two is meant, nobody can tell.
    if (header != nullptr) co_return Refusal::BadRequest;
    header = &each;
  }
  if (header == nullptr && !session_.is_none())
    co_return co_await find_session(gateway_.authorities().proxy_credential(session_), proxy);
  const auto credential = header == nullptr ? std::nullopt : credential_in(header->value);
  if (!credential) co_return Refusal::ProxyAuthRequired;
  co_return co_await find_session(*credential, proxy);
}

io::Task<std::optional<Refusal>> Connection::find_session(crypto::ProxyCredential credential,
                                                          lease::Lease*& proxy) {
  // Its client has left already: the session must not be bound to nobody's place.
  if (source().empty()) co_return Refusal::VaultUnavailable;
  // With the source: what one of them is refused is no other's refusal.
  const std::string service = std::string(lease::kProxyService) + " " + source();
  proxy = gateway_.link().cached_lease(credential, service);
  if (proxy == nullptr) {
    const auto granted = co_await gateway_.link().lease_for(credential, service);
    if (!granted) {
      const Refusal refusal = refusal_of_denial(granted.error());
      if (refusal == Refusal::ProxyElsewhere)
        gateway_.report({crypto::session_named_by(credential),
                         {},
                         std::string(describe(refusal).code),
                         {},
                         {}});
      co_return refusal == Refusal::PassUnknown ? Refusal::ProxyAuthRequired : refusal;
    }
    proxy = *granted;
  }
  const bool is_of_another = !session_.is_none() && proxy->granted().session != session_;
  if (is_of_another) co_return Refusal::ProxyAuthRequired;
  co_return std::nullopt;
}

/// Whose the right credential is that this request shows. Asks nobody, so that it is bound to no
/// place.
SessionId Connection::session_shown_to_proxy() const {
  const auto* header = work_->request.headers.find(http::Name::ProxyAuthorization);
  const auto credential = header == nullptr ? std::nullopt : credential_in(header->value);
  const auto session = credential ? gateway_.authorities().session_of(*credential) : std::nullopt;
  return session.value_or(SessionId());
}

/// Where whoever speaks here is, as far as the kernel tells: a user of this machine, or an address.
/// Empty when nobody is at the other end any more.
std::string Connection::find_source() const {
  if (const auto user = client_.peer().unix_uid) return "uid " + std::to_string(*user);
  const int client = client_.native_handle();
  if (io::is_within_machine(client)) {
    if (const auto peer = io::loopback_peer(client)) return "uid " + std::to_string(peer->user);
    return io::knows_loopback_peers(client) ? "" : "this machine";
  }
  const std::string& address = client_.peer().address;
  return "address " + address.substr(0, address.rfind(':'));
}

const std::string& Connection::source() {
  if (source_.empty()) source_ = find_source();
  return source_;
}

io::Task<Connection::Next> Connection::serve_connect() {
  closes_after_ = true;
  // A tunnel in a tunnel would be looked into by nobody.
  if (inspected_ != nullptr || kind_ != Kind::Whole)
    co_return co_await refuse(Refusal::MethodNotAllowed);
  auto place = place_of(work_->request.target);
  const bool has_more = unread().size() > head_size_;
  if (!place || has_more) co_return co_await refuse(Refusal::BadRequest);
  lease::Lease* proxy = nullptr;
  if (const auto refused = co_await find_session(proxy)) co_return co_await refuse(*refused);
  const auto& granted = proxy->granted();
  // What a key of ours may go to is looked into, whatever else is allowed.
  auto found = gateway_.destinations().inspected(granted, *place);
  if (found.services.empty()) {
    if (const auto authority = Destinations::authority_of_tunnel(granted, *place))
      co_return co_await tunnel(*proxy, *authority);
    gateway_.report({granted.session, {}, "not_granted", place->host, {}});
    co_return co_await refuse(Refusal::HostNotGranted);
  }
  if (const auto refused = prepare_certificate(found)) co_return co_await refuse(*refused);
  auto inspected = std::make_shared<const Inspected>(std::move(found));
  co_return co_await inspect(std::move(inspected));
}

/// Before the client is told that there is a tunnel: in HTTP it can still be told why there is
/// none.
std::optional<Refusal> Connection::prepare_certificate(const Inspected& place) {
  const auto server = gateway_.server_for(place.session, place.place.host);
  if (server) return std::nullopt;
  const Refusal refusal = refusal_of_minting(server.error());
  if (refusal == Refusal::TooManyHosts) metering_.detail.retry_after = std::chrono::seconds(1);
  return refusal;
}

/// The connection becomes the tunnel: TLS with a certificate of the session's own authority, and
/// requests for this one place from then on.
io::Task<Connection::Next> Connection::inspect(std::shared_ptr<const Inspected> place) {
  consume_request();
  client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().head));
  const auto said = co_await client_.write_all(bytes_of(kEstablished));
  if (!said) co_return Next::Close;
  if (client_.is_tls()) {
    co_await inspect_inside(std::move(place));
    co_return Next::Close;
  }
  const bool is_secured = co_await secure(*place);
  if (!is_secured) co_return Next::Close;
  inspected_ = std::move(place);
  co_return Next::Keep;
}

/// A tunnel inside TLS: what comes out of the outer connection is one of its own, over a socket
/// pair, with the tunnel's TLS in it.
io::Task<void> Connection::inspect_inside(std::shared_ptr<const Inspected> place) {
  const auto pair = io::socket_pair();
  if (!pair) co_return;
  auto ours = io::Stream::adopt(gateway_.loop(), pair->ours);
  auto theirs = io::Stream::adopt(gateway_.loop(), pair->theirs);
  if (!ours || !theirs) co_return;
  gateway_.accept_tunnelled(std::move(*theirs), std::move(place));
  gateway_.workspaces.give(std::move(work_));
  co_await pump(*ours);
}

/// TLS as the server that the tunnel leads to. What begins without is refused once its head is read
/// (is_plain_in_tunnel).
io::Task<bool> Connection::secure(const Inspected& place) {
  const auto first = co_await client_.peek_first();
  if (!first) co_return false;
  if (*first != kTlsHandshake) co_return true;
  const auto name = co_await client_.read_server_name(gateway_.undecided_tls());
  if (!name) co_return false;
  const bool is_right = name->empty() || http::equals_ignoring_case(*name, place.place.host);
  if (!is_right) {
    gateway_.report({place.session, {}, "host_mismatch", *name, {}});
    gateway_.refusals().count(Refusal::HostMismatch);
    co_await client_.refuse_tls_server(io::TlsRefusal::UnrecognizedName);
    co_return false;
  }
  co_return co_await show_certificate(place.session, place.place.host);
}

/// After the client has said whom it wants.
io::Task<bool> Connection::show_certificate(SessionId session, std::string_view host) {
  const auto server = gateway_.server_for(session, host);
  if (!server) {
    gateway_.refusals().count(refusal_of_minting(server.error()));
    co_await client_.refuse_tls_server(io::TlsRefusal::InternalError);
    co_return false;
  }
  const auto secured = co_await client_.continue_tls_server(**server);
  co_return secured.has_value();
}

// ------------------------------------------------------------------------------------------------
// requests that name their host

bool Connection::is_absolute() const {
  const std::string_view target = work_->request.target;
  return !target.starts_with('/') && target != "*";
}

/// "https://host[:port]/path": the same as through a tunnel to host, for this one request.
io::Task<std::optional<Refusal>> Connection::read_absolute() {
  const std::string_view target = work_->request.target;
  if (inspected_ != nullptr) co_return Refusal::BadRequest;
  if (begins_with(target, kHttp)) co_return co_await judge_plain_target();
  if (!begins_with(target, kHttps)) co_return Refusal::BadRequest;
  std::string authority(target.substr(kHttps.size()));
  authority.resize(std::min(authority.size(), authority.find_first_of("/?")));
  auto place = place_of(authority);
  if (!place) place = place_of(authority + ":443");
  // "https://host?x=/y" has no path: nobody sends it, and few agree on what it asks for.
  if (!place || target.substr(kHttps.size() + authority.size()).starts_with('?'))
    co_return Refusal::BadRequest;
  lease::Lease* proxy = nullptr;
  if (const auto refused = co_await find_session(proxy)) co_return refused;
  auto found = gateway_.destinations().inspected(proxy->granted(), std::move(*place));
  if (found.services.empty()) {
    gateway_.report({proxy->granted().session, {}, "not_granted", std::move(found.place.host), {}});
    co_return Refusal::HostNotGranted;
  }
  x_.inspected = std::make_shared<const Inspected>(std::move(found));
  co_return std::nullopt;
}

/// "http://host/path" is refused. A pass that was to go there without TLS is looked for where the
/// service at the same host takes it.
io::Task<Refusal> Connection::judge_plain_target() {
  constexpr std::uint16_t kHttpsPort = 443;
  constexpr std::uint16_t kHttpPort = 80;
  std::string authority(work_->request.target.substr(kHttp.size()));
  authority.resize(std::min(authority.size(), authority.find_first_of("/?")));
  auto place = place_of(authority);
  if (!place) place = place_of(authority + ":" + std::to_string(kHttpPort));
  lease::Lease* proxy = nullptr;
  const auto refused = co_await find_session(proxy);
  if (!place || refused) co_return Refusal::PlainTarget;
  if (place->port == kHttpPort) place->port = kHttpsPort;
  auto found = gateway_.destinations().inspected(proxy->granted(), std::move(*place));
  if (found.services.empty()) co_return Refusal::PlainTarget;
  x_.inspected = std::make_shared<const Inspected>(std::move(found));
  co_await report_shown_pass(Refusal::PlainTarget);
  co_return Refusal::PlainTarget;
}

/// The place is known, and the request refused whatever it says: a pass in it is a finding.
io::Task<void> Connection::report_shown_pass(Refusal refusal) {
  (void)admit();
  const lease::PassHash pass = x_.admission.pass.hash();
  if (x_.route.service == nullptr || pass == lease::PassHash{}) co_return;
  const auto granted = co_await gateway_.link().lease_for(pass, x_.route.service->id);
  if (granted) report_finding(describe(refusal).code);
}

/// The target without scheme and host.
std::string_view Connection::origin_target() const {
  const std::string_view target = work_->request.target;
  if (target.starts_with('/')) return target;
  const auto slash = target.find('/', kHttps.size());
  return slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
}

/// Which granted service the request is for: the only one of this place, or the one whose own kind
/// of pass it shows.
std::optional<Refusal> Connection::read_inspected() {
  const auto& place = *x_.inspected;
  const auto* host = work_->request.headers.find(http::Name::Host);
  if (host == nullptr || !place.is_named_by(host->value)) return Refusal::HostMismatch;
  if (work_->request.target == "*") return Refusal::BadRequest;
  const std::string_view target = origin_target();
  const auto& destinations = gateway_.destinations();
  for (const auto* service : place.services)
    if (is_own_link(target, service->id)) return destinations.read(target, x_.route);
  const catalog::Service* chosen = place.services.front();
  for (const auto* service : place.services) {
    Route tried;
    Admission admission;
    if (place.services.size() == 1 || destinations.read_whole(target, *service, tried)) break;
    const bool has_pass = !find_pass(work_->request, tried, admission);
    if (has_pass && admission.pass.text().starts_with(service->pass_prefix)) chosen = service;
  }
  if (const auto refused = destinations.read_whole(target, *chosen, x_.route)) return refused;
  if (chosen->host_setting.empty()) x_.route.host_name = place.place.host;
  return std::nullopt;
}

/// A pass of another session, or a key for another host than the tunnel's: a copied pass.
bool Connection::leads_elsewhere() const {
  if (!session_.is_none() && lease()->granted().session != session_) {
    gateway_.report({session_, x_.route.service->id, "pass_of_another_session",
                     std::string(x_.authority.host()), std::string(x_.route.path)});
    return true;
  }
  if (x_.inspected == nullptr) return false;
  const bool is_same_session = lease()->granted().session == x_.inspected->session;
  const bool is_own_link = !x_.route.link_token.empty() || !x_.route.prefix.empty();
  const bool is_same_place = is_own_link || (x_.authority.host() == x_.inspected->place.host &&
                                             x_.authority.port() == x_.inspected->place.port);
  if (is_same_session && is_same_place) return false;
  gateway_.report({x_.inspected->session, x_.route.service->id, "pass_of_another_session",
                   x_.inspected->place.host, std::string(x_.route.path)});
  return true;
}

}  // namespace strongroom::gateway
