// SPDX-License-Identifier: Apache-2.0
#include "store/sealed_state.h"

#include <map>

#include "base/encoding.h"
#include "store/row_digest.h"

namespace strongroom::store {
namespace {

constexpr std::string_view kState = "state";
constexpr std::string_view kTenantStates = "tenant_states";

const Columns& state_columns() {
  static const Columns columns = {"id", "revision", "mac"};
  return columns;
}
const Columns& tenant_columns() {
  static const Columns columns = {"tenant", "mac"};
  return columns;
}

Value value_of(const crypto::Digest& digest) {
  return ByteVector(digest.begin(), digest.end());
}

}  // namespace

void SealedState::begin() {
  content_.begin();
  revision_before_ = revision_;
}

void SealedState::roll_back() {
  content_.roll_back();
  revision_ = revision_before_;
}

ByteVector SealedState::mac(std::string_view label, ByteView content) const {
  ByteVector out;
  Writer writer(out);
  writer.text(label);
  writer.i64(revision_);
  writer.raw(content);
  const auto digest = key_->of(out);
  return {digest.begin(), digest.end()};
}

ByteVector SealedState::current_mac() {
  return mac("state of tenants", content_.root(*key_));
}

Store::Mark SealedState::mark() {
  return {revision_, current_mac()};
}

Status SealedState::save(Backend& backend) {
  ++revision_;
  for (const auto& tenant : is_unlisted_ ? content_.tenants() : content_.changed())
    if (!tenant.empty()) STRONGROOM_CHECKED(save_tenant(backend, tenant));
  const Values row = {std::int64_t{1}, revision_, current_mac()};
  STRONGROOM_TRY(const int changed, backend.update(kState, state_columns(), row, 1));
  if (changed == 1) return {};
  return backend.insert(kState, state_columns(), row);
}

Status SealedState::save_tenant(Backend& backend, const std::string& tenant) {
  const auto leaf = content_.leaf(tenant, *key_);
  if (!leaf) {
    STRONGROOM_TRY([[maybe_unused]] const int gone,
                   backend.erase(kTenantStates, {{"tenant", tenant}}));
    return {};
  }
  const Values row = {tenant, value_of(*leaf)};
  STRONGROOM_TRY(const int changed, backend.update(kTenantStates, tenant_columns(), row, 1));
  if (changed == 1) return {};
  return backend.insert(kTenantStates, tenant_columns(), row);
}

Result<std::vector<std::string>> SealedState::tenants_that_differ(Backend& backend) {
  STRONGROOM_TRY(const auto rows, backend.select(kTenantStates, tenant_columns(), {}));
  std::map<std::string, Value> sealed;
  for (const Values& row : rows)
    if (const auto* tenant = std::get_if<std::string>(&row[0])) sealed[*tenant] = row[1];
  std::vector<std::string> out;
  for (const auto& tenant : content_.tenants()) {
    if (tenant.empty()) continue;
    const auto found = sealed.find(tenant);
    const bool is_same =
        found != sealed.end() && found->second == value_of(*content_.leaf(tenant, *key_));
    if (!is_same) out.push_back(tenant);
    if (found != sealed.end()) sealed.erase(found);
  }
  for (const auto& [tenant, mac] : sealed) out.push_back(tenant);
  return out;
}

Status SealedState::check_tenants(Backend& backend) {
  STRONGROOM_TRY(const auto differing, tenants_that_differ(backend));
  if (differing.empty()) return {};
  return content_differs(differing);
}

/// As every database was sealed until tenants had states: over all rows at once, label and all.
Result<Store::Mark> SealedState::check_unlisted(Backend& backend, const ByteVector& mac) {
  STRONGROOM_TRY(const auto listed, backend.count(kTenantStates, {}));
  if (listed > 0) return content_differs();
  return Store::Mark{revision_, mac};
}

Result<Store::Mark> SealedState::check(Backend& backend, std::int64_t rows) {
  STRONGROOM_TRY(const auto states, backend.select(kState, state_columns(), {}));
  if (states.empty() && rows == 0) {
    STRONGROOM_CHECKED(check_tenants(backend));
    return mark();
  }
  if (states.size() != 1) return content_differs();
  const auto* number = std::get_if<std::int64_t>(&states[0][1]);
  const auto* sealed = std::get_if<ByteVector>(&states[0][2]);
  if (number == nullptr || sealed == nullptr) return content_differs();
  revision_ = *number;
  is_unlisted_ = equal_constant_time(*sealed, mac(kState, content_.total()));
  if (is_unlisted_) return check_unlisted(backend, *sealed);
  STRONGROOM_CHECKED(check_tenants(backend));
  if (!equal_constant_time(*sealed, current_mac())) return content_differs();
  return Store::Mark{revision_, *sealed};
}

}  // namespace strongroom::store
