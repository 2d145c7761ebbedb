// Backup: a copy of the database as it is at one moment, made beside everything else that the loop
// does, sealed as it streams; and what opens one again.
//
// Used by: app. Threads: the vault's loop (Backup); any (opening). The copy is made by the database
// into a file without a name in the data directory, which is read back piece by piece. Fails:
// Storage, Conflict (one is under way), Sealed where no seal of a backup opens, Tampered.
// Format: docs/formats/backup.md. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/store.h"
#include "vault/backup_format.h"
#include "vault/sealing.h"
#include "vault/vault.h"

namespace strongroom::vault {

struct BackupPlan {
  std::string scratch;                      ///< a file that is not there
  std::function<std::string()> checkpoint;  ///< reads the record's newest
};

class Backup {
 public:
  ~Backup();
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  /// A few milliseconds of copying; false when the copy is whole.
  [[nodiscard]] Result<bool> copy();
  /// The next octets of the backup; none at its end. Comes after copy().
  [[nodiscard]] Result<ByteVector> next();

 private:
  friend class Vault;
  struct State;
  explicit Backup(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The root key of the backup's time, by whichever of its seals opens.
[[nodiscard]] Result<Secret> open_backup_root(const BackupHead& head, const SealOptions& options);
/// Reads a whole backup and hands its content on, piece by piece, each only once it is known to be
/// what was backed up; the end is known when this answers.
[[nodiscard]] Result<BackupHead> read_backup(const BackupFrames::Source& source,
                                             const SealOptions& options,
                                             const std::function<Status(ByteView piece)>& take);
/// Whether a database that was restored is what the vault left.
[[nodiscard]] Status check_restored(const std::string& path, const BackupHead& head,
                                    const SealOptions& options);

}  // namespace strongroom::vault
