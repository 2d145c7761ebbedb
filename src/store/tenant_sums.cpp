// SPDX-License-Identifier: Apache-2.0
#include "store/tenant_sums.h"

namespace strongroom::store {

void add_to(Sum& sum, const Sum& digest) {
  unsigned carry = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    carry += unsigned{sum[i]} + digest[i];
    sum[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8U;
  }
}

void take_from(Sum& sum, const Sum& digest) {
  int borrow = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    const int difference = int{sum[i]} - digest[i] - borrow;
    borrow = difference < 0 ? 1 : 0;
    sum[i] = static_cast<std::uint8_t>(difference + borrow * 256);
  }
}

void add_to(TenantSums& sums, std::string_view tenant, const Sum& digest) {
  auto found = sums.find(tenant);
  if (found == sums.end()) found = sums.emplace(std::string(tenant), Sum{}).first;
  add_to(found->second, digest);
}

void add_to(TenantSums& sums, const TenantSums& others) {
  for (const auto& [tenant, sum] : others) add_to(sums, tenant, sum);
}

}  // namespace strongroom::store
