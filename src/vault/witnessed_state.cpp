// The record of use as an anchor of the database, where a witness vouches for the record: what
// takes something away is followed by an act that tells the database's newest state, which is under
// the next checkpoint that the witness signs. At a start the witness is asked for the newest that
// it has seen (sinks), and the database has to be as new as the record tells.
// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "base/encoding.h"
#include "base/log.h"
#include "vault/anchoring.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kAction = "database.anchor";
constexpr std::string_view kAccepted = "rollback.accept";

std::string detail_of(const AnchoredState& state) {
  return std::to_string(state.generation) + " " + std::to_string(state.revision) + " " +
         to_hex(state.digest);
}

/// Takes the number off the text's front, with the space behind it.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.starts_with(' ')) text.remove_prefix(1);
  return number;
}

std::optional<AnchoredState> state_in(std::string_view detail) {
  const auto generation = take_number(detail);
  const auto revision = take_number(detail);
  const auto digest = from_hex(detail);
  if (!generation || !revision || !digest) return std::nullopt;
  return AnchoredState{*generation, *revision, *digest, {}, 0};
}

std::string against(const std::string& witness) {
  return "against the witness " + witness + ", which has seen ";
}

}  // namespace

Status Anchoring::record_state() {
  if (!parts_.witness) return {};
  audit::Act act;
  act.actor = "vault";
  act.action = kAction;
  act.outcome = "done";
  act.detail = detail_of(durable_state());
  return parts_.record.record(act);
}

Status Anchoring::check_against_record() {
  if (!parts_.witness) return {};
  std::optional<AnchoredState> told;
  STRONGROOM_CHECKED(parts_.record.for_each([&](const audit::Entry& entry) {
    const auto* act = std::get_if<audit::Act>(&entry.content);
    if (act != nullptr && act->action == kAction) told = state_in(act->detail);
    return true;
  }));
  if (!told) return {};
  switch (standing_of(durable_state(), *told)) {
    case AnchorStanding::Same:
    case AnchorStanding::Newer:
      return {};
    case AnchorStanding::Older:
      return std::unexpected(older_than_record("change " + std::to_string(told->revision) +
                                               " of generation " +
                                               std::to_string(told->generation)));
    case AnchorStanding::Another:
      return refuse_older(
          "The database is not the one of the record of use: two copies of it went "
          "on side by side.");
  }
  return {};
}

/// Once a rollback was accepted against it, the witness goes on to be against this record: it signs
/// nothing that has not grown from what it has seen, and is no anchor any more. A new installation
/// has nothing that could be older.
Status Anchoring::check_witness() {
  if (!parts_.witness || !parts_.witness->is_against || generation_ == 0) return {};
  bool is_accepted = false;
  STRONGROOM_CHECKED(parts_.record.for_each([&](const audit::Entry& entry) {
    const auto* act = std::get_if<audit::Act>(&entry.content);
    is_accepted = act != nullptr && act->action == kAccepted && act->outcome == "done" &&
                  act->detail.contains(against(parts_.witness->name));
    return !is_accepted;
  }));
  if (!is_accepted) return refuse_older(parts_.witness->why);
  log(LogLevel::Warning, "witness_is_no_anchor",
      {{"witness", parts_.witness->name}, {"why", parts_.witness->why}});
  return {};
}

std::string Anchoring::witness_words() const {
  if (!parts_.witness || !parts_.witness->is_against) return {};
  return "; " + against(parts_.witness->name) + std::to_string(parts_.witness->seen) + " entries";
}

}  // namespace strongroom::vault
