// The variables of a workroom: what its services need, an allow-list of what is inherited, and
// nothing else.
//
// Used by: app's runner. Threads: values. Fails: Invalid or Conflict with a sentence that names
// variables and services, never values. Where two keys want one name (postgres and mysql:
// DATABASE_URL), the first named has it; the other's is NAME_LABEL, or NAME_SERVICE where the key
// has no label. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "catalog/service.h"

namespace strongroom::workroom {

/// Not secret: passes, base URLs, paths.
struct PlainVariable {
  std::string name;
  std::string value;
};
/// "NAME=VALUE"; nothing where there is no name.
[[nodiscard]] std::optional<PlainVariable> parse_variable(std::string_view text);
struct SecretVariable {
  std::string name;
  Secret value;
  std::string service = {};  ///< whose key it is
  std::string label = {};
  std::string wanted = {};  ///< the name that its service gives it; another key may have that one
};
/// What is no secret of an injected key (a host, a user), beside the plain variable itself.
struct KeyVariable {
  std::string name;
  std::string value;
  std::string service;
  std::string label;
  std::string wanted;
};
struct Environment {
  std::vector<PlainVariable> plain;
  std::vector<SecretVariable> secret;
  std::vector<KeyVariable> of_keys;
  std::vector<std::string> unset;  ///< names that may come from nowhere else
};
/// One of an image's own variables: kept unless the session sets or unsets it.
void add_of_image(Environment& environment, std::string_view name, std::string_view value);

/// One key of a session. Proxied services have a pass, injected ones a value.
struct SessionKey {
  const catalog::Service* service = nullptr;
  std::string label;
  std::vector<std::pair<std::string, std::string>> settings;
  std::string pass;
  Secret value;
  bool is_login = false;  ///< its value is renewed while the session runs
};

struct SessionFacts {
  std::string session;  ///< STRONGROOM_SESSION
  std::string gateway;  ///< "http://127.0.0.1:8701": STRONGROOM_GATEWAY, and where base URLs start
  std::vector<PlainVariable>
      inherited;  ///< the caller's own environment, of which the allow-list is taken
  std::vector<PlainVariable> proxy;  ///< of the proxy ingress (proxy_environment.h), if wanted
  std::vector<PlainVariable>
      added;  ///< `run --env NAME=VALUE`; may not replace what a service sets or unsets, and
              ///< stands before the session's own part of a shared one (proxy_environment.h)
  std::string socket = {};        ///< STRONGROOM_SOCKET, where the session has one of its own
  std::string exec_socket = {};   ///< of whom values are asked for one command (exec_server.h), as
                                  ///< the workroom sees it; empty: nobody
  bool has_values = true;         ///< they are in the session's own environment, too
  std::string init_program = {};  ///< the same of strongroom-init
  std::vector<PlainVariable> ssh = {};  ///< where the session's SSH agent is
  bool is_container = false;            ///< PATH, HOME and their like are the image's
};

/// "work-2" → "WORK_2", as in NAME_LABEL.
[[nodiscard]] std::string variable_suffix(std::string_view label);
[[nodiscard]] Result<Environment> build_environment(const SessionFacts& facts,
                                                    std::vector<SessionKey> keys);
/// PATH, HOME, LANG, LC_*, TERM, TZ, USER, LOGNAME, SHELL, TMPDIR, COLORTERM, NO_COLOR.
[[nodiscard]] bool is_inherited(std::string_view name);
/// TERM, COLORTERM, NO_COLOR, LANG, LC_*, TZ.
[[nodiscard]] bool is_inherited_by_container(std::string_view name);
/// "http://127.0.0.1:8701" → "127.0.0.1"; an IPv6 address comes without its brackets.
[[nodiscard]] std::string host_of(std::string_view url);
/// This process's own environment as variables (for SessionFacts::inherited).
[[nodiscard]] std::vector<PlainVariable> own_environment();

}  // namespace strongroom::workroom
