// Streams of what happens in sessions. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/operations.h"
#include "api/session_events.h"

namespace strongroom::api {
namespace {

/// Longer than any id that we give.
constexpr std::size_t kLongestEventId = 64;
constexpr std::string_view kWithKeys = "yes";

Answer stream_of(Call& call, SessionEvents::Wanted wanted) {
  if (call.last_event_id.size() > kLongestEventId)
    return fail(Code::Invalid, "'Last-Event-ID' is not one of ours");
  wanted.after = call.last_event_id;
  if (const auto& standing = call.actor.standing()) {
    wanted.tenant = standing->tenant;
    if (!call.actor.has(vault::Right::SeeAll) && !standing->for_any_member)
      wanted.member = standing->member.value_or(MemberId());
    wanted.may_go_on = [&vault = call.services.vault, credential = call.credential] {
      return find_again(credential, vault).has_value();
    };
  }
  Reply out;
  STRONGROOM_TRY(out.stream, call.services.events.follow(std::move(wanted)));
  return out;
}

}  // namespace

Answer follow_sessions(Call& call) {
  SessionEvents::Wanted wanted;
  if (const std::string name = call.parameter("tenant"); !name.empty()) {
    STRONGROOM_TRY(const auto tenants, call.services.vault.list_tenants(call.actor));
    const auto found = std::ranges::find(tenants, name, &vault::TenantView::name);
    if (found == tenants.end()) return fail(Code::NotFound, "no tenant of that name");
    wanted.tenant = found->id;
  }
  if (const std::string keys = call.parameter("keys"); !keys.empty()) {
    if (keys != kWithKeys) return fail(Code::Invalid, "'keys' is yes, or missing");
    wanted.with_keys = true;
  }
  return stream_of(call, std::move(wanted));
}

Answer follow_session(Call& call) {
  STRONGROOM_TRY(const SessionId id, SessionId::parse(call.path["id"]));
  STRONGROOM_TRY(const auto view, call.services.vault.show_session(call.actor, id));
  SessionEvents::Wanted wanted;
  wanted.session = SessionEvents::One{id, view.started, {}};
  if (view.state != "open" && !call.services.vault.is_ending(id)) {
    STRONGROOM_TRY(wanted.session->end, call.services.vault.end_of(view));
  }
  return stream_of(call, std::move(wanted));
}

}  // namespace strongroom::api
