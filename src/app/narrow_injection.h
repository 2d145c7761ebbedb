// NarrowInjection: values of a session's injected keys that the runner holds in locked memory, and
// gives to one command at a time (workroom/exec_server.h), each use recorded before. With
// `strongroom run --inject exec` they are nowhere else; in a session with a login they are here
// too, as the workroom's own variables cannot be renewed.
//
// Used by: Runner. Threads: its loop's. A fence wipes the values before the workroom is ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "app/housing.h"
#include "lease/holder_side.h"
#include "workroom/exec_server.h"
#include "workroom/session_folder.h"

namespace strongroom::app {

class NarrowInjection final : public workroom::ExecKeys {
 public:
  /// `--exec-user`: "UID" or "UID:GID" (without one: of the same number).
  [[nodiscard]] static Result<std::optional<workroom::CommandUser>> parse_user(
      const std::string& text);

  /// Listens; nobody is served before `workroom` gives one.
  static Result<std::unique_ptr<NarrowInjection>> open(
      io::Loop& loop, lease::HolderLink& link, SessionId session, const Housing& housing,
      const RunOptions& options, std::function<workroom::Workroom*()> workroom);

  // As the workroom sees them.
  [[nodiscard]] std::string socket() const;
  [[nodiscard]] std::string init_program(const std::string& on_this_machine) const;

  /// The leases under which the values are held; anew after a restart of the vault.
  void hold(const lease::Lease& lease);
  void forget_leases() { leases_.clear(); }
  /// The values out of the environment of the session; their names come from nowhere else.
  void take_values(workroom::Environment& environment);
  /// The same, where they stay in it, too.
  void copy_values(const workroom::Environment& environment);
  /// In place of the value that this key had.
  [[nodiscard]] Status renew(const workroom::SessionKey& key);
  /// While newer values are on their way, whoever asks for one waits a little.
  void await_newer(bool are_on_their_way) { are_on_their_way_ = are_on_their_way; }
  /// Wipes.
  void forget_values();

  io::Task<Result<Uses>> record(std::vector<std::string> services, std::string program) override;
  Status add(const std::vector<std::string>& services,
             workroom::Environment& environment) const override;
  void settle(const Uses& uses, int status, Outcome outcome) override;
  [[nodiscard]] int exit_code(const Error& error) const override;

 private:
  NarrowInjection(io::Loop& loop, lease::HolderLink& link, SessionId session)
      : loop_(loop), link_(link), session_(session) {}
  struct HeldKey {
    std::string service;
    std::string label;
    LeaseId lease;
  };
  [[nodiscard]] bool has(const std::string& wish) const;
  [[nodiscard]] io::Task<void> newest() const;

  io::Loop& loop_;
  lease::HolderLink& link_;
  SessionId session_;
  std::optional<workroom::SessionFolder> folder_;  ///< of a workroom that is no container
  std::string socket_;                             ///< in it
  std::vector<HeldKey> leases_;
  std::vector<workroom::SecretVariable> values_;
  std::vector<workroom::KeyVariable> plain_;
  bool is_over_ = false;
  bool are_on_their_way_ = false;
  std::unique_ptr<workroom::ExecServer> server_;
};

}  // namespace strongroom::app
