// Grantor: what the vault knows of holders and their leases, as a state machine without I/O.
//
// Used by: VaultSide, which feeds it messages and time. Threads: one loop. A lease runs out
// kLeaseTime + kMargin after its Acquire or Renew was RECEIVED, so always later than the holder's
// own deadline. A fence is complete when every holder that held something has acknowledged, or its
// leases have run out. Revocation must be durable before fence() is called: nothing new is granted
// then, and renewals stop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "lease/messages.h"

namespace strongroom::lease {

/// How one holder came to hold nothing of it any more.
struct FenceOutcome {
  enum class How : std::uint8_t { Acknowledged, LeaseRanOut, HeldNothing, EndedBySupervisor };
  HolderId holder;
  std::string name;
  HolderRole role = HolderRole::Gateway;
  std::uint32_t pid = 0;
  SessionId session;  ///< a runner's
  How how = How::HeldNothing;
  SteadyTime at{};
  std::uint32_t connections_closed = 0;
  std::vector<ProcessOutcome>
      processes;  ///< a runner that is there and did not answer: its own process, as not dead
  std::string reported_by;  ///< the supervisor that has ended what a lost runner left
};

/// What a lease is for, without the value; kept for a while after its end, for uses reported late.
struct LeaseFacts {
  TenantId tenant;
  MemberId member;
  SessionId session;
  GrantId grant;
  KeyId key;
  std::uint32_t key_version = 0;
  std::string service;
  std::string label;
};

/// Who has something of a session at this moment.
struct SessionHolder {
  HolderId holder;
  std::string name;
  HolderRole role = HolderRole::Gateway;
  SteadyTime since{};       ///< of its first lease that still holds, or of a runner's coming
  std::vector<KeyId> keys;  ///< of which it has leases; a runner: was given the values
};

class Grantor {
 public:
  /// How long a runner may take to end processes, beyond the grace between TERM and KILL.
  static constexpr std::chrono::milliseconds kRunnerSlack{3000};
  static constexpr std::chrono::seconds kFactsKept{60};
  /// How long the supervisor of a lost runner is waited for. What it says later counts as well, but
  /// nobody waits for it.
  static constexpr std::chrono::seconds kSupervisorSpeaks{5};

  struct Hooks {
    std::function<void(HolderId, const Message&)> send;
    std::function<bool(SessionId, KeyId)> may_continue;
    /// Is it one of the keys that the session's runner is given? Null: none is.
    std::function<bool(SessionId, KeyId)> was_given = {};
  };
  explicit Grantor(Hooks hooks);

  void add_holder(HolderId id, const HolderHello& hello, SteadyTime now = {});
  enum class Departure : std::uint8_t { Lost, InOrder };
  /// Its channel is gone. Its leases run out by themselves; for a runner that was lost, its
  /// supervisor may still speak, and one that has left in order has said that all is over.
  void lose_holder(HolderId id, SteadyTime now, Departure departure = Departure::Lost);
  /// The session's runner is dead, and what became of its processes. False: no runner of it was
  /// waiting for that word.
  bool on_supervisor_report(SessionId session, const std::string& supervisor,
                            const std::vector<ProcessOutcome>& processes, SteadyTime now);
  [[nodiscard]] const HolderHello* find(HolderId id) const;

  /// Books the lease before it is sent, and gives it its id. `received`: when the holder's request
  /// arrived. False (grant nothing) when a fence for it is under way or the holder is gone.
  [[nodiscard]] bool grant(HolderId holder, GrantedLease& lease, SteadyTime received);
  void on_renew(HolderId holder, const Renew& renew, SteadyTime received);
  void on_release(HolderId holder, const Release& release, SteadyTime now);
  void on_fence_done(HolderId holder, const FenceDone& done, SteadyTime now);

  using FenceComplete = std::function<void(std::vector<FenceOutcome>)>;
  /// Tells all live holders; `complete` is called once, perhaps before this returns.
  void fence(FenceKind kind, const IdBytes& id, const std::string& reason,
             std::chrono::milliseconds grace, SteadyTime now, FenceComplete complete);
  /// To all live holders; no answer.
  void refresh(KeyId key);
  /// To the runners that were given it.
  void announce_refresh(KeyId key);
  /// The same for several. `complete` is called once, perhaps before this returns: when no holder
  /// begins a use with a lease of these keys from before any more, because it has said so or those
  /// leases have run out. What does not answer for as long as a lease lasts is not renewed.
  void refresh(std::span<const KeyId> keys, SteadyTime now, std::function<void()> complete);
  void on_refresh_done(HolderId holder, const RefreshDone& done);
  /// About every 50 ms.
  void tick(SteadyTime now);

  [[nodiscard]] const LeaseFacts* facts(const LeaseId& lease) const;
  [[nodiscard]] std::size_t lease_count() const noexcept { return leases_.size(); }
  [[nodiscard]] std::vector<HolderId> live_holders(HolderRole role) const;
  /// All keys of which somebody has a lease.
  [[nodiscard]] std::set<KeyId> leased_keys() const;
  [[nodiscard]] std::vector<SessionHolder> holders_of(SessionId session) const;

 private:
  struct HolderState {
    HolderHello hello;
    bool is_live = true;
    SteadyTime since{};
    /// A runner: all that it was ever given. Processes keep a value whatever becomes of the lease.
    std::vector<LeaseFacts> given;
    SteadyTime speaks_until{};  ///< a lost runner, by its supervisor
    struct Report {
      std::string supervisor;
      std::vector<ProcessOutcome> processes;
    };
    std::optional<Report> report;
  };
  struct LeaseState {
    HolderId holder;
    LeaseFacts facts;
    SteadyTime runs_out{};
    SteadyTime since{};
  };
  struct Waiting {
    FenceOutcome outcome;
    SteadyTime until{};
  };
  struct Order {
    FenceKind kind = FenceKind::Key;
    IdBytes id{};
    std::map<HolderId, Waiting> waiting;
    std::vector<FenceOutcome> outcomes;
    FenceComplete complete;
  };
  struct Refreshing {
    std::set<KeyId> keys;
    std::set<HolderId> waiting;
    SteadyTime renewed_until{};
    std::function<void()> complete;
  };
  struct Ended {
    LeaseFacts facts;
    SteadyTime at{};
  };
  [[nodiscard]] static bool concerns(FenceKind kind, const IdBytes& id,
                                     const LeaseFacts& facts) noexcept;
  [[nodiscard]] bool is_fenced(const LeaseFacts& facts) const noexcept;
  [[nodiscard]] bool had_before(const HolderState& holder, FenceKind kind, const IdBytes& id) const;
  [[nodiscard]] FenceOutcome outcome_of(HolderId id, const HolderState& holder,
                                        SteadyTime now) const;
  void end(std::unordered_map<LeaseId, LeaseState>::iterator lease, SteadyTime now);
  void end_of_order(HolderId holder, const Order& order, SteadyTime now);
  void complete_if_done(std::uint64_t number);
  void settle_by_report(HolderId id, const HolderState& holder, SteadyTime now);
  [[nodiscard]] bool is_outdated(HolderId holder, const LeaseFacts& facts,
                                 SteadyTime now) const noexcept;
  [[nodiscard]] std::set<HolderId> who_holds(const std::set<KeyId>& keys) const;
  void look_at_refreshes();
  void forget_gone_holders(SteadyTime now);

  Hooks hooks_;
  std::uint64_t next_order_ = 1;
  std::map<HolderId, HolderState> holders_;
  std::unordered_map<LeaseId, LeaseState> leases_;
  std::unordered_map<LeaseId, Ended> ended_;
  std::map<std::uint64_t, Order> orders_;
  std::map<std::uint64_t, Refreshing> refreshes_;
};

}  // namespace strongroom::lease
