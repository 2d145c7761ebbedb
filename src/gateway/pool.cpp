// SPDX-License-Identifier: Apache-2.0
#include "gateway/pool.h"

#include <algorithm>

namespace strongroom::gateway {

void Upstream::cut(std::string_view) noexcept {
  stream.abort();
  pool_.forget(*this);
}

Pool::Pool(io::Loop& loop, io::TlsClient tls, std::vector<lease::Dial> dials)
    : loop_(loop), tls_(std::move(tls)), dials_(std::move(dials)) {
  cut_.reserve(kMaxIdlePerAuthority);
}
Pool::~Pool() = default;

void Pool::forget(const Upstream& upstream) noexcept {
  const auto idle = idle_.find(upstream.authority().text());
  if (idle == idle_.end()) return;
  const auto place = std::find_if(idle->second.begin(), idle->second.end(),
                                  [&](const auto& each) { return each.get() == &upstream; });
  if (place == idle->second.end()) return;
  cut_.push_back(std::move(*place));
  idle->second.erase(place);
}

std::unique_ptr<Upstream> Pool::take_idle(const Authority& authority) {
  const auto idle = idle_.find(authority.text());
  if (idle == idle_.end()) return nullptr;
  while (!idle->second.empty()) {
    auto upstream = std::move(idle->second.back());
    idle->second.pop_back();
    upstream->detach();
    const bool is_young = loop_.coarse_now() - upstream->idle_since < kTrustedIdle;
    // Octets that came unasked would be taken for the next answer, which is somebody else's.
    const bool is_suspect = !is_young || upstream->stream.may_hold_octets();
    if (!upstream->stream.is_open() || (is_suspect && upstream->stream.is_stale())) continue;
    upstream->is_reused = true;
    return upstream;
  }
  return nullptr;
}

io::Task<Result<io::Stream>> Pool::connect(Authority authority, Deadline deadline) {
  io::Endpoint to{std::string(authority.host()), authority.port()};
  auto policy = io::PrivateAddresses::Refuse;
  const auto named = std::find_if(dials_.begin(), dials_.end(), [&](const lease::Dial& each) {
    return each.authority == authority.text();
  });
  if (named != dials_.end()) {
    auto parsed = io::parse_endpoint(named->to);
    if (!parsed) co_return std::unexpected(std::move(parsed).error());
    to = std::move(*parsed);
    policy = io::PrivateAddresses::Allow;
  }
  auto hint = known_.hint(authority.text(), loop_.coarse_now());
  auto stream = co_await io::dial_tcp(loop_, to.host, to.port, policy, deadline, std::move(hint));
  if (!stream) known_.forget(authority.text());
  co_return stream;
}

io::Task<Result<std::unique_ptr<Upstream>>> Pool::dial(Authority authority) {
  const Deadline deadline = loop_.deadline_in(kDialTime);
  auto stream = co_await connect(authority, deadline);
  if (!stream) co_return std::unexpected(std::move(stream).error());
  stream->set_deadline(deadline);
  std::string host(authority.host());
  auto secured = co_await stream->start_tls_client(tls_, std::move(host), io::ProtocolOffer::Http1);
  known_.note(authority.text(), stream->peer().address, secured.has_value(), loop_.coarse_now());
  if (!secured) co_return std::unexpected(std::move(secured).error());
  stream->set_deadline(Deadline());
  co_return std::make_unique<Upstream>(*this, authority, std::move(*stream));
}

io::Task<Result<std::unique_ptr<Upstream>>> Pool::dial_plain(Authority authority) {
  const Deadline deadline = loop_.deadline_in(kDialTime);
  auto stream = co_await connect(authority, deadline);
  if (!stream) co_return std::unexpected(std::move(stream).error());
  known_.note(authority.text(), stream->peer().address, true, loop_.coarse_now());
  co_return std::make_unique<Upstream>(*this, authority, std::move(*stream));
}

void Pool::give_back(std::unique_ptr<Upstream> upstream, lease::Lease* lease) {
  if (!upstream->stream.is_open()) return;
  auto idle = idle_.find(upstream->authority().text());
  if (idle == idle_.end())
    idle = idle_.emplace(std::string(upstream->authority().text()), Idle()).first;
  if (idle->second.size() >= kMaxIdlePerAuthority) return;
  upstream->stream.set_deadline(Deadline());
  upstream->idle_since = loop_.coarse_now();
  if (lease != nullptr && !upstream->attach(*lease)) return;
  idle->second.push_back(std::move(upstream));
}

void Pool::sweep() {
  cut_.clear();
  const SteadyTime oldest = loop_.coarse_now() - kMaxIdle;
  for (auto& [authority, idle] : idle_)
    std::erase_if(idle, [&](const auto& each) {
      return each->idle_since < oldest || !each->stream.is_open();
    });
}

void Pool::close_all() {
  idle_.clear();
  cut_.clear();
}

}  // namespace strongroom::gateway
