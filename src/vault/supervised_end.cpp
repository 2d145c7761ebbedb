// What the supervisor of a dead runner says: nobody else can tell of the processes that this runner
// has left, so its word is what R2 rests on. A receipt that was written before it came is completed
// by another. SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "crypto/crypto.h"
#include "crypto/session_credentials.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

HolderOutcome outcome_of(SessionId session, EndReport&& report, WallTime at) {
  HolderOutcome out;
  out.holder = crypto::random_id<HolderId>();
  out.name = "runner that was lost";
  out.role = "runner";
  out.how = "ended_by_supervisor";
  out.session = session;
  out.at = at;
  out.processes = std::move(report.processes);
  out.reported_by = std::move(report.supervisor);
  return out;
}

}  // namespace

std::string Vault::report_credential(SessionId id) const {
  return crypto::report_credential(state_->link_key, id);
}

Status Vault::check_report_credential(SessionId id, const crypto::Digest& hash) const {
  if (equal_constant_time(crypto::sha256(bytes_of(report_credential(id))), hash)) return {};
  return fail(Code::Unauthorized, "no or unknown credential");
}

io::Task<Result<Receipt>> Vault::settle_supervised(SessionId id, EndReport report) {
  auto& state = *state_;
  auto session = state.session(id);
  if (!session) co_return std::unexpected(std::move(session).error());
  if (state.ending.contains(id))
    co_return fail(Code::Unavailable, "The session's end is being carried through.",
                   "session_ending");
  auto written = state.receipt_of(id.text());
  if (!written) co_return std::unexpected(std::move(written).error());
  Actor actor = Actor::installation(report.supervisor);
  HolderOutcome reported = outcome_of(id, std::move(report), state.clock.wall());
  if (!*written) {
    std::vector<HolderOutcome> all{std::move(reported)};
    co_return co_await state.end_session(std::move(actor), std::move(*session), "runner lost",
                                         std::move(all));
  }
  const bool is_better = !(*written)->is_withdrawn &&
                         std::ranges::all_of(reported.processes, &ExposedProcess::is_dead);
  if (!is_better) co_return std::move(**written);
  auto completed = state.complete_receipt(**written, *session, reported);
  if (!completed) co_return completed;
  audit::Act facts;
  facts.tenant = session->tenant;
  facts.member = session->member;
  facts.session = id;
  facts.detail = "receipt " + completed->id.text() + " completes " + (*written)->id.text();
  const Status recorded = state.act(actor, "session.withdraw", std::move(facts));
  if (!recorded) co_return std::unexpected(recorded.error());
  co_return completed;
}

}  // namespace strongroom::vault
