// SPDX-License-Identifier: Apache-2.0
#include "app/session_ends.h"

#include <utility>

namespace strongroom::app {

void SessionEnds::tick() {
  const auto expired = parts_.vault.expired_sessions();
  if (!expired) return;
  for (const auto& session : *expired) parts_.source.end_session(session, "time limit");
  for (const auto& session : parts_.vault.idle_sessions())
    parts_.source.end_session(session, "idle limit");
}

void SessionEnds::end_lost() {
  vault::SessionFilter open;
  open.state = "open";
  for (;;) {
    const auto sessions = parts_.vault.list_sessions(vault::Actor::installation("vault"), open);
    if (!sessions || sessions->empty()) return;
    for (const auto& session : *sessions)
      if (session.runtime != "external")
        parts_.loop.spawn(end_unless_attached(session.id, kReturnTime));
    open.before = sessions->back().id;
  }
}

void SessionEnds::expect_runner(SessionId session) {
  parts_.loop.spawn(end_unless_attached(session, kAttachTime));
}

io::Task<void> SessionEnds::end_unless_attached(SessionId session, std::chrono::seconds within) {
  co_await parts_.loop.sleep(within);
  if (!parts_.leases.has_runner(session)) parts_.source.end_session(session, "runner lost");
}

io::Task<Result<vault::Receipt>> SessionEnds::take_report(SessionId session,
                                                          vault::EndReport report) {
  std::vector<lease::ProcessOutcome> processes;
  for (const auto& each : report.processes)
    processes.push_back({each.pid, each.name, each.is_dead});
  if (parts_.leases.on_supervisor_report(session, report.supervisor, processes))
    co_return fail(Code::Unavailable, "the session's end is being carried through",
                   "session_ending");
  co_return co_await parts_.vault.settle_supervised(session, std::move(report));
}

std::vector<api::SessionHolder> SessionEnds::holders_of(SessionId session) const {
  std::vector<api::SessionHolder> out;
  for (auto& each : parts_.leases.holders_of(session)) {
    const auto ago =
        std::chrono::duration_cast<std::chrono::microseconds>(parts_.clock.steady() - each.since);
    out.push_back({each.holder, std::move(each.name),
                   each.role == lease::HolderRole::Gateway ? "gateway" : "runner",
                   parts_.clock.wall() - ago, std::move(each.keys)});
  }
  return out;
}

}  // namespace strongroom::app
