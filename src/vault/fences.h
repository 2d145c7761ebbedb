// HolderFences: what revocation needs of whoever holds leases. Implemented by lease::Grantor's
// transport; the vault only knows this face. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "io/task.h"

namespace strongroom::vault {

enum class FenceKind : std::uint8_t { Key = 1, Session = 2 };

struct ExposedProcess {
  std::uint32_t pid = 0;
  std::string name;
  bool is_dead = false;
};

/// How one holder came to hold the key no more.
struct HolderOutcome {
  HolderId holder;
  std::string name;
  std::string role;   ///< "gateway", "runner"
  std::string how;    ///< "acknowledged", "lease_ran_out", "held_nothing", "ended_by_supervisor"
  SessionId session;  ///< a runner's
  WallTime at{};
  std::uint32_t connections_closed = 0;
  std::vector<ExposedProcess> processes;
  std::string reported_by;  ///< of "ended_by_supervisor": who said so
};

/// One thing to be fenced, where several go together (a member and all that is theirs).
struct FenceTarget {
  FenceKind kind = FenceKind::Key;
  IdBytes id{};
};

class HolderFences {
 public:
  virtual ~HolderFences() = default;
  /// Answers when every live holder has acknowledged or its leases have run out. Never fails: time
  /// does the rest.
  [[nodiscard]] virtual io::Task<std::vector<HolderOutcome>> fence(
      FenceKind kind, IdBytes id, std::string reason, std::chrono::milliseconds grace) = 0;
  /// Several at once, and of each what came of it: all begin before any is waited for. (Here one
  /// after the other, for small implementations in tests.)
  [[nodiscard]] virtual io::Task<std::vector<std::vector<HolderOutcome>>> fence_each(
      std::vector<FenceTarget> targets, std::string reason, std::chrono::milliseconds grace) {
    std::vector<std::vector<HolderOutcome>> all;
    for (const auto& target : targets) {
      auto outcomes = co_await fence(target.kind, target.id, reason, grace);
      all.push_back(std::move(outcomes));
    }
    co_return all;
  }
  /// The same, with what came of all of them.
  [[nodiscard]] io::Task<std::vector<HolderOutcome>> fence_all(std::vector<FenceTarget> targets,
                                                               std::string reason,
                                                               std::chrono::milliseconds grace) {
    const auto each = co_await fence_each(std::move(targets), std::move(reason), grace);
    std::vector<HolderOutcome> all;
    for (const auto& outcomes : each) all.insert(all.end(), outcomes.begin(), outcomes.end());
    co_return all;
  }
  /// Is the runner of this session connected, so that it speaks for its processes?
  [[nodiscard]] virtual bool has_runner(SessionId session) const = 0;
  /// Tells holders that a newer version exists. No answer is waited for.
  virtual void refresh(KeyId key) = 0;
  /// Tells runners that one is on its way: what they hand out meanwhile may be over any moment.
  virtual void announce_refresh(KeyId /*key*/) {}
  /// The same for several; answers when no holder begins a use with what it was granted before.
  /// Never fails: time does the rest. (Here at once, for small implementations in tests.)
  [[nodiscard]] virtual io::Task<void> refresh_all(std::vector<KeyId> keys) {
    for (const auto& key : keys) refresh(key);
    co_return;
  }
};

}  // namespace strongroom::vault
