// Anchoring: is the database the newest that there was? Told at a start by its anchor, by the
// counter that the anchor names and by a witness of the record of use; and while serving, these are
// kept at what the database is.
//
// Used by: Vault. Threads: the vault's loop. Without a place for an anchor and without a witness it
// tells nothing. Fails: Sealed with the reason database_older (is_older) where something was put
// back. Format: docs/formats/anchor.md. Inside the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "audit/log.h"
#include "base/clock.h"
#include "base/result.h"
#include "vault/anchor.h"
#include "vault/hierarchy.h"

namespace strongroom::vault {

class Anchoring {
 public:
  /// What it asks and tells; all of it outlives it.
  struct Parts {
    const Clock& clock;
    store::Store& store;
    audit::Log& record;
    const Hierarchy& hierarchy;
    AnchorPlace* place = nullptr;      ///< none: nothing tells an older database from the newest
    AnchorCounter* counter = nullptr;  ///< what its anchor names; none: it names nothing
    std::optional<WitnessWord>
        witness;  ///< there is one that the record's newest state is asked of
  };
  explicit Anchoring(Parts parts) : parts_(std::move(parts)) {}

  // At a start (anchoring.cpp)
  [[nodiscard]] Status check();
  /// Once all stands: from here on the anchor follows.
  [[nodiscard]] Status begin();
  /// Of a database that is older than the record of use, which tells of what it does not know.
  [[nodiscard]] static Error older_than_record(const std::string& untold);
  /// Is it for this that a start was refused?
  [[nodiscard]] static bool is_older(const Error& error);

  // Accepting one that is older (rollback.cpp): it begins a new generation
  [[nodiscard]] Status settle_counter();  ///< makes it, or ends what a crash has cut short
  [[nodiscard]] std::int64_t next_generation() const;
  [[nodiscard]] Status keep_generation_in_transaction(std::int64_t number);
  void take_generation(std::int64_t number) { generation_ = number; }
  [[nodiscard]] std::string witness_words() const;  ///< for the record

  // While serving
  [[nodiscard]] Status anchor_newest();  ///< nothing to do where it is
  [[nodiscard]] Status
  may_change();                     ///< what gives something waits for an anchor that cannot follow
  [[nodiscard]] Status anchored();  ///< before the answer of what took something away
  [[nodiscard]] Status health() const;
  void note_counted(const Result<std::int64_t>& stands);
  [[nodiscard]] std::uint64_t counts_asked() const { return counts_asked_; }
  [[nodiscard]] Result<bool> is_counted(std::uint64_t asked) const;

  [[nodiscard]] AnchoredState durable_state() const;
  [[nodiscard]] std::int64_t generation() const { return generation_; }

 private:
  static std::unexpected<Error> refuse_older(std::string_view why);
  Status look_at_anchor();
  Result<std::int64_t> kept_generation();
  [[nodiscard]] Status check_against_anchor() const;

  // The counter that the anchor names (anchor_count.cpp)
  Status look_at_counter();
  [[nodiscard]] Status check_counter() const;
  [[nodiscard]] bool is_count_wanted() const;
  [[nodiscard]] std::int64_t count_to_name(bool with_next) const;
  void begin_count();

  // The record as an anchor, where a witness vouches for it (witnessed_state.cpp)
  Status record_state();
  Status check_against_record();
  Status check_witness();

  Parts parts_;
  std::int64_t generation_ = 0;            ///< of this database; 0: it never had an anchor
  std::optional<AnchoredState> in_place_;  ///< what the anchor says
  std::optional<Error> failure_;           ///< the anchor is older than the database since
  std::int64_t counted_ = 0;               ///< where the counter stands
  bool is_counting_ = false;        ///< it is being raised by one, as the anchor names it already
  std::uint64_t counts_asked_ = 0;  ///< by what took something away
  std::uint64_t counts_begun_ =
      0;  ///< of these, covered by the anchor whose value is being reached
  std::uint64_t counts_reached_ = 0;  ///< of these, by one whose value is reached
  std::optional<Error> counter_failure_;
};

}  // namespace strongroom::vault
