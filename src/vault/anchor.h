// Anchor: the newest state of the database, kept outside it, so that an older copy of the database
// that is put in its place is noticed.
//
// Used by: Anchoring, app, which says where. Threads: the vault's loop; writing blocks
// for the disk. A place holds one anchor, replaced as a whole. Fails: Storage for the place,
// Sealed where what is there is not this database's. Format: docs/formats/anchor.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace strongroom::vault {

/// One state of a database. Generations come before revisions: each accepted rollback begins the
/// next one, so what was there before it is older, whatever its revision.
struct AnchoredState {
  std::int64_t generation = 0;  ///< 0: from before there was an anchor
  std::int64_t revision = 0;
  ByteVector digest;
  WallTime at{};           ///< when it was written; for people
  std::int64_t count = 0;  ///< of the counter, as it is to stand (AnchorCounter); 0: it names none
};

enum class AnchorStanding : std::uint8_t {
  Same,
  Newer,    ///< a change that was not anchored yet
  Older,    ///< something was put back
  Another,  ///< as new, and not the same: two copies went on side by side
};
/// How a database stands to its anchor.
[[nodiscard]] AnchorStanding standing_of(const AnchoredState& database,
                                         const AnchoredState& anchored);

/// For people: "change 7 of generation 1".
[[nodiscard]] std::string words_of(const AnchoredState& state);

class AnchorPlace {
 public:
  AnchorPlace() = default;
  AnchorPlace(const AnchorPlace&) = delete;
  AnchorPlace& operator=(const AnchorPlace&) = delete;
  virtual ~AnchorPlace() = default;
  /// Nothing where there is none.
  [[nodiscard]] virtual Result<std::optional<std::string>> read() = 0;
  /// Durable when it answers; the one before stays until then.
  [[nodiscard]] virtual Status write(const std::string& text) = 0;
  /// For people: "the anchor /mnt/other/anchor".
  [[nodiscard]] virtual std::string name() const = 0;
};
[[nodiscard]] std::unique_ptr<AnchorPlace> anchor_in_file(std::string path);

/// What only grows, outside (a TPM's counter): an anchor names the value that it is then raised to,
/// so that an older anchor that is put back names less than it stands at.
class AnchorCounter {
 public:
  AnchorCounter() = default;
  AnchorCounter(const AnchorCounter&) = delete;
  AnchorCounter& operator=(const AnchorCounter&) = delete;
  virtual ~AnchorCounter() = default;
  // At a start: these block.
  /// 0: there is none yet.
  [[nodiscard]] virtual Result<std::int64_t> read() = 0;
  [[nodiscard]] virtual Result<std::int64_t> make() = 0;
  /// By one; where it stands there already, it stays. Answers where it stands.
  [[nodiscard]] virtual Result<std::int64_t> raise(std::int64_t to) = 0;
  /// The same without waiting, and again until it is done; Vault::counted() hears of each attempt.
  virtual void begin_raising(std::int64_t to) = 0;
  /// For people: "the counter 0x01A57300 of the TPM".
  [[nodiscard]] virtual std::string name() const = 0;
};
/// What only this installation raises it by.
[[nodiscard]] Secret anchor_counter_secret(const store::Store& store);

/// What a witness of the record has said of it at a start, before the vault opens.
struct WitnessWord {
  std::string name;         ///< of the witness
  bool is_against = false;  ///< it has seen a newer record than this, or another one
  std::uint64_t seen = 0;   ///< entries; 0 where it has seen another record
  std::string why;          ///< for people
};

/// What a place holds of a state: authenticated by a key of the store's own.
[[nodiscard]] std::string anchor_text(const store::Store& store, const AnchoredState& state);
/// `name`: of the place, for the error.
[[nodiscard]] Result<AnchoredState> read_anchor(const store::Store& store, const std::string& text,
                                                const std::string& name);

}  // namespace strongroom::vault
