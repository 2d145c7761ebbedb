// ExternalSeals: the way to the keys of seals that are held outside, by strongroom-sealer.
//
// Used by: serve, SealedStart, the commands about backups, the doctor. Threads: one. Settings are
// read anew each time, so that a seal can be added, or mended, while the server runs. A seal that
// was refused is not tried again by itself: a wrong PIN locks a token. Fails: Sealed, with the
// reasons of external_seal/job.h; Invalid for a configuration that is wrong.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "external_seal/sealer_process.h"
#include "vault/sealing.h"

namespace strongroom::app {

/// Of seals that are asked side by side.
enum class Wanted : std::uint8_t {
  AnyOne,   ///< whichever answers first opens
  EachOwn,  ///< each one's own answer
};

class ExternalSeals {
 public:
  using Read = std::function<Result<std::vector<external_seal::Settings>>()>;
  explicit ExternalSeals(Read read) : read_(std::move(read)) {}
  /// As a server's configuration says.
  static ExternalSeals of(const ServeFlags& flags);

  // To be waited for, then finished.
  [[nodiscard]] Result<external_seal::SealerProcess> begin_open(const vault::ExternalPlace& place);
  [[nodiscard]] Result<external_seal::SealerProcess> begin_make(const std::string& name);
  [[nodiscard]] Result<Secret> opened(const vault::ExternalPlace& place,
                                      external_seal::SealerProcess& process);
  [[nodiscard]] Result<vault::ExternalKey> made(const std::string& name,
                                                external_seal::SealerProcess& process);

  /// The same, blocking.
  [[nodiscard]] Result<Secret> open_here(const vault::ExternalPlace& place);
  [[nodiscard]] Result<vault::ExternalKey> make_here(const std::string& name);
  /// What seal options need to use these: they are asked side by side.
  void give_to(vault::SealOptions& options, Wanted wanted = Wanted::AnyOne);

  /// Until somebody tries it on purpose.
  [[nodiscard]] bool was_refused(const std::string& name) const { return refused_.contains(name); }

 private:
  [[nodiscard]] Result<external_seal::Settings> settings_of(const std::string& name) const;
  Result<external_seal::Outcome> outcome_of(const std::string& name,
                                            external_seal::SealerProcess& process);
  [[nodiscard]] Result<external_seal::SealerProcess> begin(external_seal::Job job);
  Read read_;
  std::set<std::string> refused_;
};

}  // namespace strongroom::app
