// Seeded simulation of a vault and its holders over slow, stalling and breaking channels, in
// virtual time, with clocks that run at different speeds. What must hold: once a fence is complete
// no holder calls a lease of that key usable, ever (R1); and once a refresh is, none begins a use
// with a lease from before. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "lease/grantor.h"
#include "lease/holder.h"

namespace strongroom::lease {
namespace {

using std::chrono::milliseconds;

constexpr int kKeys = 4;
constexpr int kSessions = 3;

template <class AnyId>
AnyId id_of(std::uint8_t fill) {
  IdBytes bytes{};
  bytes.fill(fill);
  return AnyId(bytes);
}

PassHash pass_of(int session, int key) {
  PassHash hash{};
  hash[0] = static_cast<std::uint8_t>(session + 1);
  hash[1] = static_cast<std::uint8_t>(key + 1);
  return hash;
}

class Simulation;

struct Connection final : Attachment {
  void cut(std::string_view) noexcept override { was_cut = true; }
  bool was_cut = false;
};

/// One direction of a channel: in order, each frame with its own time of arrival.
struct Pipe {
  std::deque<std::pair<std::int64_t, ByteVector>> frames;
  std::int64_t last_arrival = 0;
};

struct SimulatedHolder {
  SimulatedHolder(Simulation& simulation, int number, double speed);
  Simulation& world;
  int number;
  double speed;  // of its clock
  HolderId id;
  bool is_up = false;
  Pipe up;    // to the vault
  Pipe down;  // from the vault
  std::unique_ptr<Holder> holder;
  std::vector<std::unique_ptr<Connection>> connections;
  [[nodiscard]] SteadyTime now() const;
};

class Simulation {
 public:
  explicit Simulation(std::uint32_t seed)
      : random_(seed),
        grantor_({[this](HolderId id, const Message& m) { to_holder(id, m); },
                  [this](SessionId session, KeyId key) { return may(session, key); }}) {
    const int holders = 1 + pick(4);
    for (int i = 0; i < holders; ++i)
      holders_.push_back(
          std::make_unique<SimulatedHolder>(*this, i, 0.95 + 0.1 * pick(100) / 100.0));
  }

  void run(std::int64_t for_ms) {
    for (const std::int64_t end = now_ms + for_ms; now_ms < end && !testing::Test::HasFailure();
         ++now_ms)
      step();
  }
  /// Every fence that was begun must have completed by now.
  void expect_all_complete() const {
    EXPECT_EQ(begun_, complete_.size() + complete_sessions_.size());
  }

  [[nodiscard]] SteadyTime vault_now() const { return SteadyTime(milliseconds(now_ms)); }
  void send(Pipe& pipe, const Message& message) {
    ByteVector frame;
    encode(message, frame);
    const std::int64_t delay = pick(100) < 2 ? pick(4000) : pick(30);  // now and then a stall
    pipe.last_arrival = std::max(pipe.last_arrival, now_ms + delay);
    pipe.frames.emplace_back(pipe.last_arrival, std::move(frame));
  }
  std::int64_t now_ms = 1000;

 private:
  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  bool may(SessionId session, KeyId key) const {
    return !revoked_.contains(key) && !over_.contains(session);
  }
  SimulatedHolder* by_id(HolderId id) {
    for (auto& each : holders_)
      if (each->is_up && each->id == id) return each.get();
    return nullptr;
  }
  void to_holder(HolderId id, const Message& message) {
    if (auto* holder = by_id(id)) send(holder->down, message);
  }

  void step() {
    for (auto& each : holders_) {
      if (pick(3000) == 0) toggle(*each);
      deliver_up(*each);
      deliver_down(*each);
      if (pick(20) == 0) use(*each);
      if (now_ms % 50 == each->number) each->holder->tick(each->now());
      check(*each);
    }
    if (now_ms % 50 == 7) grantor_.tick(vault_now());
    if (pick(2000) == 0) revoke(id_of<KeyId>(static_cast<std::uint8_t>(1 + pick(kKeys))));
    if (pick(6000) == 0)
      end_session(id_of<SessionId>(static_cast<std::uint8_t>(1 + pick(kSessions))));
    if (pick(1500) == 0) refresh(id_of<KeyId>(static_cast<std::uint8_t>(1 + pick(kKeys))));
  }

  void toggle(SimulatedHolder& each) {
    each.up = {};
    each.down = {};
    if (each.is_up) {
      each.is_up = false;
      each.holder->on_channel_lost();
      grantor_.lose_holder(each.id, vault_now());
      return;
    }
    IdBytes bytes{};
    bytes[0] = static_cast<std::uint8_t>(each.number + 1);
    bytes[1] = static_cast<std::uint8_t>(++connection_ >> 8);
    bytes[2] = static_cast<std::uint8_t>(connection_);
    each.id = HolderId(bytes);
    each.is_up = true;
    grantor_.add_holder(each.id, {kProtocol, HolderRole::Gateway, 1, "gateway", {}});
    each.holder->on_channel_up();
  }

  static std::optional<Message> take(Pipe& pipe, std::int64_t now) {
    if (pipe.frames.empty() || pipe.frames.front().first > now) return std::nullopt;
    auto message = decode(ByteView(pipe.frames.front().second).subspan(4));
    pipe.frames.pop_front();
    EXPECT_TRUE(message);
    return std::move(*message);
  }

  void deliver_up(SimulatedHolder& each) {
    while (each.is_up) {
      auto message = take(each.up, now_ms);
      if (!message) return;
      if (auto* acquire = std::get_if<Acquire>(&*message)) grant(each, *acquire);
      if (auto* renew = std::get_if<Renew>(&*message))
        grantor_.on_renew(each.id, *renew, vault_now());
      if (auto* release = std::get_if<Release>(&*message))
        grantor_.on_release(each.id, *release, vault_now());
      if (auto* done = std::get_if<FenceDone>(&*message))
        grantor_.on_fence_done(each.id, *done, vault_now());
      if (auto* done = std::get_if<RefreshDone>(&*message))
        grantor_.on_refresh_done(each.id, *done);
    }
  }

  void grant(SimulatedHolder& each, const Acquire& acquire) {
    Granted answer;
    answer.request = acquire.request;
    answer.lease.session = id_of<SessionId>(acquire.pass_hash[0]);
    answer.lease.key = id_of<KeyId>(acquire.pass_hash[1]);
    answer.lease.service = acquire.service;
    answer.lease.key_version = newest_[answer.lease.key];
    const bool may_be = may(answer.lease.session, answer.lease.key);
    if (may_be && grantor_.grant(each.id, answer.lease, vault_now()))
      return send(each.down, std::move(answer));
    send(each.down, Denied{acquire.request, Code::Revoked, "key_revoked", "revoked", {}});
  }

  void deliver_down(SimulatedHolder& each) {
    while (each.is_up) {
      auto message = take(each.down, now_ms);
      if (!message) return;
      const auto now = each.now();
      if (auto* granted = std::get_if<Granted>(&*message))
        each.holder->on_granted(std::move(*granted), now);
      if (auto* denied = std::get_if<Denied>(&*message)) each.holder->on_denied(*denied, now);
      if (auto* renewed = std::get_if<Renewed>(&*message)) each.holder->on_renewed(*renewed, now);
      if (auto* fence = std::get_if<Fence>(&*message)) each.holder->on_fence(*fence);
      if (auto* refresh = std::get_if<Refresh>(&*message)) {
        each.holder->on_refresh(*refresh);
        if (refresh->order != 0) send(each.up, RefreshDone{refresh->order});
      }
    }
  }

  void use(SimulatedHolder& each) {
    const auto pass = pass_of(pick(kSessions), pick(kKeys));
    const auto found = each.holder->lookup(pass, "s", each.now());
    if (found.found == Holder::Found::NeedsAcquire)
      static_cast<void>(each.holder->acquire(pass, "s", each.now()));
    if (found.lease != nullptr && each.connections.size() < 20) {
      ++uses;
      each.connections.push_back(std::make_unique<Connection>());
      EXPECT_TRUE(each.connections.back()->attach(*found.lease));
    }
    if (!each.connections.empty() && pick(4) == 0)
      each.connections.erase(each.connections.begin() +
                             pick(static_cast<int>(each.connections.size())));
    std::erase_if(each.connections, [](const auto& connection) { return connection->was_cut; });
  }

  void check(SimulatedHolder& each) {
    for (const auto& connection : each.connections) {
      if (connection->lease() == nullptr) continue;
      const auto& granted = connection->lease()->granted();
      const bool is_over =
          complete_.contains(granted.key) || complete_sessions_.contains(granted.session);
      ASSERT_FALSE(is_over && connection->is_usable(each.now())) << "a fenced key is usable";
      // An attached connection may carry the key until it is cut: at the latest one tick after the
      // lease's end.
      ASSERT_FALSE(is_over && each.now() > connection->lease()->good_until() + milliseconds(60))
          << "an open stream after the fence";
    }
    for (int session = 0; session < kSessions; ++session)
      for (int key = 0; key < kKeys; ++key) {
        const auto found = each.holder->lookup(pass_of(session, key), "s", each.now());
        if (found.found != Holder::Found::Usable) continue;
        ASSERT_FALSE(complete_.contains(found.lease->granted().key)) << "R1 broken at " << now_ms;
        ASSERT_FALSE(complete_sessions_.contains(found.lease->granted().session))
            << "R1 broken at " << now_ms;
        ASSERT_GE(found.lease->granted().key_version, refreshed_[found.lease->granted().key])
            << "an outdated lease is good for new uses at " << now_ms;
      }
  }

  void revoke(KeyId key) {
    if (!revoked_.insert(key).second) return;
    ++begun_;
    const auto began = now_ms;
    grantor_.fence(FenceKind::Key, key.bytes(), "key_revoked", milliseconds(0), vault_now(),
                   [this, key, began](const std::vector<FenceOutcome>&) {
                     complete_.insert(key);
                     EXPECT_LE(now_ms - began, (kLeaseTime + kMargin).count() + 50)
                         << "a fence ends by time alone";
                   });
  }
  /// What is granted from here on is of another version.
  void refresh(KeyId key) {
    const std::uint32_t version = ++newest_[key];
    const auto began = now_ms;
    const std::vector<KeyId> keys{key};
    grantor_.refresh(keys, vault_now(), [this, key, version, began] {
      refreshed_[key] = std::max(refreshed_[key], version);
      EXPECT_LE(now_ms - began, 2 * (kLeaseTime + kMargin).count() + 50)
          << "a refresh ends by time alone";
    });
  }
  void end_session(SessionId session) {
    if (!over_.insert(session).second) return;
    ++begun_;
    grantor_.fence(
        FenceKind::Session, session.bytes(), "session_ended", milliseconds(0), vault_now(),
        [this, session](const std::vector<FenceOutcome>&) { complete_sessions_.insert(session); });
  }

  std::mt19937 random_;
  Grantor grantor_;
  std::vector<std::unique_ptr<SimulatedHolder>> holders_;
  int connection_ = 0;
  std::size_t begun_ = 0;
  std::map<KeyId, std::uint32_t> newest_, refreshed_;
  std::set<KeyId> revoked_, complete_;
  std::set<SessionId> over_, complete_sessions_;

 public:
  std::size_t uses = 0;
  void stop_changes_and_settle() {
    run(static_cast<std::int64_t>((kLeaseTime + kMargin).count()) + 5000);
  }
};

SimulatedHolder::SimulatedHolder(Simulation& simulation, int n, double s)
    : world(simulation), number(n), speed(s) {
  Holder::Hooks hooks;
  hooks.send = [this](const Message& message) {
    if (is_up) world.send(up, message);
  };
  hooks.on_fenced = [this](const Fence& fence, std::uint32_t closed) {
    if (is_up) world.send(up, FenceDone{fence.order, closed, {}});
  };
  holder = std::make_unique<Holder>(std::move(hooks));
}

SteadyTime SimulatedHolder::now() const {
  return SteadyTime(std::chrono::hours(1) +
                    std::chrono::microseconds(static_cast<std::int64_t>(
                        speed * 1000.0 * static_cast<double>(world.now_ms))));
}

TEST(LeaseSimulation, AfterAFenceNobodyUsesTheKey) {
  std::size_t uses = 0;
  for (std::uint32_t seed = 1; seed <= 2000 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation simulation(seed);
    simulation.run(6000);
    uses += simulation.uses;
  }
  EXPECT_GT(uses, 10'000U);  // the simulation does use keys
}

}  // namespace
}  // namespace strongroom::lease
