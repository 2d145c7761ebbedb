// Environment: the variables of a session's workroom, from the catalogue's templates; nothing else gets in but an allow-list.
//
// Used by: app's runner. Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "catalog/catalog.h"

namespace strongroom::workroom {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// One variable; the value is a Secret whatever it is, so that no caller has to tell them apart.
struct Variable {
  std::string name;
  Secret value;
};

class Environment {
 public:
  /// Starts with what may be inherited from `inherited` ("NAME=VALUE" as in environ): PATH, HOME, LANG, LC_*, TERM, TZ, USER, LOGNAME, SHELL,
  /// TMPDIR, COLORTERM, NO_COLOR.
  explicit Environment(const char* const* inherited);

  /// A proxied service: its templates with the pass and this gateway ("http://127.0.0.1:8701").
  Status add_proxied(const catalog::Service& service, const Settings& settings, const std::string& pass, const std::string& gateway);
  /// An injected service: its templates with the key's value, and git's credential helper where the service has a git host.
  Status add_injected(const catalog::Service& service, const Settings& settings, const Secret& value);
  /// A plain variable of the caller's own (`run --env`, STRONGROOM_SESSION). Replaces.
  void set(const std::string& name, const std::string& value);
  /// git's variables, if any service wanted them. Call last.
  void finish();
  [[nodiscard]] std::vector<Variable> take() { return std::move(variables_); }

 private:
  struct GitHelper {
    std::string host;
    std::string user;
    std::string variable;
  };
  void put(const std::string& name, Secret value);
  std::vector<Variable> variables_;
  std::vector<GitHelper> git_;
};

}  // namespace strongroom::workroom
