// Sessions as the vault is asked for them and tells of them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/dynamic_id.h"
#include "base/id.h"
#include "vault/activity.h"

namespace strongroom::vault {

using Settings = std::vector<std::pair<std::string, std::string>>;

struct GrantView {
  GrantId id;
  std::string service;
  std::string label;
  KeyId key;
  std::string delivery;
};
/// A credential made at its source for one session.
struct DynamicView {
  DynamicId id;
  SessionId session;
  KeyId key;
  std::string name;   ///< of the role or user there
  std::string state;  ///< "minting", "live", "still_exposed", "destroyed"
  WallTime changed;
  std::string why;  ///< why it is still exposed
};
struct SessionView {
  SessionId id;
  std::string tenant;
  std::string member;
  std::string state;  ///< "open", "ended"
  std::string runtime;
  WallTime started;
  std::optional<WallTime> ended;
  WallTime expires;
  std::string ended_why;
  std::vector<GrantView> grants;
  Settings labels;
  std::chrono::seconds idle_limit{0};  ///< 0: none
  std::optional<Activity::Seen> seen;  ///< of an open one
  std::vector<DynamicView> credentials;
};
/// Why a session ended whose start was never answered, so that no runner knows of it.
inline constexpr std::string_view kNotBegun = "its credentials could not be made";
inline constexpr std::size_t kLongestSessionPage = 1000;

/// Which sessions a list shows, newest first.
struct SessionFilter {
  std::string tenant;               ///< empty: all
  std::string state;                ///< "open", "ended"; empty: both
  Settings labels;                  ///< it has all of these
  std::optional<SessionId> before;  ///< those that come after this one in the list
  std::size_t limit = kLongestSessionPage;
};

inline constexpr std::chrono::hours kLongestSession{24 * 7};

/// What a session asked for: "gemini", "gemini:label".
struct SessionRequest {
  std::string tenant;
  std::string member;
  std::vector<std::string> services;
  std::vector<std::string> skills;
  std::string runtime = "process";
  std::chrono::seconds time_limit{std::chrono::hours(12)};  ///< at most kLongestSession
  std::chrono::seconds idle_limit{0};                       ///< 0: none; at most kLongestSession
  Settings labels;            ///< a platform's own names of things (session_terms.h)
  bool wants_runner = false;  ///< a runner credential, for a runner without any other right
};

/// A ticket that was used a moment ago, and what may be started with it.
struct ClaimedTicket {
  TicketId id;
  SessionRequest request;
};

/// A pass just made: the only time it is known outside the workroom.
struct IssuedPass {
  GrantId grant;
  std::string service;
  std::string label;
  std::string pass;
  Settings settings;
};
/// An injected key that the runner will lease.
struct InjectedGrant {
  GrantId grant;
  std::string service;
  std::string label;
  Settings settings;
  bool is_login = false;  ///< its value is renewed while the session runs
};
/// How the session's workroom reaches hosts through the gateway's proxy ingress.
struct SessionProxy {
  std::string credential;     ///< the password of the proxy's URL
  std::string authority_pem;  ///< what the workroom trusts beside the public roots
};
struct StartedSession {
  SessionView session;
  SessionProxy proxy;
  std::vector<IssuedPass> passes;
  std::vector<InjectedGrant> injected;
  std::string runner_credential;  ///< empty where none was wanted
};

}  // namespace strongroom::vault
