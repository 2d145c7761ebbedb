// The transparent ingress: a relay in the workroom, to which the names of granted hosts lead, hands
// whole TLS connections on. It says first whose they are; the SNI says where they go. From then on
// the connection is the same as an inspected tunnel. SPDX-License-Identifier: Apache-2.0
#include "gateway/connection.h"

namespace strongroom::gateway {
namespace {

constexpr std::size_t kCredential = 47;
constexpr std::uint16_t kHttpsPort = 443;

}  // namespace

/// The mark is known to be there. Not an octet more than the preamble is taken.
io::Task<std::optional<crypto::ProxyCredential>> Connection::read_preamble() {
  std::array<std::uint8_t, 1 + kCredential + 1> preamble{};
  std::size_t filled = 0;
  while (filled < preamble.size()) {
    const auto got = co_await client_.read_some(MutableBytes(preamble).subspan(filled));
    if (!got || *got == 0) co_return std::nullopt;
    filled += *got;
  }
  if (preamble.back() != '\n') co_return std::nullopt;
  co_return crypto::proxy_credential_of(text_of(ByteView(preamble).subspan(1, kCredential)));
}

io::Task<bool> Connection::begin_transparent() {
  const auto credential = co_await read_preamble();
  if (!credential) co_return false;
  if (is_plain_from_afar()) {
    const auto shown = gateway_.authorities().session_of(*credential);
    if (shown)
      gateway_.report({*shown, {}, std::string(describe(Refusal::TlsRequired).code), {}, {}});
    closes_after_ = true;
    (void)co_await refuse(Refusal::TlsRequired);
    co_return false;
  }
  lease::Lease* proxy = nullptr;
  if (const auto refused = co_await find_session(*credential, proxy)) {
    gateway_.refusals().count(*refused);
    co_return false;
  }
  const SessionId session = proxy->granted().session;
  const auto name = co_await client_.read_server_name(gateway_.undecided_tls());
  if (!name) co_return false;
  // Looked up anew: the lease may have ended while the client spoke.
  const auto again = co_await find_session(*credential, proxy);
  if (again) co_return false;
  auto place = place_of(*name + ":" + std::to_string(kHttpsPort));
  auto found =
      place ? gateway_.destinations().inspected(proxy->granted(), std::move(*place)) : Inspected();
  if (found.services.empty()) {
    gateway_.report({session, {}, "not_granted", *name, {}});
    gateway_.refusals().count(Refusal::HostNotGranted);
    co_await client_.refuse_tls_server(io::TlsRefusal::UnrecognizedName);
    co_return false;
  }
  const bool is_secured = co_await show_certificate(session, found.place.host);
  if (!is_secured) co_return false;
  inspected_ = std::make_shared<const Inspected>(std::move(found));
  co_return true;
}

}  // namespace strongroom::gateway
