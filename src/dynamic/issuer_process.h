// IssuerProcess: has one job done by a strongroom-issuer of its own, which ends with it.
//
// Used by: app. Threads: the vault's loop. Whatever a source sends is parsed by that child alone,
// which knows one administrator's credential and nothing else of the vault.
// Fails: Unavailable, Timeout; an outcome that failed is an answer. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <string>

#include "base/owned_descriptor.h"
#include "base/result.h"
#include "dynamic/job.h"
#include "io/loop.h"
#include "io/process/process.h"
#include "io/stream.h"
#include "io/task.h"

namespace strongroom::dynamic {

class IssuerProcess {
 public:
  /// Starts it and hands over the job: no secret is held here afterwards.
  static Result<IssuerProcess> start(io::Loop& loop, const std::string& program, const Job& job);
  /// The same for a refresh, whose outcome must not be lost with us: it goes on when we die, and
  /// leaves what came of it in the file first (dynamic/login.h).
  static Result<IssuerProcess> start(io::Loop& loop, const std::string& program, const Job& job,
                                     const OwnedDescriptor& file);
  /// Until it has answered, or is not waited for any longer. The child has ended then in every
  /// case.
  [[nodiscard]] io::Task<Status> wait(Duration within);
  /// After wait(): what it said. Read at once and into locked memory, where it may hold a secret.
  [[nodiscard]] Result<Outcome> outcome() const;

 private:
  static Result<IssuerProcess> start(io::Loop& loop, io::Spawn child, const Job& job);
  IssuerProcess(io::Loop& loop, io::Stream stream, int pid)
      : loop_(&loop), stream_(std::move(stream)), pid_(pid) {}
  io::Loop* loop_;
  io::Stream stream_;
  int pid_;
};

}  // namespace strongroom::dynamic
