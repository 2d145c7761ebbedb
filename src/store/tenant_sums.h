// TenantSums: the multiset hash of rows, tenant by tenant. Inside the room only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace strongroom::store {

/// Modulo 2^256, the first octet the least.
using Sum = std::array<std::uint8_t, 32>;
void add_to(Sum& sum, const Sum& digest);
void take_from(Sum& sum, const Sum& digest);

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};
/// By a tenant's id; the empty one has the rows that name no tenant.
using TenantSums = std::unordered_map<std::string, Sum, TextHash, std::equal_to<>>;
void add_to(TenantSums& sums, std::string_view tenant, const Sum& digest);
void add_to(TenantSums& sums, const TenantSums& others);

}  // namespace strongroom::store
