// Holder: what a gateway or a runner knows of its leases, as a state machine without I/O.
//
// Used by: HolderLink (holder_side.h), which feeds it messages and time. Threads: one loop. Nothing
// here waits; what must be sent leaves through Hooks. A lease is dead for us kLeaseTime after we
// ASKED for it (or for its last renewal), whatever the clock of the vault says; that is checked at
// the moment of use. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "lease/messages.h"

namespace strongroom::lease {

class Holder;
class Lease;

/// One thing that carries a key: an upstream connection (busy or pooled), a websocket, the
/// processes of a workroom. While attached, the lease is kept. When the lease ends before the thing
/// does, cut() is called once, already detached.
class Attachment {
 public:
  Attachment() noexcept = default;
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;
  virtual ~Attachment() { detach(); }
  /// When this returns, not one more octet of what carries the key is sent (Stream::abort). May
  /// detach or destroy other attachments; must not destroy *this. `reason`: "key_revoked",
  /// "session_ended", "member_removed", "tenant_removed", "lease_expired", "lease_lost".
  virtual void cut(std::string_view reason) noexcept = 0;
  /// None before attach and after cut or detach. Ask again after every co_await: the lease may have
  /// ended meanwhile.
  [[nodiscard]] Lease* lease() const noexcept { return lease_; }
  /// Replaces what it was attached to. False when the lease has ended already.
  bool attach(Lease& lease) noexcept;
  void detach() noexcept;
  /// May the key be used at this moment? The check before each write of it.
  [[nodiscard]] bool is_usable(SteadyTime now) const noexcept;

 private:
  friend class Lease;
  friend class Holder;
  Lease* lease_ = nullptr;
  Attachment* previous_ = nullptr;
  Attachment* next_ = nullptr;
};

/// A lease as held. Valid until the next suspension of the caller, or for as long as an Attachment
/// says that it is attached to it.
class Lease {
 public:
  [[nodiscard]] const LeaseId& id() const noexcept { return granted_.lease; }
  /// Service, key, settings...; `value` is the key itself.
  [[nodiscard]] const GrantedLease& granted() const noexcept { return granted_; }
  [[nodiscard]] bool is_usable(SteadyTime now) const noexcept {
    return !has_ended_ && now < good_until_;
  }
  [[nodiscard]] SteadyTime good_until() const noexcept { return good_until_; }
  [[nodiscard]] bool has_attachments() const noexcept { return first_ != nullptr; }
  /// A runner hands the value to its child once and keeps only the lease.
  [[nodiscard]] Secret take_value() noexcept { return std::move(granted_.value); }
  /// What the program keeps beside the lease (the gateway: in which forms its key may come back).
  [[nodiscard]] const std::shared_ptr<const void>& companion() const noexcept { return companion_; }
  void set_companion(std::shared_ptr<const void> companion) noexcept {
    companion_ = std::move(companion);
  }
  /// After Observed was sent, so that it is sent once per change.
  void set_key_is_rejected(bool is_rejected) noexcept { granted_.key_is_rejected = is_rejected; }

 private:
  friend class Attachment;
  friend class Holder;
  GrantedLease granted_;
  SteadyTime good_until_{};
  SteadyTime last_used_{};
  PassHash pass_hash_{};     ///< gateways: its place in the index
  bool is_indexed_ = false;  ///< found by lookup()
  bool is_unconfirmed_ =
      false;                  ///< given unasked, first renewal under way: not usable, not expired
  bool is_orphaned_ = false;  ///< granted over a channel that is gone: runs out by itself
  bool has_ended_ = false;
  Attachment* first_ = nullptr;
  std::shared_ptr<const void> companion_;
};

/// A refusal, kept for a moment so that a looping agent does not flood the vault.
struct Denial {
  Code code = Code::Refused;
  std::string reason;  ///< "key_revoked", "pass_unknown", ...
  std::string message;
  SessionId session;  ///< whose pass it is; none: not known
};

class Holder {
 public:
  static constexpr std::chrono::milliseconds kDenialKept{1000};
  static constexpr std::chrono::seconds kUnusedKept{60};
  static constexpr std::chrono::seconds kAcquireWaits{5};
  static constexpr std::size_t kMaxDenials = 4096;
  static constexpr std::size_t kMaxPending = 16'384;

  struct Hooks {
    std::function<void(const Message&)> send;
    /// The leases are gone and all attachments cut. Whoever owns processes ends them, then
    /// fence_done() is sent by the link.
    std::function<void(const Fence&, std::uint32_t connections_closed)> on_fenced;
  };
  explicit Holder(Hooks hooks);
  ~Holder();  ///< cuts what is attached: "lease_lost"

  enum class Found : std::uint8_t { Usable, Pending, Denied, NeedsAcquire };
  struct Lookup {
    Found found = Found::NeedsAcquire;
    Lease* lease = nullptr;          ///< Usable
    const Denial* denial = nullptr;  ///< Denied; valid until the next call
  };
  /// The hot path: no allocation, no lock, no clock.
  [[nodiscard]] Lookup lookup(const PassHash& pass_hash, std::string_view service,
                              SteadyTime now) noexcept;
  /// Asks the vault; lookups answer Pending until it has answered. TooLarge when far too many are
  /// under way.
  [[nodiscard]] Status acquire(const PassHash& pass_hash, std::string_view service, SteadyTime now);
  /// Calls `done` once when that Acquire is answered, has timed out, or the channel is lost. False
  /// (not kept) when none is under way.
  bool when_settled(const PassHash& pass_hash, std::string_view service,
                    std::function<void()> done);

  using SessionDone = std::function<void(Result<std::vector<LeaseId>>)>;
  /// A runner: all injected keys of its session.
  void acquire_session(SessionId session, SteadyTime now, SessionDone done);
  [[nodiscard]] Lease* find(const LeaseId& id) noexcept;
  /// A lease that the vault gave unasked (CheckKey). It dates from no request of ours, so it is
  /// renewed first; `done` tells whether it can be used then.
  void confirm(GrantedLease&& granted, SteadyTime now, std::function<void(bool is_usable)> done);

  /// Done with it before its time: its attachments are cut, the vault is told.
  void release(const LeaseId& id);

  // What the vault says. `now` is the time of receipt.
  void on_granted(Granted&& granted, SteadyTime now);
  void on_all_granted(const AllGranted& done);
  void on_denied(const Denied& denied, SteadyTime now);
  void on_renewed(const Renewed& renewed, SteadyTime now);
  void on_fence(const Fence& fence);
  void on_refresh(const Refresh& refresh);
  /// Has a session's keys been asked for, and not been answered yet? What changes of them until
  /// then is in that answer.
  [[nodiscard]] bool awaits_session() const noexcept { return !session_requests_.empty(); }

  /// A channel works (again): leases can be asked for.
  void on_channel_up() noexcept { is_connected_ = true; }
  /// Held leases run out by themselves; whoever waits is told.
  void on_channel_lost();
  /// About every 50 ms: ends what has run out (cutting its attachments), asks for renewals,
  /// releases what is unused.
  void tick(SteadyTime now);
  [[nodiscard]] bool is_connected() const noexcept { return is_connected_; }
  [[nodiscard]] std::size_t lease_count() const noexcept { return leases_.size(); }
  /// Leases past their time whose attachments tick() will cut; for tests and metrics.
  [[nodiscard]] std::vector<LeaseId> expired(SteadyTime now) const;

 private:
  struct PassView {
    const PassHash& hash;
    std::string_view service;
  };
  struct PassKey {
    PassHash hash{};
    std::string service;
  };
  struct PassHasher {
    using is_transparent = void;
    std::size_t operator()(const PassKey& key) const noexcept { return first_octets(key.hash); }
    std::size_t operator()(const PassView& key) const noexcept { return first_octets(key.hash); }
    static std::size_t first_octets(const PassHash& hash) noexcept {
      std::size_t value = 0;
      std::memcpy(&value, hash.data(), sizeof(value));
      return value;
    }
  };
  struct PassEqual {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const noexcept {
      return a.hash == b.hash && a.service == b.service;
    }
  };
  /// What is known of one pass: exactly one of lease, pending request, denial.
  struct PassEntry {
    Lease* lease = nullptr;
    std::uint64_t request = 0;
    SteadyTime since{};  ///< asked, or denied
    Denial denial;
    std::vector<std::function<void()>> waiters;
  };
  using Index = std::unordered_map<PassKey, PassEntry, PassHasher, PassEqual>;
  struct PassRequest {
    PassKey pass;
    SteadyTime sent{};
  };
  struct SessionRequest {
    SteadyTime sent{};
    std::vector<LeaseId> leases;
    SessionDone done;
  };
  struct Round {
    std::uint64_t number = 0;
    SteadyTime sent{};
    std::vector<LeaseId> leases;
  };

  Lease& keep(GrantedLease&& granted, SteadyTime sent);
  void adopt_orphan(Lease& lease);
  std::uint32_t end(const LeaseId& id, std::string_view reason);
  static std::uint32_t cut_all(Lease& lease, std::string_view reason);
  void forget_pass(const Lease& lease);
  void settle_confirmation(const LeaseId& id, bool is_usable);
  void deny(Index::iterator entry, Denial denial, SteadyTime now);
  void forget_old_denials(SteadyTime now);
  void time_out_requests(SteadyTime now);
  void start_round(SteadyTime now);
  void release_unused(SteadyTime now);
  void end_expired(SteadyTime now);

  Hooks hooks_;
  bool is_connected_ = false;
  bool has_orphans_ = false;
  std::uint64_t next_request_ = 1;
  std::uint64_t next_round_ = 1;
  SteadyTime last_round_{};
  std::unordered_map<LeaseId, std::unique_ptr<Lease>> leases_;
  Index index_;
  std::unordered_map<std::uint64_t, PassRequest> pass_requests_;
  std::unordered_map<std::uint64_t, SessionRequest> session_requests_;
  std::deque<Round> rounds_;
  std::unordered_map<LeaseId, std::function<void(bool)>> confirmations_;
  std::deque<std::pair<PassKey, SteadyTime>> denials_;  ///< in order of time
};

}  // namespace strongroom::lease
