// VaultSide: the vault's end of all lease channels, and the way revocation reaches the holders.
//
// Used by: app, which implements LeaseSource with the vault and the record of use; vault, through
// HolderFences. Threads: the vault's loop. Must outlive the loop's run. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "lease/channel.h"
#include "lease/grantor.h"
#include "lease/messages.h"
#include "vault/fences.h"

namespace strongroom::lease {

/// A use about to happen, with all that is known of its lease.
struct Use {
  HolderId holder;
  LeaseFacts facts;
  std::string host;
  std::string method;
  std::string path;
};
/// How a use ended; `record` is its number in the record of use.
struct SettledUse {
  std::uint64_t record = 0;
  HolderId holder;
  TenantId tenant;
  SessionId session;
  KeyId key;
  UseSettled settled;
};

/// What the vault's side needs of the vault. Plaintexts come in GrantedLease::value; `lease` is
/// filled in by VaultSide.
class LeaseSource {
 public:
  virtual ~LeaseSource() = default;
  /// Made anew for each holder; `holder` is filled in by VaultSide.
  virtual VaultHello vault_hello(HolderRole role) = 0;
  /// VaultHello::report_credential.
  virtual std::string report_credential(SessionId) { return {}; }
  virtual Result<GrantedLease> open_by_pass(const PassHash& pass_hash,
                                            std::string_view service) = 0;
  /// Whose pass it is, whatever it opens; none for one that nobody has.
  virtual SessionId session_of_pass(const PassHash&) const { return {}; }
  virtual Result<std::vector<GrantedLease>> open_injected(SessionId session) = 0;
  /// Is a newer version of one of these on its way? Then they are opened once it is there.
  virtual bool is_renewing(SessionId) const { return false; }
  /// For a lease made for a check, `session` is none.
  virtual bool may_continue(SessionId session, KeyId key) const = 0;
  /// Is it one of the keys that the session's runner is given, revoked or not?
  virtual bool was_given(SessionId, KeyId) const { return false; }
  /// Answers the number of the first in the record (the others follow one by one); calls `durable`
  /// once, when all are.
  virtual std::uint64_t on_intents(std::span<const Use> uses, std::function<void()> durable) = 0;
  virtual void on_settled(std::span<const SettledUse> settled) = 0;
  virtual void on_finding(const Finding& finding) = 0;
  virtual void on_refusals(const Refusals&) {}
  /// What was spent today under a policy by all but this gateway.
  virtual SpentToday spent_by_others(PolicyId, HolderId) const { return {}; }
  virtual void on_verdict(const Observed& observed) = 0;
  virtual void on_session_active(SessionId) {}
  virtual void on_session_over(SessionId session, std::int32_t exit_status) = 0;
  /// A holder's channel is gone. For a runner that did not say SessionOver, its session must be
  /// ended ("runner lost").
  virtual void on_holder_lost(const HolderHello& holder, bool said_session_over) = 0;
  /// The same, for what is kept by the holder's id.
  virtual void on_holder_gone(HolderId) {}
};

class VaultSide final : public vault::HolderFences {
 public:
  VaultSide(io::Loop& loop, LeaseSource& source);
  ~VaultSide() override;

  /// Serves one holder's channel until it ends. Only a holder of that role (and, for a runner, of
  /// that session) is admitted.
  void serve(io::Stream stream, HolderRole role, SessionId session = {});

  /// What a supervisor says of a session whose runner is dead; one that still had a channel loses
  /// it. False: nobody here was waiting for it.
  bool on_supervisor_report(SessionId session, const std::string& supervisor,
                            const std::vector<ProcessOutcome>& processes);

  io::Task<std::vector<vault::HolderOutcome>> fence(vault::FenceKind kind, IdBytes id,
                                                    std::string reason,
                                                    std::chrono::milliseconds grace) override;
  io::Task<std::vector<std::vector<vault::HolderOutcome>>> fence_each(
      std::vector<vault::FenceTarget> targets, std::string reason,
      std::chrono::milliseconds grace) override;
  void refresh(KeyId key) override;
  void announce_refresh(KeyId key) override;
  io::Task<void> refresh_all(std::vector<KeyId> keys) override;
  /// Every gateway asks anew before it begins another use of any key. What is under way goes on.
  void refresh_everything();

  /// Lets a gateway try the key at its provider. Unavailable when there is none and none comes for
  /// some 4 s, Timeout after 30 s.
  [[nodiscard]] io::Task<Result<CheckDone>> check_key(std::unique_ptr<GrantedLease> lease);
  /// Tells every gateway what the others have spent under these policies.
  void share_spending(std::span<const PolicyId> policies);
  /// Gives every gateway the certificate that its listener shows from now on. Called for each, as a
  /// message with a secret cannot be copied.
  void show_certificate(const std::function<ServerCertificate()>& certificate);
  /// Tells every gateway to stop accepting and to leave.
  void drain(std::chrono::milliseconds within);
  [[nodiscard]] std::size_t holder_count(HolderRole role) const;
  /// Does a runner of this session have a live channel?
  [[nodiscard]] bool has_runner(SessionId session) const override;
  [[nodiscard]] std::size_t lease_count() const noexcept { return grantor_.lease_count(); }
  /// Who has leases on the session's keys at this moment, and its runner.
  [[nodiscard]] std::vector<SessionHolder> holders_of(SessionId session) const {
    return grantor_.holders_of(session);
  }

 private:
  struct HolderChannel;
  struct Check;
  void receive(HolderChannel& holder, Message&& message);
  void admit(HolderChannel& holder, const HolderHello& hello);
  void serve_acquire(HolderChannel& holder, const Acquire& acquire, int tries = 0);
  void serve_acquire(HolderChannel& holder, const AcquireSession& acquire, int tries = 0);
  template <class Question>
  io::Task<void> acquire_later(HolderId id, Question question, int tries);
  void serve_intents(HolderChannel& holder, Intents&& intents);
  void serve_settled(HolderChannel& holder, const Settled& settled);
  void settle_what_is_open(HolderChannel& holder);
  void send_check(HolderId gateway, std::uint64_t request, std::unique_ptr<GrantedLease> lease);
  void finish_check(const HolderChannel& holder, CheckDone&& done);
  void closed(HolderId id, const std::string& why);
  void send(HolderId id, const Message& message);
  [[nodiscard]] SteadyTime now() const;
  [[nodiscard]] vault::HolderOutcome to_outcome(const FenceOutcome& outcome) const;

  io::Loop& loop_;
  LeaseSource& source_;
  Grantor grantor_;
  std::unique_ptr<io::Loop::Ticker> ticker_;
  std::map<HolderId, std::shared_ptr<HolderChannel>> channels_;
  std::uint64_t next_check_ = 1;
  std::unordered_map<std::uint64_t, std::shared_ptr<Check>> checks_;
  std::shared_ptr<bool> is_alive_;
  int acquires_held_ = 0;
};

}  // namespace strongroom::lease
