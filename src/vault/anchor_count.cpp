// The anchor and the counter that it names (a TPM's): so that an older anchor that is put back
// together with its database is noticed.
//
// An anchor that takes something away names the counter's next value, is made durable, and then the
// counter is raised to that; the answer waits for it. So the anchor is at most one ahead: where a
// crash came between, the next start ends what was begun. What took something away meanwhile is
// covered by the raise after that, all of it by one: a TPM's counter is slow and wears out. What
// only gives is anchored under the value that is reached already. SPDX-License-Identifier:
// Apache-2.0
#include "base/log.h"
#include "crypto/crypto.h"
#include "vault/anchoring.h"

namespace strongroom::vault {
namespace {

std::string number(std::int64_t count) {
  return std::to_string(count);
}

}  // namespace

Secret anchor_counter_secret(const store::Store& store) {
  const ByteVector mac = store.anchor_mac(bytes_of("strongroom anchor counter"));
  return Secret(mac);
}

// ------------------------------------------------------------------------------------------------
// at a start

Status Anchoring::look_at_counter() {
  if (parts_.counter == nullptr) return {};
  auto stands = parts_.counter->read();
  if (!stands)
    return fail(stands.error().code,
                "It cannot be told whether the database is the newest, as " +
                    parts_.counter->name() + " cannot be read: " + stands.error().message,
                "anchor_unavailable");
  counted_ = *stands;
  return {};
}

Status Anchoring::check_counter() const {
  if (parts_.counter == nullptr) return {};
  const std::int64_t named = in_place_ ? in_place_->count : 0;
  if (named == counted_ || (named == counted_ + 1 && counted_ != 0)) return {};
  const std::string anchor_says =
      parts_.place->name() + (named == 0 ? " names no count" : " names the count " + number(named));
  if (counted_ == 0)
    return refuse_older(anchor_says + ", and " + parts_.counter->name() +
                        " is not there: it is another TPM, or it was cleared.");
  if (named > counted_)
    return refuse_older(anchor_says + ", and " + parts_.counter->name() + " stands at " +
                        number(counted_) + " only: it is not the one that has counted.");
  return refuse_older("The database and its anchor are older than " + parts_.counter->name() +
                      ": " + anchor_says + ", and it stands at " + number(counted_) + ".");
}

/// A crash between the making of a counter and the first anchor that names it leaves one that no
/// anchor names, which is refused as an older anchor would be.
Status Anchoring::settle_counter() {
  if (parts_.counter == nullptr) return {};
  if (counted_ == 0) {
    STRONGROOM_TRY(counted_, parts_.counter->make());
    return {};
  }
  if (!in_place_ || in_place_->count != counted_ + 1) return {};
  STRONGROOM_TRY(counted_, parts_.counter->raise(in_place_->count));
  return {};
}

// ------------------------------------------------------------------------------------------------
// while serving

bool Anchoring::is_count_wanted() const {
  return parts_.counter != nullptr && !is_counting_ && counts_asked_ > counts_begun_;
}

/// Where the counter is not asked any more, what it was stays named: it may be asked again.
std::int64_t Anchoring::count_to_name(bool with_next) const {
  if (parts_.counter == nullptr) return in_place_ ? in_place_->count : 0;
  return counted_ + (with_next || is_counting_ ? 1 : 0);
}

void Anchoring::begin_count() {
  counts_begun_ = counts_asked_;
  is_counting_ = true;
  parts_.counter->begin_raising(counted_ + 1);
}

void Anchoring::note_counted(const Result<std::int64_t>& stands) {
  std::optional<Error> failure;
  if (!stands)
    failure = stands.error();
  else if (*stands != counted_ + 1)
    failure = Error(Code::Tampered, parts_.counter->name() + " stands at " + number(*stands) +
                                        ", and only this server raises it, to " +
                                        number(counted_ + 1) + ".");
  if (failure) {
    failure =
        Error(failure->code, parts_.counter->name() + " cannot be raised: " + failure->message,
              "anchor_unavailable");
    if (!counter_failure_)
      log(LogLevel::Error, "anchor_counter_failed", {{"why", failure->message}});
    counter_failure_ = std::move(failure);
    return;
  }
  if (counter_failure_) log(LogLevel::Info, "anchor_counter_goes_on", {});
  counter_failure_.reset();
  counted_ = *stands;
  is_counting_ = false;
  counts_reached_ = counts_begun_;
  (void)anchor_newest();  // what has asked since
}

Result<bool> Anchoring::is_counted(std::uint64_t asked) const {
  if (counts_reached_ >= asked) return true;
  if (!counter_failure_) return false;
  return fail(counter_failure_->code,
              "It is done, but an older database and anchor put back would not be noticed yet: " +
                  counter_failure_->message + " This is tried again by itself.",
              "not_anchored");
}

}  // namespace strongroom::vault
