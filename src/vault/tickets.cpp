// Tickets: only their hash is kept. The first use makes one useless, durably, before anything is
// started with it; a second is refused and recorded. SPDX-License-Identifier: Apache-2.0
#include "vault/tickets.h"

#include <algorithm>
#include <functional>

#include "crypto/crypto.h"
#include "vault/credentials.h"
#include "vault/session_terms.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kTicketStart = "srt_";
/// Of one installation at once, used ones of the last hour included.
constexpr std::size_t kMostTickets = 100'000;
/// For who looks what became of one; the record keeps its use for good.
constexpr std::chrono::microseconds kKeptAfter = std::chrono::hours(1);

json::array to_array(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

std::string wish_text(const SessionRequest& request) {
  json::object wish;
  wish["services"] = to_array(request.services);
  wish["skills"] = to_array(request.skills);
  wish["time_limit"] = request.time_limit.count();
  wish["idle_limit"] = request.idle_limit.count();
  wish["labels"] = settings_text(request.labels);
  return to_text(wish);
}

Result<std::vector<std::string>> texts_of(const json::object& wish, std::string_view name) {
  std::vector<std::string> out;
  const auto* list = wish.if_contains(name);
  if (list == nullptr || !list->is_array())
    return fail(Code::Tampered, "What a ticket is for is malformed.");
  for (const auto& each : list->get_array())
    if (each.is_string()) out.emplace_back(each.get_string());
  return out;
}

Result<std::chrono::seconds> seconds_of(const json::object& wish, std::string_view name) {
  const auto* number = wish.if_contains(name);
  if (number == nullptr || !number->is_int64())
    return fail(Code::Tampered, "What a ticket is for is malformed.");
  return std::chrono::seconds(number->get_int64());
}

Result<SessionRequest> request_of(const store::Ticket& ticket) {
  STRONGROOM_TRY(const auto parsed, parse_json(ticket.wish));
  if (!parsed.is_object()) return fail(Code::Tampered, "What a ticket is for is malformed.");
  const auto& wish = parsed.get_object();
  SessionRequest request;
  STRONGROOM_TRY(request.services, texts_of(wish, "services"));
  STRONGROOM_TRY(request.skills, texts_of(wish, "skills"));
  STRONGROOM_TRY(request.time_limit, seconds_of(wish, "time_limit"));
  STRONGROOM_TRY(request.idle_limit, seconds_of(wish, "idle_limit"));
  STRONGROOM_TRY(const auto labels, required_string(wish, "labels"));
  STRONGROOM_TRY(request.labels, settings_of(labels));
  return request;
}

audit::Act facts_of(const store::Ticket& ticket) {
  audit::Act act;
  act.tenant = ticket.tenant;
  act.member = ticket.member;
  act.detail = ticket.id.text();
  return act;
}

}  // namespace

Result<TicketView> Vault::State::view(const store::Ticket& ticket) {
  TicketView view;
  view.id = ticket.id;
  STRONGROOM_TRY(view.tenant, tenant_name(ticket.tenant));
  STRONGROOM_TRY(view.member, member_name(ticket.member));
  STRONGROOM_TRY(auto request, request_of(ticket));
  view.services = std::move(request.services);
  view.skills = std::move(request.skills);
  view.created = from_micros(ticket.created);
  view.expires = from_micros(ticket.expires);
  if (ticket.used != 0) view.used = from_micros(ticket.used);
  view.session = ticket.session;
  view.state = ticket.used != 0 ? "used" : now() >= ticket.expires ? "expired" : "unused";
  return view;
}

Status Vault::State::load_tickets() {
  STRONGROOM_TRY(const auto all, store.list<store::Ticket>());
  for (const auto& each : all) kept_tickets.emplace(each.expires, each.id);
  return {};
}

/// Those that nobody asks about any more. Inside a transaction.
Status Vault::State::forget_old_tickets() {
  while (!kept_tickets.empty() && kept_tickets.begin()->first + kKeptAfter.count() < now()) {
    const TicketId id = kept_tickets.begin()->second;
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   store.erase<store::Ticket>({{"id", store::to_value(id)}}));
    kept_tickets.erase(kept_tickets.begin());
    replayed_tickets.erase(id);
  }
  return {};
}

Result<IssuedTicket> Vault::issue_ticket(const Actor& actor, const SessionRequest& request,
                                         std::chrono::seconds valid) {
  auto& state = *state_;
  STRONGROOM_CHECKED(check_terms(request));
  if (valid <= std::chrono::seconds(0) || valid > kLongestTicket)
    return fail(Code::Invalid, "A ticket is good for 1 to 3600 seconds.");
  IssuedTicket issued;
  issued.ticket = make_credential(kTicketStart);
  store::Ticket ticket;
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_CHECKED(state.forget_old_tickets());
    if (state.kept_tickets.size() >= kMostTickets)
      return fail(Code::TooLarge, "There are 100000 tickets of the last hour already.");
    STRONGROOM_TRY(const auto tenant, state.tenant(actor, request.tenant));
    STRONGROOM_TRY(const auto member, state.member(tenant, request.member));
    STRONGROOM_CHECKED(state.need_to_run_for(actor, member));
    // What could not be started now is told now.
    STRONGROOM_TRY(const auto wishes, state.wishes_of(tenant, request));
    for (const auto& wish : wishes) STRONGROOM_CHECKED(state.choose(tenant, member, wish));
    ticket.id = crypto::random_id<TicketId>();
    ticket.tenant = tenant.id;
    ticket.member = member.id;
    ticket.hash = kept_hash(issued.ticket);
    ticket.wish = wish_text(request);
    ticket.created = state.now();
    ticket.expires = ticket.created + std::chrono::microseconds(valid).count();
    STRONGROOM_CHECKED(state.store.insert(ticket));
    return state.act(actor, "ticket.issue", facts_of(ticket));
  }));
  state.kept_tickets.emplace(ticket.expires, ticket.id);
  STRONGROOM_TRY(issued.view, state.view(ticket));
  return issued;
}

Result<std::vector<TicketView>> Vault::list_tickets(const Actor& actor,
                                                    std::string_view tenant_name) {
  auto& state = *state_;
  STRONGROOM_TRY(const auto where, state.rows_of(actor, tenant_name));
  STRONGROOM_TRY(auto tickets, state.store.list<store::Ticket>(where));
  std::ranges::sort(tickets, std::ranges::greater{}, &store::Ticket::created);
  std::vector<TicketView> views;
  for (const auto& ticket : tickets) {
    if (!state.sees(actor, ticket.tenant, ticket.member)) continue;
    STRONGROOM_TRY(auto view, state.view(ticket));
    views.push_back(std::move(view));
  }
  return views;
}

Result<ClaimedTicket> Vault::claim_ticket(const crypto::Digest& hash) {
  auto& state = *state_;
  const ByteVector octets(hash.begin(), hash.end());
  STRONGROOM_TRY(auto found,
                 state.store.find<store::Ticket>({{"ticket_hash", store::to_value(octets)}}));
  if (!found) return fail(Code::Unauthorized, "This ticket is not known.", "ticket_unknown");
  store::Ticket ticket = std::move(*found);
  if (ticket.used != 0) {
    state.note_replay(ticket);
    return fail(Code::Revoked, "This ticket has been used.", "ticket_used");
  }
  if (state.now() >= ticket.expires)
    return fail(Code::Expired, "This ticket's time is over.", "ticket_expired");
  STRONGROOM_TRY(auto request, request_of(ticket));
  // By their ids: another may have the name now.
  STRONGROOM_TRY(const auto tenant, state.by_id<store::Tenant>(ticket.tenant));
  STRONGROOM_TRY(const auto member, state.by_id<store::Member>(ticket.member));
  if (!tenant || !member || tenant->state != kActive || member->state != kActive)
    return fail(Code::Revoked, "For whom this ticket was is gone.", "member_removed");
  request.tenant = tenant->name;
  request.member = member->name;
  ticket.used = state.now();
  STRONGROOM_CHECKED(state.commit([&]() -> Status {
    STRONGROOM_CHECKED(state.store.update(ticket));
    return state.act(Actor::installation("ticket"), "ticket.use", facts_of(ticket));
  }));
  STRONGROOM_CHECKED(state.anchoring.anchored());
  return ClaimedTicket{ticket.id, std::move(request)};
}

/// Somebody else has it too: once for each ticket, so that nobody can fill the record.
void Vault::State::note_replay(const store::Ticket& ticket) {
  if (!replayed_tickets.insert(ticket.id).second) return;
  auto facts = facts_of(ticket);
  facts.outcome = "refused: used before";
  (void)act(Actor::installation("ticket"), "ticket.use", std::move(facts));
}

Status Vault::note_started_with(TicketId id, SessionId session) {
  auto& state = *state_;
  STRONGROOM_TRY(auto ticket, state.by_id<store::Ticket>(id));
  if (!ticket) return {};
  ticket->session = session;
  return state.commit([&] { return state.store.update(*ticket); });
}

}  // namespace strongroom::vault
