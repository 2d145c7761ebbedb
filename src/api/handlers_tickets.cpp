// Tickets: the right to start one session. SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"
#include "api/session_start.h"
#include "api/views.h"

namespace strongroom::api {
namespace {

bool wants_runner(const Call& call) {
  const auto* said = call.body.get_object().if_contains("runner");
  return said != nullptr && said->is_bool() && said->get_bool();
}

}  // namespace

Answer issue_ticket(Call& call) {
  std::chrono::seconds valid = vault::kTicketTime;
  if (const auto* given = call.body.get_object().if_contains("valid_seconds");
      given != nullptr && given->is_int64())
    valid = std::chrono::seconds(given->get_int64());
  auto issued = call.services.vault.issue_ticket(call.actor, session_request(call), valid);
  if (!issued) return std::unexpected(with_link(std::move(issued).error(), call.services.options));
  json::object document = to_json(issued->view);
  document["ticket"] = issued->ticket;
  Reply out;
  out.document = std::move(document);
  return out;
}

Answer list_tickets(Call& call) {
  STRONGROOM_TRY(const auto tickets,
                 call.services.vault.list_tickets(call.actor, call.parameter("tenant")));
  return reply(to_json_list(tickets));
}

io::Task<Answer> use_ticket(Call& call) {
  auto claimed = call.services.vault.claim_ticket(call.credential.bearer);
  if (!claimed) co_return std::unexpected(std::move(claimed).error());
  call.actor = vault::Actor::installation("ticket " + claimed->id.text());
  vault::SessionRequest request = std::move(claimed->request);
  request.wants_runner = wants_runner(call);
  request.runtime = request.wants_runner ? kAttached : kExternal;
  SessionId session;
  Answer answer = co_await answer_start(call, std::move(request), session);
  if (!answer) co_return answer;
  // It is in the record as well: nobody has to wait for this.
  (void)call.services.vault.note_started_with(claimed->id, session);
  co_return answer;
}

}  // namespace strongroom::api
