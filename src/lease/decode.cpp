// How: one take per message, fields in the order of messages.h; a frame is accepted only when it is
// used up exactly. SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "base/encoding.h"
#include "lease/limits.h"
#include "lease/messages.h"

namespace strongroom::lease {
namespace {

/// Reader with the checks of this protocol: closed enums, counts that the rest of the frame can
/// hold.
class Fields {
 public:
  explicit Fields(ByteView body) : in_(body) {}
  [[nodiscard]] bool is_complete() const { return !is_bad_ && in_.is_at_end(); }
  std::uint8_t u8() { return in_.u8(); }
  std::uint16_t u16() { return in_.u16(); }
  std::uint32_t u32() { return in_.u32(); }
  std::uint64_t u64() { return in_.u64(); }
  std::int64_t i64() { return in_.i64(); }

  bool flag() {
    const auto value = in_.u8();
    if (value > 1) is_bad_ = true;
    return value == 1;
  }
  /// A value of an enum whose members are 1..last (0..last with `first` 0).
  template <class Enum>
  Enum one_of(Enum first, Enum last) {
    const auto value = in_.u8();
    if (value < static_cast<std::uint8_t>(first) || value > static_cast<std::uint8_t>(last))
      is_bad_ = true;
    return is_bad_ ? first : static_cast<Enum>(value);
  }
  template <std::size_t Size>
  std::array<std::uint8_t, Size> octets() {
    std::array<std::uint8_t, Size> value{};
    const auto view = in_.raw(Size);
    if (view.size() == Size) std::memcpy(value.data(), view.data(), Size);
    return value;
  }
  template <class AnyId>
  AnyId id() {
    return AnyId(octets<16>());
  }
  std::string word() { return std::string(in_.text(kMaxWord)); }
  std::string text(std::size_t limit = kMaxText) { return std::string(in_.text(limit)); }
  Secret secret() {
    const auto plain = in_.blob(Secret::kMaxSize);
    return plain.empty() ? Secret() : Secret(plain);
  }
  /// How many elements follow, each of at least `smallest` octets.
  std::size_t count(std::size_t smallest, std::size_t most = kMaxFrame) {
    const std::size_t value = in_.u32();
    if (is_bad_ || !in_.is_ok() || value > most || value > in_.remaining() / smallest) {
      is_bad_ = true;
      return 0;
    }
    return value;
  }
  Settings pairs(std::size_t most, std::size_t name_limit, std::size_t value_limit) {
    Settings pairs(count(8, most));
    for (auto& [name, value] : pairs) {
      name = text(name_limit);
      value = text(value_limit);
    }
    return pairs;
  }
  /// Only as rule_text writes it.
  catalog::PolicyRule rule() {
    const std::string written = text();
    auto parsed = catalog::parse_rule(written);
    if (!parsed || catalog::rule_text(*parsed) != written) is_bad_ = true;
    return is_bad_ ? catalog::PolicyRule() : std::move(*parsed);
  }
  std::vector<catalog::PolicyRule> rules() {
    std::vector<catalog::PolicyRule> rules(count(4, catalog::Policy::kMaxRules));
    for (auto& each : rules) each = rule();
    return rules;
  }
  std::vector<LeaseId> ids() {
    std::vector<LeaseId> ids(count(16));
    for (auto& each : ids) each = id<LeaseId>();
    return ids;
  }

 private:
  Reader in_;
  bool is_bad_ = false;
};

void take(Fields& in, HolderHello& m) {
  m.protocol = in.u16();
  m.role = in.one_of(HolderRole::Gateway, HolderRole::Runner);
  m.pid = in.u32();
  m.name = in.word();
  m.session = in.id<SessionId>();
  m.supervisor = in.u32();
}

void take(Fields& in, VaultHello& m) {
  m.protocol = in.u16();
  m.holder = in.id<HolderId>();
  m.catalog_sources = in.pairs(4096, kMaxText, kMaxSource);
  m.extra_ca_pem = in.text(kMaxPem);
  m.dials.resize(in.count(8, 4096));
  for (auto& dial : m.dials) {
    dial.authority = in.text();
    dial.to = in.text();
  }
  m.certificate_chain_pem = in.text(kMaxPem);
  m.certificate_private_key_pem = in.secret();
  m.link_key = in.secret();
  m.drain_ms = in.u32();
  m.tenant_exchanges = in.u32();
  m.console_url = in.text();
  m.plain_http = in.one_of(PlainHttp::FromThisMachine, PlainHttp::FromAnywhere);
  m.upstream_proxy.host = in.text();
  m.upstream_proxy.port = in.u16();
  m.upstream_proxy.basic_credentials = in.secret();
  m.upstream_proxy.no_proxy.resize(in.count(4, kMaxNoProxy));
  for (auto& host : m.upstream_proxy.no_proxy) host = in.text();
  m.report_credential = in.word();
}

void take(Fields& in, ServerCertificate& m) {
  m.chain_pem = in.text(kMaxPem);
  m.private_key_pem = in.secret();
}

void take(Fields& in, SpentToday& m) {
  m.day = in.i64();
  m.bytes = in.u64();
  m.units = in.u64();
}

void take(Fields& in, GrantedPolicy& m) {
  m.id = in.id<PolicyId>();
  m.scope = in.one_of(PolicyScope::Tenant, PolicyScope::Key);
  m.policy.allow = in.rules();
  m.policy.deny = in.rules();
  m.policy.open = in.rules();
  m.policy.on_echo = in.one_of(catalog::OnEcho::Mask, catalog::OnEcho::Cut);
  m.policy.on_misplaced = in.one_of(catalog::OnMisplaced::Refuse, catalog::OnMisplaced::Mask);
  m.policy.requests_per_minute = in.u32();
  m.policy.concurrent = in.u32();
  m.policy.bytes_per_day = in.u64();
  m.policy.budget.unit = in.word();
  m.policy.budget.per_day = in.u64();
  take(in, m.by_others);
}

void take(Fields& in, GrantedLease& m) {
  m.lease = in.id<LeaseId>();
  m.tenant = in.id<TenantId>();
  m.member = in.id<MemberId>();
  m.session = in.id<SessionId>();
  m.grant = in.id<GrantId>();
  m.key = in.id<KeyId>();
  m.key_version = in.u32();
  m.service = in.word();
  m.label = in.word();
  m.settings = in.pairs(kMaxSettings, kMaxWord, kMaxText);
  m.key_is_rejected = in.flag();
  m.policies.resize(in.count(83, kMaxPolicies));
  for (auto& policy : m.policies) take(in, policy);
  m.passes.resize(in.count(36, kMaxPasses));
  for (auto& pass : m.passes) {
    pass.prefix = in.word();
    pass.hash = in.octets<32>();
  }
  m.value = in.secret();
}

void take(Fields& in, Acquire& m) {
  m.request = in.u64();
  m.pass_hash = in.octets<32>();
  m.service = in.word();
}

void take(Fields& in, AcquireSession& m) {
  m.request = in.u64();
  m.session = in.id<SessionId>();
}

void take(Fields& in, Granted& m) {
  m.request = in.u64();
  take(in, m.lease);
}

void take(Fields& in, AllGranted& m) {
  m.request = in.u64();
}

void take(Fields& in, Denied& m) {
  m.request = in.u64();
  m.code = in.one_of(Code::Invalid, Code::Internal);
  m.reason = in.word();
  m.message = in.text();
  m.session = in.id<SessionId>();
}

void take(Fields& in, Renew& m) {
  m.round = in.u64();
  m.leases = in.ids();
}

void take(Fields& in, Renewed& m) {
  m.round = in.u64();
  m.leases = in.ids();
}

void take(Fields& in, Release& m) {
  m.leases = in.ids();
}

void take(Fields& in, Fence& m) {
  m.order = in.u64();
  m.kind = in.one_of(FenceKind::Key, FenceKind::Session);
  m.id = in.octets<16>();
  m.reason = in.word();
  m.grace_ms = in.u32();
}

void take(Fields& in, FenceDone& m) {
  m.order = in.u64();
  m.connections_closed = in.u32();
  m.processes.resize(in.count(9));
  for (auto& process : m.processes) {
    process.pid = in.u32();
    process.name = in.word();
    process.is_dead = in.flag();
  }
}

void take(Fields& in, Refresh& m) {
  m.key = in.id<KeyId>();
  m.order = in.u64();
}

void take(Fields& in, RefreshDone& m) {
  m.order = in.u64();
}

void take(Fields& in, Intents& m) {
  m.intents.resize(in.count(36));
  for (auto& intent : m.intents) {
    intent.sequence = in.u64();
    intent.lease = in.id<LeaseId>();
    intent.host = in.word();
    intent.method = in.word();
    intent.path = in.text();
  }
}

void take(Fields& in, IntentsDurable& m) {
  m.up_to = in.u64();
}

void take(Fields& in, IntentsRefused& m) {
  m.sequences.resize(in.count(8));
  for (auto& sequence : m.sequences) sequence = in.u64();
}

void take(Fields& in, Settled& m) {
  m.settled.resize(in.count(47));
  for (auto& settled : m.settled) {
    settled.sequence = in.u64();
    settled.status = in.u16();
    settled.bytes_up = in.u64();
    settled.bytes_down = in.u64();
    settled.micros = in.u64();
    settled.outcome = in.one_of(UseOutcome::Completed, UseOutcome::OverLimit);
    settled.unit = in.word();
    settled.units = in.u64();
  }
}

void take(Fields& in, Finding& m) {
  m.session = in.id<SessionId>();
  m.service = in.word();
  m.what = in.word();
  m.host = in.word();
  m.path = in.text();
}

void take(Fields& in, Observed& m) {
  m.key = in.id<KeyId>();
  m.key_version = in.u32();
  m.verdict = in.one_of(Verdict::Accepted, Verdict::Unknown);
  m.status = in.u16();
}

void take(Fields& in, CheckKey& m) {
  m.request = in.u64();
  take(in, m.lease);
}

void take(Fields& in, CheckDone& m) {
  m.request = in.u64();
  m.verdict = in.one_of(Verdict::Accepted, Verdict::Unknown);
  m.status = in.u16();
  m.message = in.text();
}

void take(Fields& in, Drain& m) {
  m.within_ms = in.u32();
}

void take(Fields& in, SessionOver& m) {
  m.session = in.id<SessionId>();
  m.exit_status = static_cast<std::int32_t>(in.u32());
}

void take(Fields& in, SessionActive& m) {
  m.session = in.id<SessionId>();
}

void take(Fields& in, SpentByOthers& m) {
  m.entries.resize(in.count(40));
  for (auto& entry : m.entries) {
    entry.policy = in.id<PolicyId>();
    take(in, entry.spent);
  }
}

void take(Fields& in, Refusals& m) {
  m.counts.resize(in.count(8, kMaxRefusalCodes));
  for (auto& [code, count] : m.counts) {
    code = in.word();
    count = in.u32();
  }
}

template <class Any>
Result<Message> decode_as(Fields& in) {
  Any message;
  take(in, message);
  if (!in.is_complete()) return fail(Code::Protocol, "A frame of the lease channel is malformed.");
  return Message(std::move(message));
}

template <std::size_t... Index>
Result<Message> decode_type(std::size_t type, Fields& in, std::index_sequence<Index...>) {
  std::optional<Result<Message>>
      answer;  // no error is made beforehand: it would be an allocation a frame
  static_cast<void>(((type == Index &&
                      (answer = decode_as<std::variant_alternative_t<Index, Message>>(in), true)) ||
                     ...));
  if (!answer) return fail(Code::Protocol, "A frame of the lease channel has an unknown type.");
  return std::move(*answer);
}

}  // namespace

Result<Message> decode(ByteView body) {
  if (body.empty() || body.size() > kMaxFrame)
    return fail(Code::Protocol, "A frame of the lease channel has a wrong size.");
  const std::size_t type = body[0];
  Fields in(body.subspan(1));
  if (type == 0) return fail(Code::Protocol, "A frame of the lease channel has an unknown type.");
  return decode_type(type - 1, in, std::make_index_sequence<std::variant_size_v<Message>>());
}

}  // namespace strongroom::lease
