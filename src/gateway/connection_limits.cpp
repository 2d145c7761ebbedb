// What stands between an admitted request and the provider: its tenant's turn, the key's policies,
// and what they count. SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "catalog/policy.h"
#include "gateway/connection.h"

namespace strongroom::gateway {

/// Hot path: true when the tenant has a place free.
bool Connection::enter_tenant() {
  tenant_ = lease()->granted().tenant;
  if (outer_tenant_ != nullptr) *outer_tenant_ = tenant_;
  return gateway_.tenants().enter(tenant_, metering_.turn);
}

/// In the queue of the tenant, for a moment. The lease may have ended meanwhile.
io::Task<std::optional<Refusal>> Connection::wait_for_turn() {
  const auto event = std::make_shared<io::Event>(gateway_.loop());
  const auto wake = [event] { event->set(); };
  bool is_inside = false;
  if (gateway_.tenants().wait(tenant_, metering_.turn, wake)) {
    const Deadline until = Deadline::after(gateway_.loop().clock(), gateway_.limits().turn);
    (void)co_await event->wait_until(until);
    is_inside = metering_.turn.is_inside();
    if (!is_inside) metering_.turn.leave();
  }
  if (x_.cut_by) co_return *x_.cut_by;
  if (lease() == nullptr) co_return Refusal::VaultUnavailable;
  if (is_inside) co_return std::nullopt;
  metering_.detail.limit_of = "tenant";
  metering_.detail.retry_after = std::chrono::seconds(1);
  co_return Refusal::TenantBusy;
}

/// The policies of the lease: rules first, which cost nothing, then what is counted.
std::optional<Refusal> Connection::begin_use() {
  const auto& granted = lease()->granted();
  if (x_.action) {
    if (const auto refused = judge_route()) return refused;
  }
  if (granted.policies.empty()) return std::nullopt;
  choose_answers_to_findings();
  const catalog::PolicyRequest request{work_->request.method, x_.route.path,
                                       work_->request.is_websocket_upgrade};
  for (const auto& each : granted.policies) {
    if (catalog::judge(each.policy, request) == catalog::Permission::Granted) continue;
    metering_.detail.limit_of = name_of(each.scope);
    report_finding(describe(Refusal::PolicyDenied).code);
    return Refusal::PolicyDenied;
  }
  metering_.choose_usage(*x_.route.service, x_.route.path, granted.policies);
  if (metering_.is_cost_hidden(work_->request, x_.route.query)) {
    report_finding(describe(Refusal::CostHidden).code);
    return Refusal::CostHidden;
  }
  if (const auto excess = gateway_.quotas().begin(granted.policies, *this, metering_.use))
    return refusal_of_excess(*excess, metering_.detail);
  return std::nullopt;
}

/// Routes that the catalogue closes unless they are opened, or lets through and wants recorded as
/// what they are.
std::optional<Refusal> Connection::judge_route() {
  if (x_.action == catalog::PathAction::Note) {
    report_finding("noted_route");
    return std::nullopt;
  }
  const catalog::PolicyRequest request{work_->request.method, x_.route.path,
                                       work_->request.is_websocket_upgrade};
  const bool is_open = std::ranges::any_of(
      lease()->granted().policies,
      [&](const lease::GrantedPolicy& each) { return catalog::opens(each.policy, request); });
  report_finding(is_open ? "opened_route" : describe(Refusal::PathNotOpened).code);
  return is_open ? std::nullopt : std::optional(Refusal::PathNotOpened);
}

/// One policy that says otherwise than usual is enough.
void Connection::choose_answers_to_findings() {
  for (const auto& each : lease()->granted().policies) {
    if (each.policy.on_echo == catalog::OnEcho::Cut) x_.on_echo = catalog::OnEcho::Cut;
    if (each.policy.on_misplaced == catalog::OnMisplaced::Mask)
      x_.on_misplaced = catalog::OnMisplaced::Mask;
  }
}

/// A finding either way, each time that there are more.
bool Connection::is_misplaced(std::size_t hits) {
  if (hits == 0) return false;
  if (x_.misplaced.has_more(hits)) report_finding(describe(Refusal::PassMisplaced).code);
  return x_.on_misplaced == catalog::OnMisplaced::Refuse;
}

/// As they come: a stream may go on for hours.
void Connection::tell_of_echoes(std::size_t hits) {
  if (x_.echoes.has_more(hits)) report_finding("key_echoed");
}

/// Counted and released, whatever became of the exchange.
Quotas::Cost Connection::end_use() {
  Metering::Exchanged exchanged;
  exchanged.bytes_up = x_.bytes_up;
  exchanged.bytes_down = x_.bytes_down;
  exchanged.status = x_.status;
  exchanged.is_whole = x_.outcome == lease::UseOutcome::Completed && !x_.client_left && !x_.cut_by;
  return metering_.end(exchanged);
}

std::uint64_t Connection::octets_so_far() const noexcept {
  return x_.bytes_up + x_.bytes_down;
}

/// A stream whose octets are spent ends as a revoked one does.
void Connection::end_over_limit(const Excess& excess) noexcept {
  if (x_.cut_by) return;  // and is on its way to say so
  x_.cut_by = refusal_of_excess(excess, metering_.detail);
  if (upstream_ != nullptr) upstream_->abort();
  if (x_.answer_started) client_.abort();
}

lease::UseOutcome Connection::outcome_of_cut() const {
  return x_.cut_by == Refusal::BytesSpent ? lease::UseOutcome::OverLimit
                                          : lease::UseOutcome::Revoked;
}

/// With the session where it is known.
lease::Finding Connection::finding_of(std::string_view what) const {
  lease::Finding finding;
  finding.session = x_.session;
  if (lease() != nullptr) finding.session = lease()->granted().session;
  if (lease() == nullptr && x_.inspected != nullptr) finding.session = x_.inspected->session;
  if (x_.route.service != nullptr) finding.service = x_.route.service->id;
  finding.what = what;
  finding.host = x_.authority.is_none() ? x_.route.host_name : x_.authority.host();
  finding.path = x_.route.path;
  return finding;
}

/// What smells of an attack goes into the record.
void Connection::report_finding(std::string_view what) {
  gateway_.report(finding_of(what));
}

/// Why the provider failed, to the log; not what this side has ended itself. Somebody else's
/// certificate smells of an attack.
void Connection::tell_of_failure() {
  const bool is_own_end = x_.cut_by || x_.client_left || x_.upload_refused || !client_.is_open();
  if (!x_.failure || is_own_end) return;
  lease::Finding failure = finding_of(name_of(*x_.failure));
  failure.host = x_.authority.text();
  gateway_.log_failure(failure);
  if (x_.failure == UpstreamFailure::TlsCertificate)
    report_finding(describe(Refusal::UpstreamTls).code);
}

}  // namespace strongroom::gateway
