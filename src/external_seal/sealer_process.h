// SealerProcess: has one job done by a strongroom-sealer of its own, which ends with it.
//
// Used by: app. Threads: the vault's loop; before it runs, and in commands, wait_here() blocks.
// Whatever a module, a service or a TPM answers is parsed by that child alone, which knows one
// seal's key and nothing else of the vault. Fails: Sealed, with the reason kUnreachable where it
// does not answer in time. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/owned_descriptor.h"
#include "base/result.h"
#include "external_seal/job.h"
#include "io/loop.h"
#include "io/task.h"

namespace strongroom::external_seal {

/// How long a place is waited for.
inline constexpr std::chrono::seconds kPatience{10};

class SealerProcess {
 public:
  /// Starts it and hands over the job: no secret is held here afterwards.
  static Result<SealerProcess> start(const std::string& program, const Job& job);
  SealerProcess(SealerProcess&& other) noexcept = default;
  SealerProcess& operator=(SealerProcess&&) = delete;
  ~SealerProcess();

  /// Until it has answered, or is not waited for any longer.
  [[nodiscard]] io::Task<void> wait(io::Loop& loop);
  void wait_here() const;
  /// Readable once it has answered.
  [[nodiscard]] int answers() const { return socket_->get(); }
  /// After either: what it said, read at once and into locked memory. The child has ended then.
  [[nodiscard]] Result<Outcome> outcome();

 private:
  SealerProcess(std::unique_ptr<OwnedDescriptor> socket, int pid, Action action)
      : socket_(std::move(socket)), pid_(pid), action_(action) {}
  void end();
  std::unique_ptr<OwnedDescriptor> socket_;  ///< none: moved from
  int pid_ = -1;
  Action action_;  ///< what it does
};

}  // namespace strongroom::external_seal
