// SealWatch: looks now and then whether the seals that ask nobody would still open.
//
// Used by: serve. Threads: the vault's loop. A seal that was refused (a wrong PIN) is not tried
// again by itself. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "app/external_seals.h"
#include "io/loop.h"
#include "vault/vault.h"

namespace strongroom::app {

class SealWatch {
 public:
  struct Parts {
    io::Loop& loop;
    vault::Vault& vault;
    ExternalSeals& external;
    std::string seal_file;
  };
  explicit SealWatch(Parts parts) : parts_(std::move(parts)) {}
  void start() { parts_.loop.spawn(watch()); }
  /// An [[external_seal]] becomes a seal.
  [[nodiscard]] io::Task<Result<vault::SealView>> add(vault::Actor actor, std::string name);
  /// For a new root key: a new key of the same [[external_seal]].
  [[nodiscard]] io::Task<Status> prepare(vault::Actor actor, SealId id);

 private:
  static constexpr std::chrono::minutes kEvery{5};
  io::Task<void> watch();
  io::Task<void> look(store::Seal seal);
  void note(const store::Seal& seal, external_seal::SealerProcess& process);
  Result<vault::SealView> added(const vault::Actor& actor, const std::string& name,
                                external_seal::SealerProcess& process);
  Status prepared(const vault::Actor& actor, SealId id, const std::string& name,
                  external_seal::SealerProcess& process);
  Parts parts_;
};

}  // namespace strongroom::app
