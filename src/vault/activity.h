// Activity: what happens in open sessions, for their idle limits and their sums.
//
// Used by: vault. Without I/O. Threads: the vault's loop. A session is active while a proxied use
// of it is under way, and at the moment when one begins or ends, when a runner leases its injected
// keys, and when a runner says that its command has put something out or taken something in. A
// restart of the server begins the idle time anew. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace strongroom::vault {

class Activity {
 public:
  /// Steady for decisions, wall for people.
  struct Moment {
    SteadyTime steady{};
    WallTime wall{};
  };
  struct Seen {
    WallTime last_active{};
    std::uint64_t uses = 0;  ///< of proxied keys, begun
    std::uint64_t under_way = 0;
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
  };

  /// `idle_limit` 0: none.
  void begin(SessionId session, std::chrono::seconds idle_limit, Moment now);
  void end(SessionId session);
  /// The following ignore sessions that have not begun or have ended.
  void note(SessionId session, Moment now);
  void use_begun(SessionId session, HolderId holder, Moment now);
  void use_settled(SessionId session, HolderId holder, std::uint64_t bytes_up,
                   std::uint64_t bytes_down, Moment now);
  /// What was counted before a restart.
  void add_earlier(SessionId session, std::uint64_t uses, std::uint64_t bytes_up,
                   std::uint64_t bytes_down);
  /// Its uses under way are over, in whatever manner.
  void forget_holder(HolderId holder, Moment now);

  [[nodiscard]] std::optional<Seen> seen(SessionId session) const;
  [[nodiscard]] std::vector<SessionId> idle(SteadyTime now) const;

 private:
  struct Entry {
    std::chrono::seconds idle_limit{0};
    Moment last;
    Seen sums;
    std::unordered_map<HolderId, std::uint64_t> under_way;
  };
  [[nodiscard]] Entry* find(SessionId session);
  std::unordered_map<SessionId, Entry> entries_;
};

}  // namespace strongroom::vault
