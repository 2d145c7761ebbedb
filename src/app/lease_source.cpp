// SPDX-License-Identifier: Apache-2.0
#include "app/lease_source.h"

#include <utility>

#include "app/upstream_proxy_setting.h"
#include "base/log.h"

namespace strongroom::app {
namespace {

std::string_view name_of(lease::UseOutcome outcome) {
  switch (outcome) {
    case lease::UseOutcome::Completed:
      return "completed";
    case lease::UseOutcome::UpstreamFailed:
      return "upstream_failed";
    case lease::UseOutcome::ClientLeft:
      return "client_left";
    case lease::UseOutcome::Revoked:
      return "revoked";
    case lease::UseOutcome::TimedOut:
      return "timed_out";
    case lease::UseOutcome::OverLimit:
      return "over_limit";
    case lease::UseOutcome::Unknown:
      break;
  }
  return "unknown";
}

/// A path without its query, at most as long as the record keeps it.
std::string recorded_path(const std::string& path) {
  return path.substr(0, audit::Use::kMaxPath);
}

/// One gateway's part of a rate: together they allow at least the whole of it.
std::uint32_t share_of(std::uint32_t rate, int gateways) {
  const auto parts = static_cast<std::uint32_t>(gateways);
  return rate / parts + (rate % parts == 0 ? 0 : 1);
}

lease::GrantedPolicy to_granted(vault::AppliedPolicy&& applied, int gateways) {
  lease::GrantedPolicy out;
  out.id = applied.id;
  out.scope = static_cast<lease::PolicyScope>(applied.level);
  out.policy = std::move(applied.policy);
  out.policy.requests_per_minute = share_of(out.policy.requests_per_minute, gateways);
  out.policy.concurrent = share_of(out.policy.concurrent, gateways);
  return out;
}

}  // namespace

lease::GrantedLease to_granted(vault::OpenedKey&& opened, int gateways) {
  lease::GrantedLease out;
  out.tenant = opened.tenant;
  out.member = opened.member;
  out.session = opened.session;
  out.grant = opened.grant;
  out.key = opened.key;
  out.key_version = opened.version;
  out.service = std::move(opened.service);
  out.label = std::move(opened.label);
  out.settings = std::move(opened.settings);
  out.key_is_rejected = opened.key_is_rejected;
  for (auto& policy : opened.policies)
    out.policies.push_back(to_granted(std::move(policy), gateways));
  for (auto& pass : opened.passes) out.passes.push_back({std::move(pass.prefix), pass.hash});
  out.value = std::move(opened.value);
  return out;
}

lease::ServerCertificate to_message(const io::Certificate& certificate) {
  return {certificate.chain_pem, Secret(bytes_of(certificate.private_key_pem))};
}

lease::VaultHello VaultLeaseSource::vault_hello(lease::HolderRole role) {
  lease::VaultHello hello;
  hello.drain_ms =
      static_cast<std::uint32_t>(std::chrono::milliseconds(parts_.config.drain).count());
  for (const auto& source : parts_.catalog.sources())
    hello.catalog_sources.emplace_back(source.name, source.text);
  if (role != lease::HolderRole::Gateway) return hello;
  hello.extra_ca_pem = parts_.config.extra_ca_pem;
  hello.dials = parts_.config.dials;
  auto certificate = to_message(parts_.certificate.shown());
  hello.certificate_chain_pem = std::move(certificate.chain_pem);
  hello.certificate_private_key_pem = std::move(certificate.private_key_pem);
  hello.plain_http = parts_.config.plain_http;
  // Checked when the configuration was read.
  if (auto proxy = upstream_proxy_of(parts_.config.upstream_proxy, parts_.config.no_proxy))
    hello.upstream_proxy = std::move(*proxy);
  hello.link_key = parts_.vault.link_key();
  hello.tenant_exchanges = static_cast<std::uint32_t>(parts_.config.tenant_exchanges);
  hello.console_url = parts_.console_url;
  return hello;
}

Result<lease::GrantedLease> VaultLeaseSource::open_by_pass(const lease::PassHash& pass_hash,
                                                           std::string_view service) {
  STRONGROOM_CHECKED(parts_.record.uses_held());
  if (service.starts_with(lease::kProxyService)) {
    const std::string_view source = service.substr(lease::kProxyService.size());
    STRONGROOM_TRY(auto opened, parts_.vault.open_proxy(pass_hash, source));
    opened.service = std::string(service);
    return to_granted(std::move(opened));
  }
  STRONGROOM_TRY(auto opened, parts_.vault.open_by_pass(pass_hash, service));
  return to_granted(std::move(opened), parts_.config.gateway_processes);
}

SessionId VaultLeaseSource::session_of_pass(const lease::PassHash& pass_hash) const {
  return parts_.vault.session_of_pass(pass_hash);
}

Result<std::vector<lease::GrantedLease>> VaultLeaseSource::open_injected(SessionId session) {
  STRONGROOM_CHECKED(parts_.record.uses_held());
  STRONGROOM_TRY(auto opened, parts_.vault.open_injected(session));
  parts_.vault.note_active(session);
  std::vector<audit::Act> acts;
  const WallTime now = parts_.loop.clock().wall();
  for (const auto& key : opened) {
    parts_.vault.note_used(key.key, now);
    auto& act = acts.emplace_back();
    act.actor = "runner";
    act.action = "key.inject";
    act.tenant = key.tenant;
    act.member = key.member;
    act.session = key.session;
    act.key = key.key;
    act.service = key.service;
    act.outcome = "done";
  }
  STRONGROOM_CHECKED(parts_.record.record(acts));
  std::vector<lease::GrantedLease> out;
  for (auto& key : opened) out.push_back(to_granted(std::move(key)));
  return out;
}

bool VaultLeaseSource::may_continue(SessionId session, KeyId key) const {
  return parts_.vault.may_continue(session, key);
}

std::uint64_t VaultLeaseSource::on_intents(std::span<const lease::Use> uses,
                                           std::function<void()> durable) {
  scratch_.resize(uses.size());
  const WallTime now = parts_.loop.clock().wall();
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const auto& from = uses[i];
    audit::Use& use = scratch_[i];
    use.tenant = from.facts.tenant;
    use.member = from.facts.member;
    use.session = from.facts.session;
    use.grant = from.facts.grant;
    use.key = from.facts.key;
    use.key_version = from.facts.key_version;
    use.holder = from.holder;
    use.service = from.facts.service;
    use.host = from.host;
    use.method = from.method;
    use.path = recorded_path(from.path);
    parts_.vault.note_use(use.session, use.holder);
    if (!use.key.is_none()) parts_.vault.note_used(use.key, now);
  }
  uses_ += uses.size();
  return parts_.record.record_uses(scratch_, [durable = std::move(durable)](const Status& status) {
    // Not durable: nothing is said, and the gateway withholds the answers (record_unavailable).
    if (status) return durable();
    log(LogLevel::Error, "record_unavailable", {{"why", status.error().message}});
  });
}

void VaultLeaseSource::on_settled(std::span<const lease::SettledUse> settled) {
  for (const auto& each : settled) {
    audit::Settled entry;
    entry.tenant = each.tenant;
    entry.session = each.session;
    entry.use = each.record;
    entry.status = each.settled.status;
    entry.bytes_up = each.settled.bytes_up;
    entry.bytes_down = each.settled.bytes_down;
    entry.micros = each.settled.micros;
    entry.outcome = name_of(each.settled.outcome);
    parts_.record.record_later(entry);
    parts_.vault.note_settled(each.session, each.holder, each.settled.bytes_up,
                              each.settled.bytes_down);
    parts_.vault.note_spent(
        each.key, each.holder,
        {each.settled.bytes_up + each.settled.bytes_down, each.settled.unit, each.settled.units});
  }
}

void VaultLeaseSource::on_refusals(const lease::Refusals& refusals) {
  if (!count_refusals) return;
  for (const auto& [code, count] : refusals.counts) count_refusals(code, count);
}

lease::SpentToday VaultLeaseSource::spent_by_others(PolicyId policy, HolderId gateway) const {
  const auto spent = parts_.vault.spent_by_others(policy, gateway);
  return {spent.day, spent.bytes, spent.units};
}

void VaultLeaseSource::on_holder_gone(HolderId holder) {
  parts_.vault.forget_holder(holder);
}

void VaultLeaseSource::on_finding(const lease::Finding& finding) {
  audit::Finding entry;
  entry.tenant = parts_.vault.tenant_of(finding.session);
  entry.session = finding.session;
  entry.service = finding.service;
  entry.what = finding.what;
  entry.host = finding.host;
  entry.path = recorded_path(finding.path);
  parts_.record.record_later(entry);
}

void VaultLeaseSource::on_verdict(const lease::Observed& observed) {
  if (observed.verdict == lease::Verdict::Unknown) return;
  const auto noted =
      parts_.vault.note_verdict(observed.key, observed.key_version,
                                observed.verdict == lease::Verdict::Accepted, observed.status);
  if (!noted) log(LogLevel::Warning, "verdict_not_kept", {{"why", noted.error().message}});
}

void VaultLeaseSource::on_session_over(SessionId session, std::int32_t) {
  end_session(session, "finished");
}

void VaultLeaseSource::on_holder_lost(const lease::HolderHello& holder, bool said_session_over) {
  if (holder.role == lease::HolderRole::Runner && !said_session_over)
    end_session(holder.session, "runner lost");
}

void VaultLeaseSource::end_session(SessionId session, std::string why) {
  parts_.loop.spawn(end(session, std::move(why)));
}

io::Task<void> VaultLeaseSource::end(SessionId session, std::string why) {
  // Whoever has begun to end it carries that through. A second end would ask in vain a runner that
  // has answered the first and gone, and its receipt, the newer one, would call dead processes
  // exposed.
  if (parts_.vault.is_ending(session)) co_return;
  vault::Actor actor = vault::Actor::installation("vault");
  // Of one that its member's or tenant's removal has ended, the removal's receipt speaks.
  const auto seen = parts_.vault.show_session(actor, session);
  if (seen && seen->state == "ended") co_return;
  const auto ended = co_await parts_.vault.end_session(std::move(actor), session, std::move(why));
  // A session that has ended already needs no second end.
  if (!ended && ended.error().code != Code::Conflict && ended.error().code != Code::Revoked)
    log(LogLevel::Warning, "session_end_failed",
        {{"session", session.text()}, {"why", ended.error().message}});
}

}  // namespace strongroom::app
