// SshAccess: the SSH keys of a session. They stay with the runner, in locked memory; the workroom
// has an agent (workroom/ssh_agent.h) that logs in with them where they are for, each login
// recorded before.
//
// Used by: Runner. Threads: its loop's. A fence wipes the keys before the workroom is ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/housing.h"
#include "lease/holder_side.h"
#include "workroom/session_folder.h"
#include "workroom/ssh_agent.h"
#include "workroom/workroom.h"

namespace strongroom::app {

class SshAccess final : public workroom::SshKeys {
 public:
  /// Listens; no process is served before `workroom` gives one that it is of.
  static Result<std::unique_ptr<SshAccess>> open(io::Loop& loop, lease::HolderLink& link,
                                                 SessionId session, const Housing& housing,
                                                 std::function<workroom::Workroom*()> workroom);

  /// `host_inside` is what the workroom calls the key's host.
  [[nodiscard]] Status add(const lease::Lease& lease, workroom::SessionKey key,
                           const std::string& host_inside);
  /// Under a new lease after a restart of the vault.
  void hold(const lease::Lease& lease);
  /// Wipes.
  void forget_values();
  /// SSH_AUTH_SOCK; and GIT_SSH_COMMAND where servers' keys are known. Storage: the file of these.
  [[nodiscard]] Result<std::vector<workroom::PlainVariable>> variables() const;

  [[nodiscard]] const std::vector<Entry>& entries() const override { return entries_; }
  io::Task<Result<ByteVector>> sign(std::size_t which, ByteVector data,
                                    crypto::SshKey::RsaHash hash) override;
  void refused(std::size_t which, const char* finding) override;

 private:
  SshAccess(io::Loop& loop, lease::HolderLink& link, SessionId session)
      : loop_(loop), link_(link), session_(session) {}
  struct Held {
    KeyId key;
    LeaseId lease;
    std::string service;
    std::string host;
    Secret value;
  };
  [[nodiscard]] const lease::Lease* usable(std::size_t which) const;

  io::Loop& loop_;
  lease::HolderLink& link_;
  SessionId session_;
  std::optional<workroom::SessionFolder> own_;  ///< of a workroom that is no container
  std::string folder_;                          ///< on this machine
  std::string seen_as_;                         ///< by the workroom
  std::vector<Held> held_;
  std::vector<Entry> entries_;  ///< of the same order
  std::string known_hosts_;
  std::unique_ptr<workroom::SshAgent> agent_;
};

}  // namespace strongroom::app
