// Receipts and the record of use. SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "api/operations.h"
#include "api/views.h"
#include "base/time_text.h"

namespace strongroom::api {
namespace {

Result<std::uint64_t> number_of(const Call& call, std::string_view name, std::uint64_t when_missing,
                                std::uint64_t most) {
  const std::string text = call.parameter(name);
  if (text.empty()) return when_missing;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 || number > most)
    return fail(Code::Invalid, "'" + std::string(name) + "' must be a whole number from 1 to " +
                                   std::to_string(most));
  return number;
}

/// Parses an id when one was given.
template <class AnyId>
Status read_id(const Call& call, std::string_view name, std::optional<AnyId>& out) {
  const std::string text = call.parameter(name);
  if (text.empty()) return {};
  STRONGROOM_TRY(out, AnyId::parse(text));
  return {};
}

using Names = std::map<std::string, std::string, std::less<>>;  ///< id text to name

Result<Names> tenant_names(const Call& call) {
  STRONGROOM_TRY(const auto tenants, call.services.vault.list_tenants(call.actor));
  Names names;
  for (const auto& tenant : tenants) names.emplace(tenant.id.text(), tenant.name);
  return names;
}

Status read_tenant(const Call& call, const Names& names, std::optional<TenantId>& out) {
  const std::string text = call.parameter("tenant");
  if (text.empty()) return {};
  for (const auto& [id, name] : names)
    if (name == text) {
      STRONGROOM_TRY(out, TenantId::parse(id));
      return {};
    }
  // By its id a removed tenant's record can be read as well.
  if (auto id = TenantId::parse(text); id && call.actor.is_of(*id)) {
    out = *id;
    return {};
  }
  return fail(Code::NotFound, "no tenant of that name");
}

Status read_member(const Call& call, std::optional<MemberId>& out) {
  const std::string text = call.parameter("member");
  if (text.empty()) return {};
  if (auto id = MemberId::parse(text)) {
    out = *id;
    return {};
  }
  const std::string tenant = call.parameter("tenant");
  if (tenant.empty()) return fail(Code::Invalid, "a member's name needs 'tenant' beside it");
  STRONGROOM_TRY(const auto members, call.services.vault.list_members(call.actor, tenant));
  for (const auto& member : members)
    if (member.name == text) {
      out = member.id;
      return {};
    }
  return fail(Code::NotFound, "no member of that name");
}

/// People read names: the id of a tenant or member moves to NAME_id, its name takes its place.
void put_name(json::object& entry, const std::string& member, const Names& names) {
  const auto* id = entry.if_contains(member);
  if (id == nullptr || !id->is_string()) return;
  const auto found = names.find(std::string_view(id->get_string()));
  if (found == names.end()) return;
  entry[member + "_id"] = found->first;
  entry[member] = found->second;
}

Names member_names(const Call& call, const Names& tenants) {
  Names names;
  for (const auto& [id, tenant] : tenants) {
    const auto members = call.services.vault.list_members(call.actor, tenant);
    if (!members) continue;  // a removed tenant: its ids stay ids
    for (const auto& member : *members) names.emplace(member.id.text(), member.name);
  }
  return names;
}

Status read_kind(const Call& call, std::optional<audit::EntryKind>& out) {
  const std::string text = call.parameter("kind");
  if (text.empty()) return {};
  if (text == "use") out = audit::EntryKind::Use;
  if (text == "change") out = audit::EntryKind::Change;
  if (text == "finding") out = audit::EntryKind::Finding;
  if (!out) return fail(Code::Invalid, "'kind' is use, change or finding");
  return {};
}

Status read_text(const Call& call, std::string_view name, std::optional<std::string>& out) {
  constexpr std::size_t kMost = 64;
  std::string text = call.parameter(name);
  if (text.size() > kMost)
    return fail(Code::Invalid, "'" + std::string(name) + "' has more than 64 characters");
  if (!text.empty()) out = std::move(text);
  return {};
}

Status read_time(const Call& call, std::string_view name, std::optional<WallTime>& out) {
  const std::string text = call.parameter(name);
  if (text.empty()) return {};
  out = parse_time(text);
  if (out) return {};
  return fail(Code::Invalid,
              "'" + std::string(name) + "' is a day, 2026-11-23, or a time, 2026-11-23T14:29:10Z");
}

/// What is of another tenant is not there; of other members only for who sees all.
Status narrow(const Call& call, audit::Filter& filter) {
  const auto& standing = call.actor.standing();
  if (!standing) return {};
  filter.tenant = standing->tenant;
  if (call.actor.has(vault::Right::SeeAll)) return {};
  if (!standing->member) return call.actor.need(vault::Right::SeeAll);
  filter.member = standing->member;
  return {};
}

Result<audit::Filter> read_filter(const Call& call, const Names& tenants) {
  constexpr std::uint64_t kMost = 10'000;
  audit::Filter filter;
  STRONGROOM_CHECKED(read_tenant(call, tenants, filter.tenant));
  STRONGROOM_CHECKED(read_member(call, filter.member));
  STRONGROOM_CHECKED(read_id(call, "key", filter.key));
  STRONGROOM_CHECKED(read_id(call, "session", filter.session));
  STRONGROOM_CHECKED(read_kind(call, filter.kind));
  STRONGROOM_CHECKED(read_text(call, "service", filter.service));
  STRONGROOM_CHECKED(read_text(call, "finding", filter.finding));
  STRONGROOM_CHECKED(read_time(call, "since", filter.from));
  STRONGROOM_CHECKED(read_time(call, "until", filter.to));
  STRONGROOM_CHECKED(narrow(call, filter));
  STRONGROOM_TRY(filter.before, number_of(call, "before", 0, std::uint64_t{1} << 62U));
  STRONGROOM_TRY(filter.limit, number_of(call, "limit", 100, kMost));
  return filter;
}

}  // namespace

Answer list_receipts(Call& call) {
  STRONGROOM_TRY(auto receipts, call.services.vault.list_receipts(call.actor));
  json::array out;
  for (json::object& receipt : receipts) out.emplace_back(std::move(receipt));
  return reply(std::move(out));
}

Answer show_receipt(Call& call) {
  STRONGROOM_TRY(const ReceiptId id, ReceiptId::parse(call.path["id"]));
  Reply out;
  STRONGROOM_TRY(out.text, call.services.vault.show_receipt(call.actor, id));
  return out;
}

using Entries = Result<std::vector<json::object>>;

io::Task<Answer> list_audit(Call& call) {
  const Result<Names> tenants = tenant_names(call);
  if (!tenants) co_return std::unexpected(tenants.error());
  const Result<audit::Filter> filter = read_filter(call, *tenants);
  if (!filter) co_return std::unexpected(filter.error());
  std::function<Entries()> work = [&record = call.services.record, wanted = *filter] {
    return record.list(wanted);
  };
  Entries entries = co_await call.services.worker.run(std::move(work));
  if (!entries) co_return std::unexpected(entries.error());
  const Names members = member_names(call, *tenants);
  json::array out;
  for (json::object& entry : *entries) {
    put_name(entry, "tenant", *tenants);
    put_name(entry, "member", members);
    out.emplace_back(std::move(entry));
  }
  co_return reply(std::move(out));
}

io::Task<Answer> verify_audit(Call& call) {
  std::function<Result<audit::Verified>()> work = [&record = call.services.record] {
    return record.verify();
  };
  const Result<audit::Verified> verified = co_await call.services.worker.run(std::move(work));
  if (!verified) co_return std::unexpected(verified.error());
  co_return reply(to_json(*verified));
}

io::Task<Answer> view_audit(Call& call) {
  const Result<Names> tenants = tenant_names(call);
  if (!tenants) co_return std::unexpected(tenants.error());
  std::optional<TenantId> tenant;
  if (const Status read = read_tenant(call, *tenants, tenant); !read)
    co_return std::unexpected(read.error());
  if (!tenant) co_return fail(Code::Invalid, "'tenant' is missing");
  audit::Log& record = call.services.record;
  std::function<Result<audit::Act>()> state = [&record, of = *tenant] {
    return record.view_statement(of);
  };
  const Result<audit::Act> statement = co_await call.services.worker.run(std::move(state));
  if (!statement) co_return std::unexpected(statement.error());
  if (const Status recorded = record.record(*statement); !recorded)
    co_return std::unexpected(recorded.error());
  std::function<Result<audit::View>()> make = [&record, of = *tenant, size = record.size()] {
    return record.view(of, size);
  };
  const Result<audit::View> view = co_await call.services.worker.run(std::move(make));
  if (!view) co_return std::unexpected(view.error());
  co_return reply(audit::to_json(*view));
}

Answer list_sinks(Call& call) {
  const auto& views = call.services.hooks.sinks;
  return reply(views ? to_json_list(views()) : json::array());
}

}  // namespace strongroom::api
