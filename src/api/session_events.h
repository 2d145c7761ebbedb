// SessionEvents: what happens in sessions, as a platform follows it (text/event-stream).
//
// Used by: ControlServer, which the vault tells. Threads: the loop's. The newest kKept events are
// kept, so that a follower who was away goes on after the last one it saw; one who was away for too
// long, or over a restart, is told so (`missed`) and lists the sessions anew. A follower who does
// not keep up is dropped. Inside the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "http/server.h"
#include "io/loop.h"
#include "vault/session_events.h"

namespace strongroom::api {

class SessionEvents {
 public:
  static constexpr std::size_t kKept = 4096;
  static constexpr std::size_t kMostFollowers = 64;
  static constexpr std::chrono::seconds kHeartbeat{15};

  /// One session's own stream.
  struct One {
    SessionId id;
    WallTime started{};
    /// It is over: nothing comes after what is kept, and this where its end is not kept any more.
    std::optional<vault::SessionEvent> end;
  };
  /// Whose events.
  struct Wanted {
    std::optional<TenantId> tenant;  ///< none: everybody's
    std::optional<MemberId> member;  ///< none: everybody's
    bool with_keys = false;          ///< also how keys do that this follower may see
    std::optional<One> session;      ///< this one's alone: the stream ends with it
    /// Id of the last event seen. Empty: from now on, and with `session` from its start.
    std::string after;
    /// Asked before anything is told; may be missing.
    std::function<bool()> may_go_on;
  };
  using Stream = std::function<io::Task<void>(http::ResponseWriter&)>;

  explicit SessionEvents(io::Loop& loop, std::chrono::milliseconds heartbeat = kHeartbeat);
  ~SessionEvents();
  SessionEvents(const SessionEvents&) = delete;
  SessionEvents& operator=(const SessionEvents&) = delete;

  void add(const vault::SessionEvent& event);
  /// Writes events until the follower leaves, its session has ended, or end(). Unavailable where
  /// kMostFollowers follow already.
  [[nodiscard]] Result<Stream> follow(Wanted wanted);
  /// Every stream ends in order.
  void end();

 private:
  struct Follower;
  struct State;
  static io::Task<void> serve(std::shared_ptr<Follower> follower, http::ResponseWriter& writer);
  std::shared_ptr<State> state_;
};

}  // namespace strongroom::api
