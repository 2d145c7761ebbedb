// What the server answers to the start of a session, for who runs its workroom.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "base/result.h"

namespace strongroom::app {

/// What the server answered to the start of a session.
struct SessionStart {
  struct Granted {
    std::string service;
    std::string label;
    std::string pass;  ///< empty for an injected key
    std::vector<std::pair<std::string, std::string>> settings;
    bool is_login = false;  ///< an injected one that is renewed while the session runs
  };
  SessionId session;
  std::string runner_credential;     ///< of a runner that a ticket has started
  std::string gateway;               ///< where it is; empty: nobody attaches to this session
  std::string gateway_authority;     ///< PEM of who signed the gateway's certificate; may be empty
  std::string provider_authorities;  ///< PEM of whom the operator trusts beside the public roots
  std::string socket;                ///< of this session alone; may be empty
  std::string proxy_credential;
  std::string authority_pem;  ///< of the proxy ingress
  std::vector<Granted> passes;
  std::vector<Granted> injected;
};

/// A document of the schema StartedSession.
[[nodiscard]] Result<SessionStart> read_start(const json::value& answer);

}  // namespace strongroom::app
