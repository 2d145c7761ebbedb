// SPDX-License-Identifier: Apache-2.0
#include "lease/vault_side.h"

#include <algorithm>

#include "base/log.h"
#include "crypto/crypto.h"

namespace strongroom::lease {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr std::chrono::seconds kCheckWaits{30};
constexpr std::size_t kMaxHelloOctets = kMaxFrame - (128UL << 10U);
constexpr std::size_t kMaxOpenUses = 1UL << 20U;
constexpr std::size_t kSharedPerFrame = 16'384;

std::string_view name_of(FenceOutcome::How how) {
  switch (how) {
    case FenceOutcome::How::Acknowledged:
      return "acknowledged";
    case FenceOutcome::How::LeaseRanOut:
      return "lease_ran_out";
    case FenceOutcome::How::HeldNothing:
      return "held_nothing";
    case FenceOutcome::How::EndedBySupervisor:
      return "ended_by_supervisor";
  }
  return "unknown";
}

/// How the vault calls a login whose token is over and whose next one has not come.
constexpr std::string_view kNotRefreshed = "not_refreshed";
constexpr std::chrono::milliseconds kHeldPause{100};
constexpr int kMostTries = 40;
constexpr int kMostHeld = 1000;

}  // namespace

/// One holder's channel and what is under way on it.
struct VaultSide::HolderChannel {
  struct Batch {
    std::uint64_t up_to = 0;
    bool is_durable = false;
  };
  HolderId id;
  HolderRole role = HolderRole::Gateway;
  SessionId session;
  HolderHello hello;
  bool is_admitted = false;
  bool said_session_over = false;
  std::shared_ptr<Channel> channel;
  std::deque<std::shared_ptr<Batch>> batches;  ///< in order; acknowledged from the front
  struct OpenUse {
    std::uint64_t record = 0;
    TenantId tenant;
    SessionId session;
    KeyId key;
  };
  std::unordered_map<std::uint64_t, OpenUse> open_uses;  ///< by sequence
};

struct VaultSide::Check {
  explicit Check(io::Loop& loop) : event(loop) {}
  io::Event event;
  HolderId holder;
  Result<CheckDone> answer = fail(Code::Timeout, "The gateway did not finish the check in time.");
};

VaultSide::VaultSide(io::Loop& loop, LeaseSource& source)
    : loop_(loop),
      source_(source),
      grantor_({[this](HolderId id, const Message& message) { send(id, message); },
                [this](SessionId session, KeyId key) { return source_.may_continue(session, key); },
                [this](SessionId session, KeyId key) { return source_.was_given(session, key); }}),
      ticker_(loop.every(kTick, [this] { grantor_.tick(now()); })),
      is_alive_(std::make_shared<bool>(true)) {}

VaultSide::~VaultSide() {
  *is_alive_ = false;
  const auto channels = std::exchange(channels_, {});
  for (const auto& [id, holder] : channels) holder->channel->close("The vault ends.");
}

SteadyTime VaultSide::now() const {
  return loop_.clock().steady();
}

void VaultSide::serve(io::Stream stream, HolderRole role, SessionId session) {
  auto holder = std::make_shared<HolderChannel>();
  holder->id = crypto::random_id<HolderId>();
  holder->role = role;
  holder->session = session;
  Channel::Handlers handlers;
  handlers.on_message = [this, raw = holder.get()](Message&& message) {
    receive(*raw, std::move(message));
  };
  handlers.on_closed = [this, id = holder->id, alive = is_alive_](const std::string& why) {
    if (*alive) closed(id, why);
  };
  channels_.emplace(holder->id, holder);
  holder->channel = Channel::start(std::move(stream), std::move(handlers));
}

void VaultSide::send(HolderId id, const Message& message) {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  const auto channel = found->second->channel;  // send may close it
  channel->send(message);
}

void VaultSide::closed(HolderId id, const std::string& why) {
  const auto found = channels_.find(id);
  if (found == channels_.end()) return;
  const auto holder = found->second;
  channels_.erase(found);
  for (auto& [request, check] : checks_) {
    if (check->holder != id) continue;
    check->answer = fail(Code::Unavailable, "The gateway that checked the key has gone.");
    check->event.set();
  }
  if (!holder->is_admitted) return;
  log(LogLevel::Info, "holder_lost",
      {{"holder", id.text()}, {"name", holder->hello.name}, {"why", why}});
  grantor_.lose_holder(
      id, now(),
      holder->said_session_over ? Grantor::Departure::InOrder : Grantor::Departure::Lost);
  settle_what_is_open(*holder);
  source_.on_holder_gone(id);
  source_.on_holder_lost(holder->hello, holder->said_session_over);
}

void VaultSide::receive(HolderChannel& holder, Message&& message) {
  const auto keep = channels_.find(holder.id);
  if (keep == channels_.end()) return;
  const auto alive = keep->second;  // a handler may close the channel
  if (auto* hello = std::get_if<HolderHello>(&message)) return admit(holder, *hello);
  if (!holder.is_admitted) return holder.channel->close("The holder did not say hello first.");
  if (auto* intents = std::get_if<Intents>(&message))
    return serve_intents(holder, std::move(*intents));
  if (auto* settled = std::get_if<Settled>(&message)) return serve_settled(holder, *settled);
  if (auto* renew = std::get_if<Renew>(&message))
    return grantor_.on_renew(holder.id, *renew, now());
  if (auto* acquire = std::get_if<Acquire>(&message)) return serve_acquire(holder, *acquire);
  if (auto* session = std::get_if<AcquireSession>(&message)) return serve_acquire(holder, *session);
  if (auto* release = std::get_if<Release>(&message))
    return grantor_.on_release(holder.id, *release, now());
  if (auto* done = std::get_if<FenceDone>(&message))
    return grantor_.on_fence_done(holder.id, *done, now());
  if (auto* done = std::get_if<RefreshDone>(&message))
    return grantor_.on_refresh_done(holder.id, *done);
  // A runner speaks for its own session alone.
  if (auto* finding = std::get_if<Finding>(&message);
      finding != nullptr &&
      (holder.role == HolderRole::Gateway || finding->session == holder.session))
    return source_.on_finding(*finding);
  if (auto* refusals = std::get_if<Refusals>(&message);
      refusals != nullptr && holder.role == HolderRole::Gateway)
    return source_.on_refusals(*refusals);
  if (auto* done = std::get_if<CheckDone>(&message)) return finish_check(holder, std::move(*done));
  if (auto* observed = std::get_if<Observed>(&message);
      observed != nullptr && holder.role == HolderRole::Gateway)
    return source_.on_verdict(*observed);
  if (auto* active = std::get_if<SessionActive>(&message);
      active != nullptr && holder.role == HolderRole::Runner && active->session == holder.session)
    return source_.on_session_active(active->session);
  if (auto* over = std::get_if<SessionOver>(&message);
      over != nullptr && holder.role == HolderRole::Runner && over->session == holder.session) {
    holder.said_session_over = true;
    return source_.on_session_over(over->session, over->exit_status);
  }
  holder.channel->close("The holder sent what it may not send.");
}

void VaultSide::admit(HolderChannel& holder, const HolderHello& hello) {
  const bool is_expected = !holder.is_admitted && hello.protocol == kProtocol &&
                           hello.role == holder.role &&
                           (holder.role == HolderRole::Gateway || hello.session == holder.session);
  if (!is_expected)
    return holder.channel->close("The holder is not the one that was expected here.");
  // Two at once would each have the values.
  if (holder.role == HolderRole::Runner && has_runner(holder.session))
    return holder.channel->close("A runner of this session is here already.");
  holder.is_admitted = true;
  holder.hello = hello;
  grantor_.add_holder(holder.id, hello, now());
  VaultHello answer = source_.vault_hello(holder.role);
  answer.holder = holder.id;
  if (holder.role == HolderRole::Runner)
    answer.report_credential = source_.report_credential(holder.session);
  std::size_t size = answer.extra_ca_pem.size();
  for (const auto& [name, text] : answer.catalog_sources) size += name.size() + text.size();
  if (size > kMaxHelloOctets) {
    log(LogLevel::Error, "catalog_too_large", {{"octets", size}, {"at_most", kMaxHelloOctets}});
    return holder.channel->close("The catalogue is too large for the lease channel.");
  }
  send(holder.id, std::move(answer));
}

bool VaultSide::on_supervisor_report(SessionId session, const std::string& supervisor,
                                     const std::vector<ProcessOutcome>& processes) {
  const bool is_news = grantor_.on_supervisor_report(session, supervisor, processes, now());
  std::vector<std::shared_ptr<Channel>> of_the_dead;
  for (const auto& [id, holder] : channels_)
    if (holder->is_admitted && holder->role == HolderRole::Runner && holder->session == session)
      of_the_dead.push_back(holder->channel);
  for (const auto& channel : of_the_dead) channel->close("Its runner is dead.");
  return is_news;
}

// ------------------------------------------------------------------------------------------------
// grants

/// A login's new token is on its way: whoever asks meanwhile is answered when it has come.
template <class Question>
io::Task<void> VaultSide::acquire_later(HolderId id, Question question, int tries) {
  const auto alive = is_alive_;
  ++acquires_held_;
  co_await loop_.sleep(kHeldPause);
  if (!*alive) co_return;
  --acquires_held_;
  const auto found = channels_.find(id);
  if (found == channels_.end()) co_return;
  const auto holder = found->second;
  serve_acquire(*holder, question, tries + 1);
}

void VaultSide::serve_acquire(HolderChannel& holder, const Acquire& acquire, int tries) {
  const auto received = now();
  if (holder.role != HolderRole::Gateway)
    return holder.channel->close("Only a gateway may ask for the lease behind a pass.");
  auto opened = source_.open_by_pass(acquire.pass_hash, acquire.service);
  if (!opened) {
    const Error& error = opened.error();
    if (error.reason == kNotRefreshed && acquires_held_ < kMostHeld && tries < kMostTries)
      return loop_.spawn(acquire_later(holder.id, acquire, tries));
    return send(holder.id, Denied{acquire.request, error.code, error.reason, error.message,
                                  source_.session_of_pass(acquire.pass_hash)});
  }
  Granted granted;
  granted.request = acquire.request;
  granted.lease = std::move(*opened);
  for (auto& policy : granted.lease.policies)
    policy.by_others = source_.spent_by_others(policy.id, holder.id);
  if (!grantor_.grant(holder.id, granted.lease, received))
    return send(holder.id, Denied{acquire.request, Code::Revoked, "key_revoked",
                                  "This key is being revoked.", granted.lease.session});
  send(holder.id, std::move(granted));
}

/// Of a runner, which hands a login's token out to whoever asks in its workroom.
void VaultSide::serve_acquire(HolderChannel& holder, const AcquireSession& acquire, int tries) {
  const auto received = now();
  if (holder.role != HolderRole::Runner || acquire.session != holder.session)
    return holder.channel->close("A runner may ask for its own session only.");
  const bool may_wait = acquires_held_ < kMostHeld && tries < kMostTries;
  if (may_wait && source_.is_renewing(acquire.session))
    return loop_.spawn(acquire_later(holder.id, acquire, tries));
  auto opened = source_.open_injected(acquire.session);
  if (!opened) {
    const Error& error = opened.error();
    return send(holder.id,
                Denied{acquire.request, error.code, error.reason, error.message, acquire.session});
  }
  for (auto& lease : *opened) {
    Granted granted;
    granted.request = acquire.request;
    granted.lease = std::move(lease);
    if (!grantor_.grant(holder.id, granted.lease, received))
      return send(holder.id, Denied{acquire.request, Code::Revoked, "key_revoked",
                                    "A key of this session is being revoked.", acquire.session});
    send(holder.id, std::move(granted));
  }
  send(holder.id, AllGranted{acquire.request});
}

// ------------------------------------------------------------------------------------------------
// the record

void VaultSide::serve_intents(HolderChannel& holder, Intents&& intents) {
  std::vector<Use> uses;
  uses.reserve(intents.intents.size());
  std::vector<std::uint64_t> sequences;
  IntentsRefused refused;
  auto batch = std::make_shared<HolderChannel::Batch>();
  for (auto& intent : intents.intents) {
    if (intent.sequence <= batch->up_to)
      return holder.channel->close("The holder's uses are not in order.");
    batch->up_to = intent.sequence;
    const LeaseFacts* facts = grantor_.facts(intent.lease);
    // Of a holder that stood still for a minute: nobody knows whose use it was, and its others go
    // on.
    if (facts == nullptr) {
      refused.sequences.push_back(intent.sequence);
      continue;
    }
    sequences.push_back(intent.sequence);
    uses.push_back({holder.id, *facts, std::move(intent.host), std::move(intent.method),
                    std::move(intent.path)});
  }
  if (!refused.sequences.empty()) {
    log(LogLevel::Warning, "uses_not_recorded",
        {{"holder", holder.id.text()}, {"count", refused.sequences.size()}});
    send(holder.id, refused);
  }
  if (uses.empty()) return;
  holder.batches.push_back(batch);
  const auto first = source_.on_intents(uses, [this, id = holder.id, batch, alive = is_alive_] {
    if (!*alive) return;
    batch->is_durable = true;
    const auto found = channels_.find(id);
    if (found == channels_.end()) return;
    auto& batches = found->second->batches;
    std::uint64_t up_to = 0;
    for (; !batches.empty() && batches.front()->is_durable; batches.pop_front())
      up_to = batches.front()->up_to;
    if (up_to != 0) send(id, IntentsDurable{up_to});
  });
  if (holder.open_uses.size() > kMaxOpenUses)
    return holder.channel->close("The holder never settles its uses.");
  for (std::size_t i = 0; i < uses.size(); ++i)
    holder.open_uses.emplace(
        sequences[i], HolderChannel::OpenUse{first + i, uses[i].facts.tenant, uses[i].facts.session,
                                             uses[i].facts.key});
}

void VaultSide::serve_settled(HolderChannel& holder, const Settled& settled) {
  std::vector<SettledUse> uses;
  uses.reserve(settled.settled.size());
  for (const auto& each : settled.settled) {
    const auto found = holder.open_uses.find(each.sequence);
    if (found == holder.open_uses.end()) continue;
    const auto& use = found->second;
    uses.push_back({use.record, holder.id, use.tenant, use.session, use.key, each});
    holder.open_uses.erase(found);
  }
  if (!uses.empty()) source_.on_settled(uses);
}

/// It can say no more how they ended.
void VaultSide::settle_what_is_open(HolderChannel& holder) {
  std::vector<SettledUse> uses;
  uses.reserve(holder.open_uses.size());
  for (const auto& [sequence, use] : std::exchange(holder.open_uses, {})) {
    UseSettled settled;
    settled.sequence = sequence;
    settled.outcome = UseOutcome::Unknown;
    uses.push_back({use.record, holder.id, use.tenant, use.session, use.key, std::move(settled)});
  }
  std::ranges::sort(uses, {}, &SettledUse::record);
  if (!uses.empty()) source_.on_settled(uses);
}

// ------------------------------------------------------------------------------------------------
// fences, checks, end

io::Task<std::vector<vault::HolderOutcome>> VaultSide::fence(vault::FenceKind kind, IdBytes id,
                                                             std::string reason,
                                                             std::chrono::milliseconds grace) {
  std::vector<vault::FenceTarget> targets;
  targets.push_back({kind, id});
  co_return co_await fence_all(std::move(targets), std::move(reason), grace);
}

io::Task<std::vector<std::vector<vault::HolderOutcome>>> VaultSide::fence_each(
    std::vector<vault::FenceTarget> targets, std::string reason, std::chrono::milliseconds grace) {
  struct Wait {
    explicit Wait(io::Loop& loop) : event(loop) {}
    io::Event event;
    std::size_t left = 0;
    std::vector<std::vector<FenceOutcome>> outcomes;
  };
  const auto wait = std::make_shared<Wait>(loop_);
  wait->left = targets.size();
  wait->outcomes.resize(targets.size());
  for (std::size_t at = 0; at < targets.size(); ++at) {
    const auto& target = targets[at];
    const auto kind = target.kind == vault::FenceKind::Key ? FenceKind::Key : FenceKind::Session;
    grantor_.fence(kind, target.id, reason, grace, now(),
                   [wait, at](std::vector<FenceOutcome> outcomes) {
                     wait->outcomes[at] = std::move(outcomes);
                     if (--wait->left == 0) wait->event.set();
                   });
  }
  if (!targets.empty()) co_await wait->event.wait();
  std::vector<std::vector<vault::HolderOutcome>> all(targets.size());
  for (std::size_t at = 0; at < targets.size(); ++at)
    for (const auto& outcome : wait->outcomes[at]) all[at].push_back(to_outcome(outcome));
  co_return all;
}

vault::HolderOutcome VaultSide::to_outcome(const FenceOutcome& outcome) const {
  vault::HolderOutcome answer;
  answer.holder = outcome.holder;
  answer.name = outcome.name;
  answer.role = outcome.role == HolderRole::Gateway ? "gateway" : "runner";
  answer.how = name_of(outcome.how);
  answer.session = outcome.session;
  const auto ago = std::chrono::duration_cast<std::chrono::microseconds>(now() - outcome.at);
  answer.at = loop_.clock().wall() - ago;
  answer.connections_closed = outcome.connections_closed;
  for (const auto& process : outcome.processes)
    answer.processes.push_back({process.pid, process.name, process.is_dead});
  answer.reported_by = outcome.reported_by;
  return answer;
}

void VaultSide::refresh(KeyId key) {
  grantor_.refresh(key);
}

void VaultSide::announce_refresh(KeyId key) {
  grantor_.announce_refresh(key);
}

void VaultSide::refresh_everything() {
  for (const auto& key : grantor_.leased_keys()) grantor_.refresh(key);
}

io::Task<void> VaultSide::refresh_all(std::vector<KeyId> keys) {
  const auto done = std::make_shared<io::Event>(loop_);
  grantor_.refresh(keys, now(), [done] { done->set(); });
  co_await done->wait();
}

io::Task<Result<CheckDone>> VaultSide::check_key(std::unique_ptr<GrantedLease> lease) {
  const auto alive = is_alive_;
  auto gateways = grantor_.live_holders(HolderRole::Gateway);
  // One that was just started comes in a moment.
  for (int tries = 0; gateways.empty() && tries < kMostTries; ++tries) {
    co_await loop_.sleep(kHeldPause);
    if (!*alive) co_return fail(Code::Cancelled, "The vault ends.");
    gateways = grantor_.live_holders(HolderRole::Gateway);
  }
  if (gateways.empty())
    co_return fail(Code::Unavailable, "No gateway runs that could check the key.");
  const HolderId gateway = gateways.front();
  if (!grantor_.grant(gateway, *lease, now()))
    co_return fail(Code::Revoked, "This key is being revoked.", "key_revoked");
  const auto request = next_check_++;
  const auto check = std::make_shared<Check>(loop_);
  check->holder = gateway;
  checks_.emplace(request, check);
  send_check(gateway, request, std::move(lease));
  const Deadline deadline = loop_.deadline_in(kCheckWaits);
  static_cast<void>(co_await check->event.wait_until(deadline));
  if (!*alive) co_return fail(Code::Cancelled, "The vault ends.");
  checks_.erase(request);
  co_return std::move(check->answer);
}

void VaultSide::send_check(HolderId gateway, std::uint64_t request,
                           std::unique_ptr<GrantedLease> lease) {
  CheckKey message;
  message.request = request;
  message.lease = std::move(*lease);
  send(gateway, std::move(message));
}

void VaultSide::finish_check(const HolderChannel& holder, CheckDone&& done) {
  const auto found = checks_.find(done.request);
  if (found == checks_.end() || found->second->holder != holder.id) return;
  found->second->answer = std::move(done);
  found->second->event.set();
}

void VaultSide::share_spending(std::span<const PolicyId> policies) {
  const auto gateways = grantor_.live_holders(HolderRole::Gateway);
  for (const auto& id : gateways) {
    for (auto rest = policies; !rest.empty();) {
      const auto part = rest.first(std::min(rest.size(), kSharedPerFrame));
      rest = rest.subspan(part.size());
      SpentByOthers message;
      for (const auto& policy : part)
        message.entries.push_back({policy, source_.spent_by_others(policy, id)});
      send(id, std::move(message));
    }
  }
}

void VaultSide::show_certificate(const std::function<ServerCertificate()>& certificate) {
  for (const auto& id : grantor_.live_holders(HolderRole::Gateway)) send(id, certificate());
}

void VaultSide::drain(std::chrono::milliseconds within) {
  for (const auto& id : grantor_.live_holders(HolderRole::Gateway))
    send(id, Drain{static_cast<std::uint32_t>(within.count())});
}

std::size_t VaultSide::holder_count(HolderRole role) const {
  return grantor_.live_holders(role).size();
}

bool VaultSide::has_runner(SessionId session) const {
  for (const auto& [id, holder] : channels_)
    if (holder->role == HolderRole::Runner && holder->is_admitted && holder->session == session)
      return true;
  return false;
}

}  // namespace strongroom::lease
