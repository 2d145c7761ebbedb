// HolderLink: a holder's end of the lease channel. The gateway and the runner use this and nothing
// else of the protocol.
//
// Used by: gateway (passes, intents), app's runner (a session's injected keys). Threads: one loop.
// When the channel is lost, leases run out within kLeaseTime, waiters answer Unavailable; connect()
// may be called again with a new stream. Steady state of lease, intent, settle allocates nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "lease/channel.h"
#include "lease/holder.h"
#include "lease/messages.h"
#include "lease/sequence_gaps.h"

namespace strongroom::lease {

class HolderLink {
 public:
  struct Handlers {
    /// Once per channel, first of all.
    std::function<void(VaultHello&&)> on_hello;
    /// Runner: ends the processes that were given the value and names each; the leases are gone and
    /// attachments cut already. Empty for a gateway: the fence is then acknowledged as soon as all
    /// attachments are cut.
    std::function<io::Task<std::vector<ProcessOutcome>>(Fence)> end_processes;
    /// Runner: a newer version of a key is there, or on its way, that it has not asked for yet.
    std::function<void(KeyId)> on_refresh;
    /// Gateway: asks the provider whether it accepts this key (the service's own check). The lease
    /// is found with holder().find(); the connection is attached to it like any other. `request` is
    /// filled in by the link.
    std::function<io::Task<CheckDone>(LeaseId)> check_key;
    /// Gateway: what others have spent under policies that it may share.
    std::function<void(const SpentByOthers&)> on_spent;
    /// Gateway: the certificate that its listener shows from now on.
    std::function<void(const ServerCertificate&)> on_certificate;
    /// Stop accepting, let streams end for so long, then leave.
    std::function<void(std::chrono::milliseconds)> on_drain;
    std::function<void(std::string why)> on_channel_lost;
  };

  HolderLink(io::Loop& loop, HolderHello hello, Handlers handlers);
  ~HolderLink();
  HolderLink(const HolderLink&) = delete;
  HolderLink& operator=(const HolderLink&) = delete;

  /// Says hello and serves the channel until it ends. Not while another is up.
  void connect(io::Stream stream);
  [[nodiscard]] bool is_connected() const noexcept;
  /// Writes out what is queued, then closes; within `deadline`.
  [[nodiscard]] io::Task<void> close(Deadline deadline);

  /// The hot path: answers at once when something is known of the pass (see Holder::lookup). Null:
  /// use lease_for.
  [[nodiscard]] Lease* cached_lease(const PassHash& pass_hash, std::string_view service) noexcept;
  /// The lease behind a pass, from what is held or from the vault. The pointer is good until the
  /// caller's next suspension: attach first. Errors: what the vault said (Error::reason
  /// "key_revoked", ...), Unavailable when it does not answer.
  [[nodiscard]] io::Task<Result<Lease*>> lease_for(PassHash pass_hash, std::string_view service);
  /// Whose pass was refused just now; none where the vault does not know, or the refusal is not
  /// its own.
  [[nodiscard]] SessionId session_of_denial(const PassHash& pass_hash,
                                            std::string_view service) noexcept;
  /// A runner's: all injected keys of its own session. The ids are looked up with holder().find().
  [[nodiscard]] io::Task<Result<std::vector<LeaseId>>> leases_of_session(SessionId session);

  /// A use is about to happen. Batched: one frame per turn of the loop. The answer is the sequence
  /// number.
  std::uint64_t intend(const Lease& lease, std::string_view host, std::string_view method,
                       std::string_view path);
  [[nodiscard]] bool is_durable(std::uint64_t sequence) const noexcept {
    return sequence <= durable_up_to_ && !not_recorded_.covers(sequence);
  }
  /// Waits until the vault has made the intent durable. Timeout, or Unavailable when the channel
  /// was lost or the vault refuses to record it.
  [[nodiscard]] io::Task<Status> durable(std::uint64_t sequence, Deadline deadline);
  void settle(const UseSettled& settled);
  void report(const Finding& finding);
  void report(const Refusals& refusals);
  /// What the provider said of a key.
  void observe(const Observed& observed);
  /// The runner's command has put something out or taken something in.
  void session_active(SessionId session);
  void session_over(SessionId session, std::int32_t exit_status);

  [[nodiscard]] Holder& holder() noexcept { return holder_; }

 private:
  struct Waiter;
  struct LaterFirst;
  void receive(Message&& message);
  void fenced(const Fence& fence, std::uint32_t connections_closed);
  io::Task<void> end_processes(Fence fence, std::uint32_t connections_closed);
  io::Task<void> run_check(std::uint64_t request, LeaseId lease);
  void add_batches(ByteVector& out);
  void send(const Message& message);
  void lost(const std::string& why);
  [[nodiscard]] std::unique_ptr<Waiter> queue_waiter(std::uint64_t sequence);
  void finish_waiter(std::unique_ptr<Waiter> waiter);
  void wake_durable_waiters();
  [[nodiscard]] SteadyTime now() const;

  io::Loop& loop_;
  HolderHello hello_;
  Handlers handlers_;
  Holder holder_;
  std::shared_ptr<Channel> channel_;
  std::unique_ptr<io::Loop::Ticker> ticker_;
  // Intents and settlements of this turn, encoded already; kept between turns for their capacity.
  ByteVector intents_;
  std::uint32_t intent_count_ = 0;
  ByteVector settled_;
  std::uint32_t settled_count_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t durable_up_to_ = 0;
  SequenceGaps not_recorded_;
  std::vector<std::unique_ptr<Waiter>> idle_waiters_;
  std::vector<Waiter*> waiting_;    ///< a heap, the lowest sequence first
  std::shared_ptr<bool> is_alive_;  ///< false after destruction, for coroutines that come back late
};

}  // namespace strongroom::lease
