// SPDX-License-Identifier: Apache-2.0
#include "vault/session_terms.h"

#include <algorithm>

#include "base/utf8.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

bool is_label_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '/' || c == '-';
  };
  return !name.empty() && name.size() <= kLongestLabelName && std::ranges::all_of(name, fits);
}

bool is_label_value(std::string_view value) {
  const auto fits = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F && c != ',';
  };
  return value.size() <= kLongestLabelValue && is_utf8(value) && std::ranges::all_of(value, fits);
}

/// Has it all of these?
bool has_labels(const Settings& labels, const Settings& wanted) {
  return std::ranges::all_of(
      wanted, [&](const auto& each) { return std::ranges::find(labels, each) != labels.end(); });
}

/// Newest first; of two that began in one microsecond, by their ids.
bool comes_before(const store::Session& one, const store::Session& other) {
  return one.started != other.started ? one.started > other.started : one.id > other.id;
}

}  // namespace

Status check_labels(const Settings& labels) {
  if (labels.size() > kMostLabels) return fail(Code::TooLarge, "A session has at most 16 labels.");
  for (auto each = labels.begin(); each != labels.end(); ++each) {
    if (!is_label_name(each->first))
      return fail(Code::Invalid,
                  "A label's name has 1 to 63 letters, digits, '.', '_', '/' or '-'.");
    if (!is_label_value(each->second))
      return fail(Code::Invalid,
                  "A label's value has at most 128 octets, all of them printable, and no comma.");
    if (std::any_of(labels.begin(), each,
                    [&](const auto& earlier) { return earlier.first == each->first; }))
      return fail(Code::Invalid, "The label '" + each->first + "' is there twice.");
  }
  return {};
}

Status check_terms(const SessionRequest& request) {
  if (request.time_limit <= std::chrono::seconds(0) || request.time_limit > kLongestSession)
    return fail(Code::Invalid,
                "A session's time limit is from 1 second to 7 days (604800 seconds).");
  if (request.idle_limit < std::chrono::seconds(0) || request.idle_limit > kLongestSession)
    return fail(Code::Invalid,
                "A session's idle limit is from 1 second to 7 days (604800 seconds).");
  return check_labels(request.labels);
}

Status Vault::State::put_terms(SessionId session, const SessionRequest& request) {
  if (request.idle_limit.count() == 0 && request.labels.empty()) return {};
  store::SessionTerms terms;
  terms.session = session;
  terms.idle_seconds = request.idle_limit.count();
  terms.labels = settings_text(request.labels);
  return store.insert(terms);
}

Result<store::SessionTerms> Vault::State::terms_of(SessionId session) {
  STRONGROOM_TRY(auto found,
                 store.find<store::SessionTerms>({{"session", store::to_value(session)}}));
  if (found) return std::move(*found);
  store::SessionTerms none;
  none.session = session;
  return none;
}

Result<std::vector<store::Session>> Vault::State::filtered(const Actor& actor,
                                                           const SessionFilter& filter) {
  STRONGROOM_CHECKED(check_labels(filter.labels));
  if (!filter.state.empty() && filter.state != kOpen && filter.state != kEnded)
    return fail(Code::Invalid, "A session's state is 'open' or 'ended'.");
  if (filter.limit == 0 || filter.limit > kLongestSessionPage)
    return fail(Code::Invalid, "A page of the list has 1 to 1000 sessions.");
  STRONGROOM_TRY(auto where, rows_of(actor, filter.tenant));
  if (!filter.state.empty()) where.push_back({"state", filter.state});
  STRONGROOM_TRY(auto sessions, store.list<store::Session>(where));
  std::ranges::sort(sessions, comes_before);
  if (filter.before) {
    STRONGROOM_TRY(const auto last, session(actor, *filter.before));
    std::erase_if(sessions, [&](const auto& each) { return !comes_before(last, each); });
  }
  std::vector<store::Session> page;
  for (auto& each : sessions) {
    if (page.size() == filter.limit) break;
    if (!sees(actor, each.tenant, each.member)) continue;
    if (!filter.labels.empty()) {
      STRONGROOM_TRY(const auto terms, terms_of(each.id));
      STRONGROOM_TRY(const auto labels, settings_of(terms.labels));
      if (!has_labels(labels, filter.labels)) continue;
    }
    page.push_back(std::move(each));
  }
  return page;
}

/// The sums go on where they were; the idle time begins anew.
Result<std::vector<audit::Settled>> Vault::State::load_activity(
    const std::vector<store::Session>& open) {
  const Activity::Moment now{clock.steady(), clock.wall()};
  for (const auto& each : open) {
    STRONGROOM_TRY(const auto terms, terms_of(each.id));
    activity.begin(each.id, std::chrono::seconds(terms.idle_seconds), now);
  }
  if (open.empty()) return std::vector<audit::Settled>();
  std::map<std::uint64_t, audit::Settled> without_end;
  STRONGROOM_CHECKED(record.for_each([&](const audit::Entry& entry) {
    if (const auto* use = std::get_if<audit::Use>(&entry.content);
        use != nullptr && open_sessions.contains(use->session)) {
      auto& end = without_end[entry.sequence];
      end.tenant = use->tenant;
      end.session = use->session;
      end.use = entry.sequence;
      end.outcome = "unknown";
      activity.add_earlier(use->session, 1, 0, 0);
    }
    if (const auto* settled = std::get_if<audit::Settled>(&entry.content))
      if (const auto use = without_end.find(settled->use); use != without_end.end()) {
        activity.add_earlier(use->second.session, 0, settled->bytes_up, settled->bytes_down);
        without_end.erase(use);
      }
    return true;
  }));
  std::vector<audit::Settled> left;
  left.reserve(without_end.size());
  for (auto& [use, end] : without_end) left.push_back(std::move(end));
  return left;
}

std::vector<SessionId> Vault::idle_sessions() const {
  return state_->activity.idle(state_->clock.steady());
}

void Vault::note_use(SessionId session, HolderId holder) {
  state_->activity.use_begun(session, holder, {state_->clock.steady(), state_->clock.wall()});
}

void Vault::note_settled(SessionId session, HolderId holder, std::uint64_t bytes_up,
                         std::uint64_t bytes_down) {
  state_->activity.use_settled(session, holder, bytes_up, bytes_down,
                               {state_->clock.steady(), state_->clock.wall()});
}

void Vault::note_active(SessionId session) {
  state_->activity.note(session, {state_->clock.steady(), state_->clock.wall()});
}

}  // namespace strongroom::vault
