// Hierarchy: root key → tenant key → epoch seed → one sealed record per key version.
//
// Used by: Vault. Threads: the vault's loop. Opened seeds are kept in locked memory until forget().
// Destroying a tenant's wrapped key and seeds shreds all its records. Fails: Tampered, naming what
// does not open, never its content. Format: docs/formats/keys-at-rest.md. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "store/store.h"

namespace strongroom::vault {

class Hierarchy {
 public:
  Hierarchy(const Secret& root_key, store::Store& store);

  /// Fills in the wrapped keys of a tenant that has its id, and its first epoch.
  void make_tenant(store::Tenant& tenant, store::Epoch& first_epoch) const;
  /// A new tenant key and a new epoch after the newest of the living ones, whose seeds are wrapped
  /// anew. Nothing is stored: forget() the tenant once it is.
  [[nodiscard]] Status renew(store::Tenant& tenant, std::vector<store::Epoch>& living,
                             store::Epoch& next) const;
  /// Seals a value for where `key` and `version` say; sets version.epoch and version.record.
  [[nodiscard]] Status seal(const store::Key& key, store::KeyVersion& version, const Secret& value);
  [[nodiscard]] Result<Secret> open(const store::Key& key, const store::KeyVersion& version);
  void forget(TenantId tenant) { seeds_.erase(tenant); }

  /// A tenant's key from this root key to that of `next`.
  [[nodiscard]] Result<ByteVector> rewrap_tenant_key(TenantId tenant, ByteView wrapped,
                                                     const Hierarchy& next) const;
  /// What is stored is under this one from now on. Opened seeds stay.
  void change_root(const Secret& root_key);

  /// The installation's own secrets, by name.
  [[nodiscard]] ByteVector seal_own(std::string_view name, const Secret& value) const;
  [[nodiscard]] Result<Secret> open_own(std::string_view name, ByteView record) const;
  /// The same value, sealed for the next root key.
  [[nodiscard]] Result<ByteVector> rewrap_own(std::string_view name, ByteView record,
                                              const Hierarchy& next) const;

 private:
  using Seeds = std::map<std::int64_t, Secret>;
  [[nodiscard]] Result<Seeds*> seeds_of(TenantId tenant);
  Secret tenant_wrapping_key_;
  Secret own_key_;
  store::Store& store_;
  std::unordered_map<TenantId, Seeds> seeds_;
};

}  // namespace strongroom::vault
