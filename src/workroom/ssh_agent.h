// SshAgent: an SSH agent (draft-miller-ssh-agent) for the processes of one workroom. The private
// keys stay with the runner; what may be signed is a login of the key's own user at its own servers
// (ssh_login.h).
//
// Used by: app's SshAccess. Threads: the loop's. Answers what it does not know with a failure, as
// the protocol asks; bounded in connections, sizes and time. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/ssh_key.h"
#include "io/loop.h"
#include "io/net.h"
#include "workroom/ssh_login.h"

namespace strongroom::workroom {

/// Who has the keys, and the record.
class SshKeys {
 public:
  SshKeys() = default;
  SshKeys(const SshKeys&) = delete;
  SshKeys& operator=(const SshKeys&) = delete;
  virtual ~SshKeys() = default;

  struct Entry {
    ByteVector public_blob;
    std::string comment;  ///< shown by ssh-add -l
    SshPermit permit;
  };
  [[nodiscard]] virtual const std::vector<Entry>& entries() const = 0;
  /// One use, durable in the record before it is signed. `which`: in entries().
  [[nodiscard]] virtual io::Task<Result<ByteVector>> sign(std::size_t which, ByteVector data,
                                                          crypto::SshKey::RsaHash hash) = 0;
  virtual void refused(std::size_t which, const char* finding) = 0;
};

class SshAgent {
 public:
  static constexpr int kMost = 64;  ///< connections at once

  struct Plan {
    std::string path;  ///< of the socket, on this machine
    std::function<bool(pid_t)> is_of_workroom;
  };
  /// `keys` outlives the agent and the loop's coroutines.
  static Result<std::unique_ptr<SshAgent>> open(io::Loop& loop, Plan plan, SshKeys& keys);
  SshAgent(const SshAgent&) = delete;
  SshAgent& operator=(const SshAgent&) = delete;
  ~SshAgent();

 private:
  struct State;
  SshAgent(io::Loop& loop, int fd, const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
  io::Acceptor acceptor_;
};

}  // namespace strongroom::workroom
