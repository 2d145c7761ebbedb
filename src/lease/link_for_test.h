// Both ends of a real channel over a socket pair, on one loop, and a vault of ten lines behind
// them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <set>

#include "io/net.h"
#include "lease/holder_side.h"
#include "lease/vault_side.h"

namespace strongroom::lease {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline PassHash pass_of(std::uint8_t fill) {
  PassHash hash{};
  hash.fill(fill);
  return hash;
}

/// A vault of ten lines: one key a pass, revoked or not.
class TinyVault final : public LeaseSource {
 public:
  VaultHello vault_hello(HolderRole) override { return {}; }
  Result<GrantedLease> open_by_pass(const PassHash& pass, std::string_view service) override {
    ++opened;
    const auto key = key_of(pass[0]);
    if (revoked.contains(key)) return fail(Code::Revoked, "This key was revoked.", "key_revoked");
    return make(key, std::string(service));
  }
  Result<std::vector<GrantedLease>> open_injected(SessionId) override {
    std::vector<GrantedLease> leases;
    leases.push_back(make(key_of(7), "github"));
    leases.push_back(make(key_of(8), "postgres"));
    return leases;
  }
  bool may_continue(SessionId, KeyId key) const override { return !revoked.contains(key); }
  std::uint64_t on_intents(std::span<const Use> batch, std::function<void()> durable) override {
    for (const auto& use : batch) uses.push_back(use);
    if (hold_back) {
      held.push_back(std::move(durable));
    } else {
      durable();
    }
    return uses.size() - batch.size() + 100;
  }
  void on_settled(std::span<const SettledUse> batch) override {
    settled.insert(settled.end(), batch.begin(), batch.end());
  }
  void on_finding(const Finding&) override { ++findings; }
  void on_verdict(const Observed&) override { ++verdicts; }
  void on_session_over(SessionId, std::int32_t) override { ++sessions_over; }
  void on_holder_lost(const HolderHello&, bool) override { ++lost; }
  void on_holder_gone(HolderId id) override { gone.insert(id); }
  void on_refusals(const Refusals& refusals) override { refused = refusals.counts; }
  SpentToday spent_by_others(PolicyId, HolderId holder) const override {
    return {20'000, 5, gone.contains(holder) ? 0U : spent};
  }

  static KeyId key_of(std::uint8_t fill) {
    IdBytes bytes{};
    bytes.fill(fill);
    return KeyId(bytes);
  }
  GrantedLease make(KeyId key, std::string service) {
    GrantedLease lease;
    lease.key = key;
    lease.session = SessionId(IdBytes{9});
    lease.service = std::move(service);
    lease.policies.resize(1);
    lease.policies[0].policy.concurrent = 3;
    lease.value = Secret(bytes_of("value"));
    return lease;
  }
  std::set<KeyId> revoked;
  std::vector<Use> uses;
  std::vector<SettledUse> settled;
  std::vector<std::function<void()>> held;
  std::set<HolderId> gone;
  std::vector<std::pair<std::string, std::uint32_t>> refused;
  std::uint64_t spent = 7;
  bool hold_back = false;
  int opened = 0, findings = 0, verdicts = 0, sessions_over = 0, lost = 0;
};

struct Carrier final : Attachment {
  void cut(std::string_view why) noexcept override { reason = why; }
  std::string reason;
};

class Link : public testing::Test {
 protected:
  Link() : loop(clock), side(loop, vault) {}

  std::unique_ptr<HolderLink> join(HolderRole role, HolderLink::Handlers handlers = {}) {
    const auto pair = io::socket_pair();
    EXPECT_TRUE(pair);
    auto ours = io::Stream::adopt(loop, pair->ours);
    auto theirs = io::Stream::adopt(loop, pair->theirs);
    EXPECT_TRUE(ours && theirs);
    const SessionId session = role == HolderRole::Runner ? SessionId(IdBytes{9}) : SessionId();
    side.serve(std::move(*ours), role, session);
    auto link = std::make_unique<HolderLink>(
        loop, HolderHello{kProtocol, role, 1, "holder", session}, std::move(handlers));
    link->connect(std::move(*theirs));
    return link;
  }
  /// Runs the loop until the coroutine is done, at most 20 s.
  void run(io::Task<void> story) {
    loop.spawn(finish(std::move(story)));
    loop.spawn(give_up());
    loop.run();
    ASSERT_TRUE(is_done);
  }
  io::Task<void> finish(io::Task<void> story) {
    co_await std::move(story);
    is_done = true;
    loop.stop();
  }
  io::Task<void> give_up() {
    co_await loop.sleep(seconds(120));
    loop.stop();
  }
  io::Task<void> until(std::function<bool()> is_so) {
    for (int i = 0; i < 60'000 && !is_so(); ++i) co_await loop.sleep(milliseconds(1));
  }

  SystemClock clock;
  TinyVault vault;
  io::Loop loop;
  VaultSide side;
  bool is_done = false;
};

}  // namespace strongroom::lease
