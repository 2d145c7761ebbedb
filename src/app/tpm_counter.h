// TpmCounter: the counter of a TPM that the anchor names (vault/anchor.h), by strongroom-sealer.
//
// Used by: serve. Threads: the vault's loop. At a start it blocks, for 10 s at most; afterwards one
// raise at a time goes on beside everything else, and is tried again, ever more seldom, up to once
// a minute. Fails: Sealed with the reasons of external_seal/job.h. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/server.h"
#include "app/config.h"
#include "base/secret.h"
#include "external_seal/sealer_process.h"
#include "io/loop.h"
#include "vault/anchor.h"

namespace strongroom::vault {
class Vault;
}

namespace strongroom::app {

class TpmCounter final : public vault::AnchorCounter {
 public:
  struct Parts {
    io::Loop& loop;
    std::string program;  ///< strongroom-sealer
    std::string tcti;     ///< the TPM, as tpm2-tss names it
    std::string index;    ///< of the counter in it, in hexadecimal
    Secret secret;        ///< vault::anchor_counter_secret()
  };
  explicit TpmCounter(Parts parts);
  /// The one of [anchor] tpm; nothing where none is named. The store is open.
  static Result<std::unique_ptr<TpmCounter>> of(io::Loop& loop, const Config& config,
                                                const store::Store& store);
  Result<std::int64_t> read() override;
  Result<std::int64_t> make() override;
  Result<std::int64_t> raise(std::int64_t to) override;
  void begin_raising(std::int64_t to) override;
  [[nodiscard]] std::string name() const override;

  /// From now on what was begun is carried out, and the vault told.
  void serve(vault::Vault& vault);
  /// Before its answers the control API waits for what they have asked to be counted.
  void offer(api::ControlHooks& hooks);
  /// Until so much of what the vault has asked for is counted; not_anchored where the TPM fails.
  [[nodiscard]] io::Task<Status> counted(std::uint64_t asked);

 private:
  using Process = external_seal::SealerProcess;
  Result<Process> begin(external_seal::Action action, std::int64_t count) const;
  Result<std::int64_t> here(external_seal::Action action, std::int64_t count) const;
  io::Task<void> run();
  void tell(const Result<std::int64_t>& stands);
  Parts parts_;
  vault::Vault* vault_ = nullptr;
  std::int64_t to_ = 0;
  io::Event begun_;
  std::vector<io::Event*> waiting_;  ///< of counted(): each is woken when something has changed
};

}  // namespace strongroom::app
