// SPDX-License-Identifier: Apache-2.0
#include "lease/holder_side.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/log.h"

namespace strongroom::lease {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr int kAcquireAttempts = 3;
constexpr std::size_t kBatchOctets = 512UL << 10U;
constexpr std::size_t kIdleWaiters = 1024;

std::unexpected<Error> unavailable() {
  return fail(Code::Unavailable, "The vault does not answer.", "vault_unavailable");
}

/// Frame head, count, elements.
void add_batch(std::uint8_t type, std::uint32_t& count, ByteVector& elements, ByteVector& out) {
  if (count == 0) return;
  const auto start = begin_frame(type, out);
  Writer writer(out);
  writer.u32(count);
  writer.raw(elements);
  end_frame(start, out);
  elements.clear();
  count = 0;
}

}  // namespace

struct HolderLink::Waiter {
  explicit Waiter(io::Loop& loop) : event(loop) {}
  io::Event event;
  std::uint64_t sequence = 0;
  bool is_queued = false;
};

struct HolderLink::LaterFirst {
  bool operator()(const Waiter* a, const Waiter* b) const noexcept {
    return a->sequence > b->sequence;
  }
};

HolderLink::HolderLink(io::Loop& loop, HolderHello hello, Handlers handlers)
    : loop_(loop),
      hello_(std::move(hello)),
      handlers_(std::move(handlers)),
      holder_({[this](const Message& message) { send(message); },
               [this](const Fence& fence, std::uint32_t closed) { fenced(fence, closed); }}),
      ticker_(loop.every(kTick, [this] { holder_.tick(now()); })),
      is_alive_(std::make_shared<bool>(true)) {}

HolderLink::~HolderLink() {
  handlers_ = {};
  if (channel_ != nullptr) channel_->close("The holder ends.");
  *is_alive_ = false;
}

SteadyTime HolderLink::now() const {
  return loop_.clock().steady();
}

void HolderLink::connect(io::Stream stream) {
  Channel::Handlers handlers;
  handlers.on_message = [this](Message&& message) { receive(std::move(message)); };
  handlers.on_closed = [this](const std::string& why) { lost(why); };
  handlers.before_write = [this](Channel& channel) { add_batches(channel.outgoing()); };
  channel_ = Channel::start(std::move(stream), std::move(handlers));
  channel_->send(hello_);
  holder_.on_channel_up();
}

bool HolderLink::is_connected() const noexcept {
  return channel_ != nullptr;
}

void HolderLink::send(const Message& message) {
  if (channel_ == nullptr) return;
  const auto keep = channel_;  // send may close it
  keep->send(message);
}

void HolderLink::lost(const std::string& why) {
  channel_ = nullptr;
  not_recorded_.add(durable_up_to_ + 1, next_sequence_ - 1);
  intents_.clear();
  intent_count_ = 0;
  settled_.clear();
  settled_count_ = 0;
  holder_.on_channel_lost();
  wake_durable_waiters();
  if (handlers_.on_channel_lost) handlers_.on_channel_lost(why);
}

io::Task<void> HolderLink::close(Deadline deadline) {
  const auto channel = channel_;
  const auto alive = is_alive_;
  if (channel == nullptr) co_return;
  channel->wake_writer();
  co_await loop_.sleep(std::chrono::milliseconds(0));
  while (channel->is_open() && !channel->is_drained() &&
         !deadline.has_passed(loop_.clock().steady()))
    co_await loop_.sleep(std::chrono::milliseconds(1));
  channel->close("The holder leaves.");
}

// ------------------------------------------------------------------------------------------------
// leases

Lease* HolderLink::cached_lease(const PassHash& pass_hash, std::string_view service) noexcept {
  return holder_.lookup(pass_hash, service, now()).lease;
}

io::Task<Result<Lease*>> HolderLink::lease_for(PassHash pass_hash, std::string_view service) {
  const auto alive = is_alive_;
  for (int attempt = 0; attempt < kAcquireAttempts; ++attempt) {
    auto found = holder_.lookup(pass_hash, service, now());
    if (found.found == Holder::Found::NeedsAcquire) {
      auto asked = holder_.acquire(pass_hash, service, now());
      if (!asked) co_return std::unexpected(std::move(asked).error());
      found = holder_.lookup(pass_hash, service, now());
    }
    if (found.lease != nullptr) co_return found.lease;
    if (found.denial != nullptr)
      co_return fail(found.denial->code, found.denial->message, found.denial->reason);
    const auto event = std::make_shared<io::Event>(loop_);
    const auto wake = [event] { event->set(); };
    if (!holder_.when_settled(pass_hash, service, wake)) continue;
    co_await event->wait();
    if (!*alive) co_return unavailable();
  }
  // One look more: the last answer may have been the good one.
  const auto found = holder_.lookup(pass_hash, service, now());
  if (found.lease != nullptr) co_return found.lease;
  if (found.denial != nullptr)
    co_return fail(found.denial->code, found.denial->message, found.denial->reason);
  co_return unavailable();
}

SessionId HolderLink::session_of_denial(const PassHash& pass_hash,
                                        std::string_view service) noexcept {
  const auto found = holder_.lookup(pass_hash, service, now());
  return found.denial == nullptr ? SessionId() : found.denial->session;
}

io::Task<Result<std::vector<LeaseId>>> HolderLink::leases_of_session(SessionId session) {
  struct Answer {
    explicit Answer(io::Loop& loop) : event(loop) {}
    io::Event event;
    Result<std::vector<LeaseId>> leases = unavailable();
  };
  const auto answer = std::make_shared<Answer>(loop_);
  holder_.acquire_session(session, now(), [answer](Result<std::vector<LeaseId>> leases) {
    answer->leases = std::move(leases);
    answer->event.set();
  });
  co_await answer->event.wait();
  co_return std::move(answer->leases);
}

// ------------------------------------------------------------------------------------------------
// uses

std::uint64_t HolderLink::intend(const Lease& lease, std::string_view host, std::string_view method,
                                 std::string_view path) {
  const auto sequence = next_sequence_++;
  if (channel_ == nullptr) {
    not_recorded_.add(sequence, sequence);
    return sequence;
  }
  encode_intent(sequence, lease.id(), host, method, path, intents_);
  ++intent_count_;
  if (intents_.size() > kBatchOctets)
    add_batch(kIntentsType, intent_count_, intents_, channel_->outgoing());
  // While earlier ones are being written, the next batch may as well grow.
  if (durable_up_to_ + 1 == sequence) {
    channel_->wake_writer();
  } else {
    channel_->wake_writer_when_calm();
  }
  return sequence;
}

void HolderLink::settle(const UseSettled& settled) {
  if (channel_ == nullptr) return;
  encode_settled(settled, settled_);
  ++settled_count_;
  if (settled_.size() > kBatchOctets) add_batches(channel_->outgoing());
  channel_->wake_writer_when_calm();
}

/// Intents first: a use is known before its end is.
void HolderLink::add_batches(ByteVector& out) {
  add_batch(kIntentsType, intent_count_, intents_, out);
  add_batch(kSettledType, settled_count_, settled_, out);
}

std::unique_ptr<HolderLink::Waiter> HolderLink::queue_waiter(std::uint64_t sequence) {
  std::unique_ptr<Waiter> waiter;
  if (idle_waiters_.empty()) {
    waiter = std::make_unique<Waiter>(loop_);
  } else {
    waiter = std::move(idle_waiters_.back());
    idle_waiters_.pop_back();
  }
  waiter->sequence = sequence;
  waiter->is_queued = true;
  waiting_.push_back(waiter.get());
  std::ranges::push_heap(waiting_, LaterFirst());
  return waiter;
}

void HolderLink::finish_waiter(std::unique_ptr<Waiter> waiter) {
  if (waiter->is_queued) {  // timed out
    std::erase(waiting_, waiter.get());
    std::ranges::make_heap(waiting_, LaterFirst());
    waiter->is_queued = false;
  }
  if (idle_waiters_.size() < kIdleWaiters) idle_waiters_.push_back(std::move(waiter));
}

void HolderLink::wake_durable_waiters() {
  while (!waiting_.empty()) {
    Waiter* first = waiting_.front();
    if (first->sequence > durable_up_to_ && !not_recorded_.covers(first->sequence)) return;
    std::ranges::pop_heap(waiting_, LaterFirst());
    waiting_.pop_back();
    first->is_queued = false;
    first->event.set();
  }
}

io::Task<Status> HolderLink::durable(std::uint64_t sequence, Deadline deadline) {
  if (is_durable(sequence)) co_return Status();
  if (not_recorded_.covers(sequence)) co_return unavailable();
  const auto alive = is_alive_;
  auto waiter = queue_waiter(sequence);
  const bool was_woken = co_await waiter->event.wait_until(deadline);
  if (!*alive) co_return unavailable();
  finish_waiter(std::move(waiter));
  if (is_durable(sequence)) co_return Status();
  if (was_woken) co_return unavailable();
  co_return fail(Code::Timeout, "The record of use was not written in time.", "record_timeout");
}

void HolderLink::report(const Finding& finding) {
  send(finding);
}

void HolderLink::report(const Refusals& refusals) {
  send(refusals);
}

void HolderLink::observe(const Observed& observed) {
  send(observed);
}

void HolderLink::session_active(SessionId session) {
  send(SessionActive{session});
}

void HolderLink::session_over(SessionId session, std::int32_t exit_status) {
  send(SessionOver{session, exit_status});
}

// ------------------------------------------------------------------------------------------------
// from the vault

void HolderLink::receive(Message&& message) {
  const auto at = now();
  if (auto* durable = std::get_if<IntentsDurable>(&message)) {
    durable_up_to_ = std::max(durable_up_to_, durable->up_to);
    return wake_durable_waiters();
  }
  if (auto* refused = std::get_if<IntentsRefused>(&message)) {
    for (const auto sequence : refused->sequences) not_recorded_.add(sequence, sequence);
    return wake_durable_waiters();
  }
  if (auto* renewed = std::get_if<Renewed>(&message)) return holder_.on_renewed(*renewed, at);
  if (auto* granted = std::get_if<Granted>(&message))
    return holder_.on_granted(std::move(*granted), at);
  if (auto* denied = std::get_if<Denied>(&message)) return holder_.on_denied(*denied, at);
  if (auto* all = std::get_if<AllGranted>(&message)) return holder_.on_all_granted(*all);
  if (auto* fence = std::get_if<Fence>(&message)) return holder_.on_fence(*fence);
  if (auto* refresh = std::get_if<Refresh>(&message)) {
    holder_.on_refresh(*refresh);
    if (handlers_.on_refresh && !holder_.awaits_session()) handlers_.on_refresh(refresh->key);
    if (refresh->order != 0) send(RefreshDone{refresh->order});
    return;
  }
  if (auto* hello = std::get_if<VaultHello>(&message)) {
    if (hello->protocol != kProtocol)
      return channel_->close("The vault speaks another version of the lease protocol.");
    if (handlers_.on_hello) handlers_.on_hello(std::move(*hello));
    return;
  }
  if (auto* check = std::get_if<CheckKey>(&message)) {
    const auto request = check->request;
    const auto lease = check->lease.lease;
    return holder_.confirm(std::move(check->lease), at, [this, request, lease](bool is_usable) {
      if (is_usable && handlers_.check_key) return loop_.spawn(run_check(request, lease));
      send(CheckDone{request, Verdict::Unknown, 0, "This holder cannot check keys now."});
    });
  }
  if (auto* spent = std::get_if<SpentByOthers>(&message)) {
    if (handlers_.on_spent) handlers_.on_spent(*spent);
    return;
  }
  if (auto* certificate = std::get_if<ServerCertificate>(&message)) {
    if (handlers_.on_certificate) handlers_.on_certificate(*certificate);
    return;
  }
  if (auto* drain = std::get_if<Drain>(&message)) {
    if (handlers_.on_drain) handlers_.on_drain(std::chrono::milliseconds(drain->within_ms));
    return;
  }
  channel_->close("The vault sent what only a holder may send.");
}

void HolderLink::fenced(const Fence& fence, std::uint32_t connections_closed) {
  if (handlers_.end_processes) return loop_.spawn(end_processes(fence, connections_closed));
  send(FenceDone{fence.order, connections_closed, {}});
}

io::Task<void> HolderLink::end_processes(Fence fence, std::uint32_t connections_closed) {
  const auto alive = is_alive_;
  FenceDone done;
  done.order = fence.order;
  done.connections_closed = connections_closed;
  done.processes = co_await handlers_.end_processes(fence);
  if (*alive) send(std::move(done));
}

io::Task<void> HolderLink::run_check(std::uint64_t request, LeaseId lease) {
  const auto alive = is_alive_;
  CheckDone done = co_await handlers_.check_key(lease);
  if (!*alive) co_return;
  done.request = request;
  send(std::move(done));
  holder_.release(lease);
}

}  // namespace strongroom::lease
