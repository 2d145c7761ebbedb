// How: one put per message, fields in the order of messages.h. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "base/encoding.h"
#include "lease/limits.h"
#include "lease/messages.h"

namespace strongroom::lease {
namespace {

void put_id(Writer& out, ByteView id) {
  out.raw(id);
}

void put_secret(Writer& out, const Secret& secret) {
  secret.reveal([&](ByteView plain) { out.blob(plain); });
}

/// Cut, never refused: what a peer sends must not make us fail to encode a report of it.
void put_text(Writer& out, std::string_view text, std::size_t limit) {
  out.text(text.substr(0, limit));
}

void put_pairs(Writer& out, const Settings& pairs) {
  out.u32(static_cast<std::uint32_t>(pairs.size()));
  for (const auto& [name, value] : pairs) {
    out.text(name);
    out.text(value);
  }
}

void put_ids(Writer& out, const std::vector<LeaseId>& ids) {
  out.u32(static_cast<std::uint32_t>(ids.size()));
  for (const auto& id : ids) put_id(out, id.view());
}

void put(Writer& out, const HolderHello& m) {
  out.u16(m.protocol);
  out.u8(static_cast<std::uint8_t>(m.role));
  out.u32(m.pid);
  put_text(out, m.name, kMaxWord);
  put_id(out, m.session.view());
  out.u32(m.supervisor);
}

void put(Writer& out, const VaultHello& m) {
  out.u16(m.protocol);
  put_id(out, m.holder.view());
  put_pairs(out, m.catalog_sources);
  out.text(m.extra_ca_pem);
  out.u32(static_cast<std::uint32_t>(m.dials.size()));
  for (const auto& dial : m.dials) {
    out.text(dial.authority);
    out.text(dial.to);
  }
  out.text(m.certificate_chain_pem);
  put_secret(out, m.certificate_private_key_pem);
  put_secret(out, m.link_key);
  out.u32(m.drain_ms);
  out.u32(m.tenant_exchanges);
  put_text(out, m.console_url, kMaxText);
  out.u8(static_cast<std::uint8_t>(m.plain_http));
  put_text(out, m.upstream_proxy.host, kMaxText);
  out.u16(m.upstream_proxy.port);
  put_secret(out, m.upstream_proxy.basic_credentials);
  out.u32(static_cast<std::uint32_t>(m.upstream_proxy.no_proxy.size()));
  for (const auto& host : m.upstream_proxy.no_proxy) put_text(out, host, kMaxText);
  put_text(out, m.report_credential, kMaxWord);
}

void put(Writer& out, const ServerCertificate& m) {
  out.text(m.chain_pem);
  put_secret(out, m.private_key_pem);
}

void put(Writer& out, const SpentToday& m) {
  out.i64(m.day);
  out.u64(m.bytes);
  out.u64(m.units);
}

void put_rules(Writer& out, const std::vector<catalog::PolicyRule>& rules) {
  out.u32(static_cast<std::uint32_t>(rules.size()));
  for (const auto& rule : rules) out.text(catalog::rule_text(rule));
}

void put(Writer& out, const GrantedPolicy& m) {
  put_id(out, m.id.view());
  out.u8(static_cast<std::uint8_t>(m.scope));
  put_rules(out, m.policy.allow);
  put_rules(out, m.policy.deny);
  put_rules(out, m.policy.open);
  out.u8(static_cast<std::uint8_t>(m.policy.on_echo));
  out.u8(static_cast<std::uint8_t>(m.policy.on_misplaced));
  out.u32(m.policy.requests_per_minute);
  out.u32(m.policy.concurrent);
  out.u64(m.policy.bytes_per_day);
  out.text(m.policy.budget.unit);
  out.u64(m.policy.budget.per_day);
  put(out, m.by_others);
}

void put(Writer& out, const GrantedLease& m) {
  put_id(out, m.lease.view());
  put_id(out, m.tenant.view());
  put_id(out, m.member.view());
  put_id(out, m.session.view());
  put_id(out, m.grant.view());
  put_id(out, m.key.view());
  out.u32(m.key_version);
  put_text(out, m.service, kMaxWord);
  put_text(out, m.label, kMaxWord);
  put_pairs(out, m.settings);
  out.u8(m.key_is_rejected ? 1 : 0);
  out.u32(static_cast<std::uint32_t>(m.policies.size()));
  for (const auto& policy : m.policies) put(out, policy);
  out.u32(static_cast<std::uint32_t>(m.passes.size()));
  for (const auto& pass : m.passes) {
    put_text(out, pass.prefix, kMaxWord);
    out.raw(pass.hash);
  }
  put_secret(out, m.value);
}

void put(Writer& out, const Acquire& m) {
  out.u64(m.request);
  out.raw(m.pass_hash);
  put_text(out, m.service, kMaxWord);
}

void put(Writer& out, const AcquireSession& m) {
  out.u64(m.request);
  put_id(out, m.session.view());
}

void put(Writer& out, const Granted& m) {
  out.u64(m.request);
  put(out, m.lease);
}

void put(Writer& out, const AllGranted& m) {
  out.u64(m.request);
}

void put(Writer& out, const Denied& m) {
  out.u64(m.request);
  out.u8(static_cast<std::uint8_t>(m.code));
  put_text(out, m.reason, kMaxWord);
  put_text(out, m.message, kMaxText);
  put_id(out, m.session.view());
}

void put(Writer& out, const Renew& m) {
  out.u64(m.round);
  put_ids(out, m.leases);
}

void put(Writer& out, const Renewed& m) {
  out.u64(m.round);
  put_ids(out, m.leases);
}

void put(Writer& out, const Release& m) {
  put_ids(out, m.leases);
}

void put(Writer& out, const Fence& m) {
  out.u64(m.order);
  out.u8(static_cast<std::uint8_t>(m.kind));
  out.raw(m.id);
  put_text(out, m.reason, kMaxWord);
  out.u32(m.grace_ms);
}

void put(Writer& out, const FenceDone& m) {
  out.u64(m.order);
  out.u32(m.connections_closed);
  out.u32(static_cast<std::uint32_t>(m.processes.size()));
  for (const auto& process : m.processes) {
    out.u32(process.pid);
    put_text(out, process.name, kMaxWord);
    out.u8(process.is_dead ? 1 : 0);
  }
}

void put(Writer& out, const Refresh& m) {
  put_id(out, m.key.view());
  out.u64(m.order);
}

void put(Writer& out, const RefreshDone& m) {
  out.u64(m.order);
}

void put_intent(Writer& out, std::uint64_t sequence, const LeaseId& lease, std::string_view host,
                std::string_view method, std::string_view path) {
  out.u64(sequence);
  put_id(out, lease.view());
  put_text(out, host, kMaxWord);
  put_text(out, method, kMaxWord);
  put_text(out, path, kMaxText);
}

void put(Writer& out, const Intents& m) {
  out.u32(static_cast<std::uint32_t>(m.intents.size()));
  for (const auto& i : m.intents) put_intent(out, i.sequence, i.lease, i.host, i.method, i.path);
}

void put(Writer& out, const IntentsDurable& m) {
  out.u64(m.up_to);
}

void put(Writer& out, const IntentsRefused& m) {
  out.u32(static_cast<std::uint32_t>(m.sequences.size()));
  for (const auto sequence : m.sequences) out.u64(sequence);
}

void put(Writer& out, const UseSettled& m) {
  out.u64(m.sequence);
  out.u16(m.status);
  out.u64(m.bytes_up);
  out.u64(m.bytes_down);
  out.u64(m.micros);
  out.u8(static_cast<std::uint8_t>(m.outcome));
  put_text(out, m.unit, kMaxWord);
  out.u64(m.units);
}

void put(Writer& out, const Settled& m) {
  out.u32(static_cast<std::uint32_t>(m.settled.size()));
  for (const auto& settled : m.settled) put(out, settled);
}

void put(Writer& out, const Finding& m) {
  put_id(out, m.session.view());
  put_text(out, m.service, kMaxWord);
  put_text(out, m.what, kMaxWord);
  put_text(out, m.host, kMaxWord);
  put_text(out, m.path, kMaxText);
}

void put(Writer& out, const Observed& m) {
  put_id(out, m.key.view());
  out.u32(m.key_version);
  out.u8(static_cast<std::uint8_t>(m.verdict));
  out.u16(m.status);
}

void put(Writer& out, const CheckKey& m) {
  out.u64(m.request);
  put(out, m.lease);
}

void put(Writer& out, const CheckDone& m) {
  out.u64(m.request);
  out.u8(static_cast<std::uint8_t>(m.verdict));
  out.u16(m.status);
  put_text(out, m.message, kMaxText);
}

void put(Writer& out, const Drain& m) {
  out.u32(m.within_ms);
}

void put(Writer& out, const SessionOver& m) {
  put_id(out, m.session.view());
  out.u32(static_cast<std::uint32_t>(m.exit_status));
}

void put(Writer& out, const SessionActive& m) {
  put_id(out, m.session.view());
}

void put(Writer& out, const SpentByOthers& m) {
  out.u32(static_cast<std::uint32_t>(m.entries.size()));
  for (const auto& entry : m.entries) {
    put_id(out, entry.policy.view());
    put(out, entry.spent);
  }
}

void put(Writer& out, const Refusals& m) {
  out.u32(static_cast<std::uint32_t>(m.counts.size()));
  for (const auto& [code, count] : m.counts) {
    put_text(out, code, kMaxWord);
    out.u32(count);
  }
}

// How much a frame with keys can need, so that the buffer never grows (and leaves a copy) while
// they are written.

std::size_t bound_of(const Settings& pairs) {
  std::size_t size = 4;
  for (const auto& [name, value] : pairs) size += 8 + name.size() + value.size();
  return size;
}

std::size_t bound_of(const GrantedPolicy& m) {
  std::size_t size = 128 + m.policy.budget.unit.size();
  for (const auto* rules : {&m.policy.allow, &m.policy.deny, &m.policy.open})
    for (const auto& rule : *rules) size += 4 + catalog::rule_text(rule).size();
  return size;
}

std::size_t bound_of(const GrantedLease& m) {
  std::size_t size =
      256 + m.service.size() + m.label.size() + bound_of(m.settings) + m.value.size();
  for (const auto& policy : m.policies) size += bound_of(policy);
  for (const auto& pass : m.passes) size += 4 + pass.prefix.size() + pass.hash.size();
  return size;
}

template <class Any>
std::size_t bound_of(const Any& message) {
  if constexpr (std::is_same_v<Any, Granted> || std::is_same_v<Any, CheckKey>) {
    return 64 + bound_of(message.lease);
  } else if constexpr (std::is_same_v<Any, VaultHello>) {
    std::size_t size = 256 + bound_of(message.catalog_sources) + message.extra_ca_pem.size() +
                       message.certificate_chain_pem.size() +
                       message.certificate_private_key_pem.size() + message.link_key.size() +
                       message.console_url.size() + message.report_credential.size();
    for (const auto& dial : message.dials) size += 8 + dial.authority.size() + dial.to.size();
    size +=
        32 + message.upstream_proxy.host.size() + message.upstream_proxy.basic_credentials.size();
    for (const auto& host : message.upstream_proxy.no_proxy) size += 4 + host.size();
    return size;
  } else if constexpr (std::is_same_v<Any, ServerCertificate>) {
    return 64 + message.chain_pem.size() + message.private_key_pem.size();
  } else {
    return 0;
  }
}

}  // namespace

void encode(const Message& message, ByteVector& out) {
  std::visit(
      [&](const auto& each) {
        if (const auto bound = bound_of(each); bound > 0) reserve_wiping(out, bound);
        const std::size_t start = begin_frame(static_cast<std::uint8_t>(message.index() + 1), out);
        Writer writer(out);
        put(writer, each);
        end_frame(start, out);
      },
      message);
}

std::size_t begin_frame(std::uint8_t type, ByteVector& out) {
  const std::size_t start = out.size();
  Writer writer(out);
  writer.u32(0);
  writer.u8(type);
  return start;
}

void end_frame(std::size_t start, ByteVector& out) {
  const std::size_t size = out.size() - start - 4;
  STRONGROOM_CHECK(size <= kMaxFrame,
                   "every message is bounded below the largest frame by who makes it");
  for (std::size_t i = 0; i < 4; ++i)
    out[start + i] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
}

void encode_intent(std::uint64_t sequence, const LeaseId& lease, std::string_view host,
                   std::string_view method, std::string_view path, ByteVector& out) {
  Writer writer(out);
  put_intent(writer, sequence, lease, host, method, path);
}

void encode_settled(const UseSettled& settled, ByteVector& out) {
  Writer writer(out);
  put(writer, settled);
}

void wipe_and_clear(ByteVector& buffer) noexcept {
  if (!buffer.empty()) wipe(buffer.data(), buffer.size());
  buffer.clear();
}

void reserve_wiping(ByteVector& buffer, std::size_t more) {
  const std::size_t needed = buffer.size() + more;
  if (needed <= buffer.capacity()) return;
  ByteVector larger;
  larger.reserve(std::max(needed, 2 * buffer.capacity()));
  larger.insert(larger.end(), buffer.begin(), buffer.end());
  wipe_and_clear(buffer);
  buffer.swap(larger);
}

}  // namespace strongroom::lease
