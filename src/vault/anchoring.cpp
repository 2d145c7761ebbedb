// The database against its anchor. At a start, one that is older than the anchor, or than the
// record of use, is refused: what was revoked since would be live again.
//
// While serving, the anchor follows the database: first the change is durable there, then here, and
// only then is what it took away answered. So whatever ends the process, the database is as new as
// its anchor, and nothing that was answered can be put back unnoticed. What only gives something
// waits for the next second. (What a counter and a witness add: anchor_count.cpp,
// witnessed_state.cpp. What accepting an older database does: rollback.cpp.)
// SPDX-License-Identifier: Apache-2.0
#include "vault/anchoring.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/log.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kGeneration = "generation";

Secret generation_value(std::int64_t generation) {
  ByteVector octets;
  Writer(octets).i64(generation);
  Secret value = Secret::of_size(octets.size());
  value.reveal_mutable([&](MutableBytes out) { std::ranges::copy(octets, out.begin()); });
  return value;
}

constexpr std::string_view kDatabaseOlder = "database_older";
constexpr std::string_view kHowToAccept =
    " Put the newest database back; or, if an older one was restored on purpose, start once with "
    "'strongroom serve --accept-rollback': what the record of use says was revoked since is "
    "revoked again, and every session ends.";

}  // namespace

std::unexpected<Error> Anchoring::refuse_older(std::string_view why) {
  return fail(Code::Sealed, std::string(why) + std::string(kHowToAccept),
              std::string(kDatabaseOlder));
}

Error Anchoring::older_than_record(const std::string& untold) {
  return refuse_older("The database is older than the record of use, which tells of " + untold +
                      ".")
      .error();
}

bool Anchoring::is_older(const Error& error) {
  return error.reason == kDatabaseOlder;
}

// ------------------------------------------------------------------------------------------------
// at a start

Result<std::int64_t> Anchoring::kept_generation() {
  STRONGROOM_TRY(const auto row,
                 parts_.store.find<store::Installation>({{"name", std::string(kGeneration)}}));
  if (!row) return 0;
  STRONGROOM_TRY(const Secret value, parts_.hierarchy.open_own(kGeneration, row->value));
  return value.reveal([](ByteView octets) {
    Reader reader(octets);
    return reader.i64();
  });
}

Status Anchoring::keep_generation_in_transaction(std::int64_t number) {
  const std::string name(kGeneration);
  const store::Installation row{name, parts_.hierarchy.seal_own(name, generation_value(number))};
  STRONGROOM_TRY(const auto found, parts_.store.find<store::Installation>({{"name", name}}));
  return found ? parts_.store.update(row) : parts_.store.insert(row);
}

AnchoredState Anchoring::durable_state() const {
  const auto& mark = parts_.store.durable();
  return {generation_, mark.revision, mark.digest, parts_.clock.wall()};
}

Status Anchoring::check_against_anchor() const {
  if (!in_place_) {
    if (generation_ == 0) return {};
    return refuse_older(
        "The database has an anchor, but " + parts_.place->name() +
        " is not there: nothing tells whether this database is the newest, or what was "
        "revoked since.");
  }
  const AnchoredState database = durable_state();
  switch (standing_of(database, *in_place_)) {
    case AnchorStanding::Same:
    case AnchorStanding::Newer:
      return {};
    case AnchorStanding::Older:
      return refuse_older("The database is older than " + parts_.place->name() + ": it stands at " +
                          words_of(database) + ", the anchor at " + words_of(*in_place_) + ", of " +
                          to_rfc3339(in_place_->at) + ".");
    case AnchorStanding::Another:
      return refuse_older("The database is not the one of " + parts_.place->name() +
                          ": both stand at " + words_of(database) +
                          ", but two copies of it went on side by side.");
  }
  return {};
}

Status Anchoring::look_at_anchor() {
  if (parts_.place == nullptr) return {};
  STRONGROOM_TRY(generation_, kept_generation());
  STRONGROOM_TRY(const auto text, parts_.place->read());
  if (text) {
    STRONGROOM_TRY(in_place_, read_anchor(parts_.store, *text, parts_.place->name()));
  }
  STRONGROOM_CHECKED(look_at_counter());
  STRONGROOM_CHECKED(check_against_anchor());
  return check_counter();
}

Status Anchoring::check() {
  STRONGROOM_CHECKED(look_at_anchor());
  STRONGROOM_CHECKED(check_witness());
  return check_against_record();
}

Status Anchoring::begin() {
  // The anchor of generation 0 comes first: a start that ends here leaves one that the database is
  // as new as.
  if (parts_.place == nullptr) return {};
  STRONGROOM_CHECKED(settle_counter());
  if (generation_ != 0) return parts_.counter == nullptr ? Status() : anchor_newest();
  STRONGROOM_CHECKED(anchor_newest());
  STRONGROOM_CHECKED(parts_.store.transact([&] { return keep_generation_in_transaction(1); }));
  generation_ = 1;
  return anchor_newest();
}

std::int64_t Anchoring::next_generation() const {
  return std::max(generation_, in_place_ ? in_place_->generation : 0) + 1;
}

// ------------------------------------------------------------------------------------------------
// while serving

Status Anchoring::anchor_newest() {
  if (parts_.place == nullptr) return {};
  const bool is_raised = is_count_wanted();
  AnchoredState newest = durable_state();
  newest.count = count_to_name(is_raised);
  if (!failure_ && in_place_ && newest.count == in_place_->count &&
      standing_of(newest, *in_place_) == AnchorStanding::Same)
    return {};
  const Status written = parts_.place->write(anchor_text(parts_.store, newest));
  if (!written) {
    if (!failure_) log(LogLevel::Error, "anchor_failed", {{"why", written.error().message}});
    failure_ = written.error();
    return written;
  }
  if (failure_) log(LogLevel::Info, "anchor_written_again", {});
  failure_.reset();
  in_place_ = std::move(newest);
  if (is_raised) begin_count();
  return {};
}

Status Anchoring::may_change() {
  const bool follows = !failure_ || anchor_newest();
  if (follows && !counter_failure_) return {};
  const Error& why = follows ? *counter_failure_ : *failure_;
  return fail(why.code, "Nothing is changed while the anchor cannot follow: " + why.message,
              why.reason);
}

Status Anchoring::anchored() {
  if (parts_.counter != nullptr) ++counts_asked_;
  Status written = anchor_newest();
  if (written) written = record_state();
  if (written) return {};
  return fail(written.error().code,
              "It is done, but an older database put back would not be noticed yet: " +
                  written.error().message + " This is tried again every second.",
              "not_anchored");
}

Status Anchoring::health() const {
  if (failure_) return std::unexpected(*failure_);
  if (counter_failure_) return std::unexpected(*counter_failure_);
  return {};
}

}  // namespace strongroom::vault
