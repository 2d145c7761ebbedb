// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/pool.h"

#include <algorithm>

#include "gateway/limits/fair_share.h"

namespace strongroom::gateway {
namespace {

Error said_nothing() {
  return {Code::Network, "the provider chose HTTP/2 and did not say how many streams it takes"};
}

}  // namespace

Upstream::Upstream(Pool& pool, const Authority& authority, std::shared_ptr<Http2Back> back,
                   Http2Back::Opened opened)
    : stream(std::move(opened.stream)),
      pool_(pool),
      authority_(authority),
      back_(std::move(back)),
      exchange_(std::move(opened.exchange)) {}

Upstream::~Upstream() {
  if (back_ != nullptr) back_->cut_short(*exchange_);
}

bool Upstream::bind(lease::Lease& lease) noexcept {
  return back_ == nullptr || back_->lease() == &lease || back_->attach(lease);
}

void Upstream::abort() noexcept {
  stream.abort();
  if (back_ != nullptr) back_->cut_short(*exchange_);
}

void Upstream::cut(std::string_view) noexcept {
  abort();
  pool_.forget(*this);
}

bool Upstream::was_refused() const {
  return exchange_ != nullptr && (exchange_->was_refused || exchange_->is_unsent);
}

std::optional<http::Http2Code> Upstream::reset_with() const {
  return exchange_ == nullptr ? std::nullopt : exchange_->reset_with;
}

void Upstream::doubt() {
  if (back_ != nullptr) back_->doubt();
}

Pool::Pool(io::Loop& loop, io::TlsClient tls, std::vector<lease::Dial> dials, UpstreamProxy proxy,
           Duration silence)
    : loop_(loop),
      tls_(std::move(tls)),
      dials_(std::move(dials)),
      proxy_(std::move(proxy)),
      silence_(silence),
      most_idle_(idle_upstreams_of_all()) {
  cut_.reserve(kMaxIdlePerAuthority);
}
Pool::~Pool() = default;

void Pool::leave_line(Upstream& upstream) noexcept {
  upstream.node_.splice(upstream.node_.begin(), line_, upstream.place_);
}

std::unique_ptr<Upstream> Pool::take_out(const Upstream& upstream) noexcept {
  const auto idle = idle_.find(upstream.authority().text());
  if (idle == idle_.end()) return nullptr;
  const auto place = std::find_if(idle->second.begin(), idle->second.end(),
                                  [&](const auto& each) { return each.get() == &upstream; });
  if (place == idle->second.end()) return nullptr;
  auto taken = std::move(*place);
  idle->second.erase(place);
  leave_line(*taken);
  return taken;
}

void Pool::forget(const Upstream& upstream) noexcept {
  if (auto taken = take_out(upstream)) cut_.push_back(std::move(taken));
}

bool Pool::leads_to_http2(const Authority& authority, ProtocolWish wish) const {
  return protocols_.leads_to_http2(authority.text(), wish, loop_.coarse_now());
}

std::unique_ptr<Upstream> Pool::take_idle(const Authority& authority, ProtocolWish wish,
                                          const LeaseId& lease) {
  if (leads_to_http2(authority, wish))
    return open(authority, backs_.find({std::string(authority.text()), lease}));
  const auto idle = idle_.find(authority.text());
  if (idle == idle_.end()) return nullptr;
  while (!idle->second.empty()) {
    auto upstream = std::move(idle->second.back());
    idle->second.pop_back();
    leave_line(*upstream);
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
  auto stream = co_await connect_once(authority, deadline);
  const bool has_run_out = !stream && stream.error().reason == io::kNoDescriptors;
  if (has_run_out && close_idle()) stream = co_await connect_once(authority, deadline);
  co_return stream;
}

io::Task<Result<io::Stream>> Pool::connect_once(Authority authority, Deadline deadline) {
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
  if (named == dials_.end() && proxy_.leads_to(authority))
    co_return co_await proxy_.connect(loop_, authority, deadline);
  auto hint = known_.hint(authority.text(), loop_.coarse_now());
  auto stream = co_await io::dial_tcp(loop_, to.host, to.port, policy, deadline, std::move(hint));
  if (!stream) known_.forget(authority.text());
  co_return stream;
}

io::Task<Result<io::Stream>> Pool::dial_tls(Authority authority, io::ProtocolOffer offer) {
  const Deadline deadline = loop_.deadline_in(kDialTime);
  auto stream = co_await connect(authority, deadline);
  if (!stream) co_return std::unexpected(std::move(stream).error());
  stream->set_deadline(deadline);
  std::string host(authority.host());
  auto secured = co_await stream->start_tls_client(tls_, std::move(host), offer);
  const bool speaks_other = !secured && secured.error().reason == io::kNoCommonProtocol;
  known_.note(authority.text(), stream->peer().address, secured.has_value() || speaks_other,
              loop_.coarse_now());
  if (!secured) co_return std::unexpected(std::move(secured).error());
  stream->set_deadline(Deadline());
  co_return stream;
}

io::Task<Result<std::unique_ptr<Upstream>>> Pool::dial(Authority authority, ProtocolWish wish,
                                                       LeaseId lease) {
  if (!leads_to_http2(authority, wish)) {
    auto stream = co_await dial_tls(authority, io::ProtocolOffer::Http1);
    if (stream) co_return std::make_unique<Upstream>(*this, authority, std::move(*stream));
    const bool speaks_other = stream.error().reason == io::kNoCommonProtocol;
    if (!speaks_other || wish == ProtocolWish::Http1Only)
      co_return std::unexpected(std::move(stream).error());
    protocols_.note(authority.text(), KnownProtocols::Speaks::Http2Alone, loop_.coarse_now());
  }
  Http2Backs::Key key{std::string(authority.text()), lease};
  auto upstream = co_await dial_http2(authority, std::move(key));
  co_return upstream;
}

std::unique_ptr<Upstream> Pool::open(const Authority& authority, std::shared_ptr<Http2Back> back) {
  if (back == nullptr) return nullptr;
  const bool is_reused = back->is_used();
  back->last_used = loop_.coarse_now();
  Http2Back::Opened opened = back->open();
  auto upstream = std::make_unique<Upstream>(*this, authority, std::move(back), std::move(opened));
  upstream->is_reused = is_reused;
  return upstream;
}

/// Offers both protocols, and takes what the provider chooses.
io::Task<Result<std::unique_ptr<Upstream>>> Pool::dial_http2(Authority authority,
                                                             Http2Backs::Key key) {
  using Speaks = KnownProtocols::Speaks;
  const Deadline deadline = loop_.deadline_in(kDialTime + kSettingsTime);
  if (const auto& group = backs_.group(key); group.has_failed())
    co_return std::unexpected(*group.dial->failure());
  while (backs_.group(key).is_dialling()) {
    const auto dial = backs_.group(key).dial;
    co_await dial->wait(deadline);
    if (auto upstream = open(authority, backs_.find(key))) co_return upstream;
    if (dial->failure()) co_return std::unexpected(*dial->failure());
    if (deadline.has_passed(loop_.coarse_now()))
      co_return fail(Code::Timeout, "the provider did not say how many streams it takes");
  }
  if (!leads_to_http2(authority, ProtocolWish::Http2First)) {
    auto plain = co_await dial_tls(authority, io::ProtocolOffer::Http1);
    if (!plain) co_return std::unexpected(std::move(plain).error());
    co_return std::make_unique<Upstream>(*this, authority, std::move(*plain));
  }
  auto& group = backs_.group(key);
  group.forget_ended();
  if (group.backs.size() >= Http2Backs::kMost)
    co_return fail(Code::Unavailable, "too many streams to one provider", "too_many_streams");
  const auto dial = std::make_shared<SharedDial>(loop_);
  group.dial = dial;
  auto stream = co_await dial_tls(authority, io::ProtocolOffer::Http2AndHttp1);
  if (!stream) {
    dial->end(stream.error());
    co_return std::unexpected(std::move(stream).error());
  }
  if (stream->tls_protocol() != "h2") {
    protocols_.note(authority.text(), Speaks::Http1, loop_.coarse_now());
    dial->end(std::nullopt);
    co_return std::make_unique<Upstream>(*this, authority, std::move(*stream));
  }
  if (!leads_to_http2(authority, ProtocolWish::Http1First))
    protocols_.note(authority.text(), Speaks::Both, loop_.coarse_now());
  auto back = Http2Back::begin(
      loop_, std::move(*stream), {kMaxIdle, silence_, kSettingsTime, Duration()},
      [dial](bool is_silent) {
        dial->end(is_silent ? std::optional(said_nothing()) : std::nullopt, kAvoided);
      });
  group.backs.push_back(back);
  auto upstream = open(authority, std::move(back));
  (void)backs_.close_idle(most_idle_);
  co_return upstream;
}

io::Task<Result<std::unique_ptr<Upstream>>> Pool::dial_plain(Authority authority) {
  const Deadline deadline = loop_.deadline_in(kDialTime);
  auto stream = co_await connect(authority, deadline);
  if (!stream) co_return std::unexpected(std::move(stream).error());
  known_.note(authority.text(), stream->peer().address, true, loop_.coarse_now());
  co_return std::make_unique<Upstream>(*this, authority, std::move(*stream));
}

void Pool::give_back(std::unique_ptr<Upstream> upstream, lease::Lease* lease) {
  // A stream carries one exchange; its connection is kept by itself.
  if (upstream->is_http2() || !upstream->stream.is_open()) return;
  auto idle = idle_.find(upstream->authority().text());
  if (idle == idle_.end())
    idle = idle_.emplace(std::string(upstream->authority().text()), Idle()).first;
  if (idle->second.size() >= kMaxIdlePerAuthority) return;
  upstream->stream.set_deadline(Deadline());
  upstream->idle_since = loop_.coarse_now();
  if (lease != nullptr && !upstream->attach(*lease)) return;
  if (upstream->node_.empty())
    upstream->place_ = upstream->node_.insert(upstream->node_.begin(), upstream.get());
  line_.splice(line_.end(), upstream->node_);
  idle->second.push_back(std::move(upstream));
  while (line_.size() > most_idle_) (void)take_out(*line_.front());
}

void Pool::sweep() {
  cut_.clear();
  backs_.sweep();
  const SteadyTime oldest = loop_.coarse_now() - kMaxIdle;
  for (auto& [authority, idle] : idle_)
    std::erase_if(idle, [&](const auto& each) {
      const bool is_over = each->idle_since < oldest || !each->stream.is_open();
      if (is_over) leave_line(*each);
      return is_over;
    });
  std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
}

bool Pool::close_idle() {
  const bool was_any = !line_.empty() || !cut_.empty();
  while (!line_.empty()) (void)take_out(*line_.front());
  cut_.clear();
  return backs_.close_idle(0) || was_any;
}

void Pool::close_all() {
  line_.clear();
  idle_.clear();
  cut_.clear();
  backs_.close_all();
}

}  // namespace strongroom::gateway
