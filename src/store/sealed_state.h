// SealedState: which content the last transaction left, and its revision; sealed in the tables
// `state` and `tenant_states`, which no row type has. Inside the room only. Format:
// docs/formats/database.md.
//
// Threads: one. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/content_tree.h"
#include "store/store.h"

namespace strongroom::store {

class SealedState {
 public:
  /// The key of the rows' MACs; it outlives this.
  explicit SealedState(const crypto::MacKey& key, const TenantSums& content = {})
      : key_(&key), content_(content) {}

  /// Begins a transaction; ends one that leaves no trace.
  void begin();
  void roll_back();
  /// Of a row that came and one that went: the tenant that it names, and its keyed hash.
  void add(std::string_view tenant, const Sum& digest) { content_.add(tenant, digest); }
  void take(std::string_view tenant, const Sum& digest) { content_.take(tenant, digest); }
  /// The next revision, into the tables. In the transaction.
  [[nodiscard]] Status save(Backend& backend);
  /// Of what was saved, once it is committed.
  [[nodiscard]] Store::Mark mark();
  void commit() { is_unlisted_ = false; }

  /// Is the content the one that was sealed? Takes its revision; answers its mark. A first start
  /// has neither rows nor a state. Tampered, with the tenants whose rows are others.
  [[nodiscard]] Result<Store::Mark> check(Backend& backend, std::int64_t rows);
  /// Those whose rows are not what `tenant_states` says of them, by id.
  [[nodiscard]] Result<std::vector<std::string>> tenants_that_differ(Backend& backend);
  [[nodiscard]] std::int64_t revision() const { return revision_; }

 private:
  [[nodiscard]] ByteVector mac(std::string_view label, ByteView content) const;
  [[nodiscard]] ByteVector current_mac();
  [[nodiscard]] Status save_tenant(Backend& backend, const std::string& tenant);
  [[nodiscard]] Status check_tenants(Backend& backend);
  [[nodiscard]] Result<Store::Mark> check_unlisted(Backend& backend, const ByteVector& mac);

  const crypto::MacKey* key_;
  ContentTree content_;
  std::int64_t revision_ = 0;
  std::int64_t revision_before_ = 0;
  bool is_unlisted_ = false;  ///< from before tenants had states: the next transaction makes them
};

}  // namespace strongroom::store
