// SPDX-License-Identifier: Apache-2.0
#include "vault/hierarchy.h"

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "crypto/record.h"
#include "vault/root_secrets.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::uint8_t kSuite = 1;

ByteVector tenant_context(TenantId tenant) {
  ByteVector context;
  Writer writer(context);
  writer.text("tenant key");
  writer.raw(tenant.view());
  return context;
}

ByteVector epoch_context(TenantId tenant, std::int64_t number) {
  ByteVector context;
  Writer writer(context);
  writer.text("epoch seed");
  writer.raw(tenant.view());
  writer.i64(number);
  return context;
}

/// Where a record belongs; every field with its length, so that no two places look alike.
ByteVector record_context(const store::Key& key, const store::KeyVersion& version) {
  ByteVector context;
  Writer writer(context);
  const auto number = [&](std::int64_t value) {
    writer.u32(sizeof(value));
    writer.i64(value);
  };
  writer.text("key version");
  number(kSuite);
  writer.blob(key.tenant.view());
  writer.blob(key.id.view());
  number(version.version);
  number(key.home);
  writer.blob(key.owner.value_or(MemberId()).view());
  writer.text(key.service);
  number(key.delivery);
  number(version.epoch);
  number(version.not_after);
  return context;
}

ByteVector own_context(std::string_view name) {
  ByteVector context;
  Writer writer(context);
  writer.text("installation");
  writer.text(name);
  return context;
}

}  // namespace

Hierarchy::Hierarchy(const Secret& root_key, store::Store& store)
    : tenant_wrapping_key_(derive_from_root(root_key, "tenant keys")),
      own_key_(derive_from_root(root_key, "installation")),
      store_(store) {}

void Hierarchy::change_root(const Secret& root_key) {
  tenant_wrapping_key_ = derive_from_root(root_key, "tenant keys");
  own_key_ = derive_from_root(root_key, "installation");
}

Result<ByteVector> Hierarchy::rewrap_tenant_key(TenantId tenant, ByteView wrapped,
                                                const Hierarchy& next) const {
  const ByteVector context = tenant_context(tenant);
  const auto key = crypto::open_record(tenant_wrapping_key_, context, wrapped);
  if (key) return crypto::seal_record(next.tenant_wrapping_key_, context, *key);
  return fail(Code::Tampered, "The key of the tenant " + tenant.text() +
                                  " does not open: it was changed or moved.");
}

void Hierarchy::make_tenant(store::Tenant& tenant, store::Epoch& first_epoch) const {
  const Secret tenant_key = crypto::random_secret(kKeySize);
  tenant.wrapped_key =
      crypto::seal_record(tenant_wrapping_key_, tenant_context(tenant.id), tenant_key);
  first_epoch.tenant = tenant.id;
  first_epoch.number = 1;
  first_epoch.wrapped_seed =
      crypto::seal_record(tenant_key, epoch_context(tenant.id, 1), crypto::random_secret(kKeySize));
}

Status Hierarchy::renew(store::Tenant& tenant, std::vector<store::Epoch>& living,
                        store::Epoch& next) const {
  const auto changed = [&] {
    return fail(Code::Tampered, "The keys of the tenant " + tenant.id.text() +
                                    " do not open: they were changed or moved.");
  };
  const ByteVector context = tenant_context(tenant.id);
  const auto old_key = crypto::open_record(tenant_wrapping_key_, context, tenant.wrapped_key);
  if (!old_key || living.empty()) return changed();
  const Secret new_key = crypto::random_secret(kKeySize);
  for (auto& epoch : living) {
    const ByteVector place = epoch_context(tenant.id, epoch.number);
    const auto seed = crypto::open_record(*old_key, place, epoch.wrapped_seed);
    if (!seed) return changed();
    epoch.wrapped_seed = crypto::seal_record(new_key, place, *seed);
  }
  tenant.wrapped_key = crypto::seal_record(tenant_wrapping_key_, context, new_key);
  next.tenant = tenant.id;
  next.number = living.back().number + 1;
  next.wrapped_seed = crypto::seal_record(new_key, epoch_context(tenant.id, next.number),
                                          crypto::random_secret(kKeySize));
  return {};
}

Result<Hierarchy::Seeds*> Hierarchy::seeds_of(TenantId tenant) {
  if (const auto found = seeds_.find(tenant); found != seeds_.end()) return &found->second;
  STRONGROOM_TRY(const auto row, store_.find<store::Tenant>({{"id", store::to_value(tenant)}}));
  if (!row || row->wrapped_key.empty()) return fail(Code::NotFound, "There is no such tenant.");
  const auto tenant_key =
      crypto::open_record(tenant_wrapping_key_, tenant_context(tenant), row->wrapped_key);
  if (!tenant_key)
    return fail(Code::Tampered, "The key of the tenant " + tenant.text() +
                                    " does not open: it was changed or moved.");
  STRONGROOM_TRY(const auto epochs,
                 store_.list<store::Epoch>({{"tenant", store::to_value(tenant)}}));
  Seeds seeds;
  for (const auto& epoch : epochs) {
    if (epoch.wrapped_seed.empty()) continue;
    auto seed =
        crypto::open_record(*tenant_key, epoch_context(tenant, epoch.number), epoch.wrapped_seed);
    if (!seed)
      return fail(Code::Tampered, "An epoch of the tenant " + tenant.text() +
                                      " does not open: it was changed or moved.");
    seeds.emplace(epoch.number, std::move(*seed));
  }
  if (seeds.empty())
    return fail(Code::Tampered, "The tenant " + tenant.text() + " has no epoch that opens.");
  return &seeds_.emplace(tenant, std::move(seeds)).first->second;
}

Status Hierarchy::seal(const store::Key& key, store::KeyVersion& version, const Secret& value) {
  STRONGROOM_TRY(const Seeds* seeds, seeds_of(key.tenant));
  const auto& [number, seed] = *seeds->rbegin();
  version.epoch = number;
  version.record = crypto::seal_record(seed, record_context(key, version), value);
  return {};
}

Result<Secret> Hierarchy::open(const store::Key& key, const store::KeyVersion& version) {
  if (version.record.empty())
    return fail(Code::Revoked, "The key's record has been destroyed.", "key_revoked");
  STRONGROOM_TRY(const Seeds* seeds, seeds_of(key.tenant));
  const auto seed = seeds->find(version.epoch);
  const auto does_not_open = [&] {
    return fail(Code::Tampered,
                "The record of " + key.id.text() +
                    " does not open: it was changed, moved or put back outside Strongroom.");
  };
  if (seed == seeds->end()) return does_not_open();
  auto value = crypto::open_record(seed->second, record_context(key, version), version.record);
  if (!value) return does_not_open();
  return value;
}

ByteVector Hierarchy::seal_own(std::string_view name, const Secret& value) const {
  return crypto::seal_record(own_key_, own_context(name), value);
}

Result<Secret> Hierarchy::open_own(std::string_view name, ByteView record) const {
  auto value = crypto::open_record(own_key_, own_context(name), record);
  if (!value)
    return fail(Code::Tampered, "The installation's '" + std::string(name) +
                                    "' does not open: it was changed or moved.");
  return value;
}

Result<ByteVector> Hierarchy::rewrap_own(std::string_view name, ByteView record,
                                         const Hierarchy& next) const {
  STRONGROOM_TRY(const Secret value, open_own(name, record));
  return next.seal_own(name, value);
}

}  // namespace strongroom::vault
