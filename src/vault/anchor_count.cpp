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
#include "vault/state.h"

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

Status Vault::State::look_at_counter() {
  if (counter == nullptr) return {};
  auto stands = counter->read();
  if (!stands)
    return fail(stands.error().code,
                "It cannot be told whether the database is the newest, as " + counter->name() +
                    " cannot be read: " + stands.error().message,
                "anchor_unavailable");
  counted = *stands;
  return {};
}

Status Vault::State::check_counter() const {
  if (counter == nullptr) return {};
  const std::int64_t named = in_place ? in_place->count : 0;
  if (named == counted || (named == counted + 1 && counted != 0)) return {};
  const std::string anchor_says =
      anchor->name() + (named == 0 ? " names no count" : " names the count " + number(named));
  if (counted == 0)
    return refuse_older(anchor_says + ", and " + counter->name() +
                        " is not there: it is another TPM, or it was cleared.");
  if (named > counted)
    return refuse_older(anchor_says + ", and " + counter->name() + " stands at " + number(counted) +
                        " only: it is not the one that has counted.");
  return refuse_older("The database and its anchor are older than " + counter->name() + ": " +
                      anchor_says + ", and it stands at " + number(counted) + ".");
}

/// A crash between the making of a counter and the first anchor that names it leaves one that no
/// anchor names, which is refused as an older anchor would be.
Status Vault::State::settle_counter() {
  if (counter == nullptr) return {};
  if (counted == 0) {
    STRONGROOM_TRY(counted, counter->make());
    return {};
  }
  if (!in_place || in_place->count != counted + 1) return {};
  STRONGROOM_TRY(counted, counter->raise(in_place->count));
  return {};
}

// ------------------------------------------------------------------------------------------------
// while serving

bool Vault::State::is_count_wanted() const {
  return counter != nullptr && !is_counting && counts_asked > counts_begun;
}

/// Where the counter is not asked any more, what it was stays named: it may be asked again.
std::int64_t Vault::State::count_to_name(bool with_next) const {
  if (counter == nullptr) return in_place ? in_place->count : 0;
  return counted + (with_next || is_counting ? 1 : 0);
}

void Vault::State::begin_count() {
  counts_begun = counts_asked;
  is_counting = true;
  counter->begin_raising(counted + 1);
}

void Vault::State::note_counted(const Result<std::int64_t>& stands) {
  std::optional<Error> failure;
  if (!stands)
    failure = stands.error();
  else if (*stands != counted + 1)
    failure = Error(Code::Tampered, counter->name() + " stands at " + number(*stands) +
                                        ", and only this server raises it, to " +
                                        number(counted + 1) + ".");
  if (failure) {
    failure = Error(failure->code, counter->name() + " cannot be raised: " + failure->message,
                    "anchor_unavailable");
    if (!counter_failure)
      log(LogLevel::Error, "anchor_counter_failed", {{"why", failure->message}});
    counter_failure = std::move(failure);
    return;
  }
  if (counter_failure) log(LogLevel::Info, "anchor_counter_goes_on", {});
  counter_failure.reset();
  counted = *stands;
  is_counting = false;
  counts_reached = counts_begun;
  (void)anchor_newest();  // what has asked since
}

void Vault::counted(const Result<std::int64_t>& stands) {
  state_->note_counted(stands);
}

std::uint64_t Vault::counts_asked() const {
  return state_->counts_asked;
}

Result<bool> Vault::is_counted(std::uint64_t asked) const {
  if (state_->counts_reached >= asked) return true;
  if (!state_->counter_failure) return false;
  return fail(state_->counter_failure->code,
              "It is done, but an older database and anchor put back would not be noticed yet: " +
                  state_->counter_failure->message + " This is tried again by itself.",
              "not_anchored");
}

}  // namespace strongroom::vault
