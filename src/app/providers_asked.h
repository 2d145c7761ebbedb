// ProvidersAsked: how many identity providers are asked at this moment, and on whose account.
//
// Whoever comes may have one asked, and a provider may take all the time that it is given. So each
// provider, and each tenant, has its share, and beyond what all have together a tenant for whom
// none is asked still has a place: tenants whose providers hang keep nobody else's people waiting.
// Used by: LoginKeeper. Threads: the vault's loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "base/id.h"

namespace strongroom::app {

class ProvidersAsked {
 public:
  static constexpr std::size_t kOfOne = 4;       ///< provider
  static constexpr std::size_t kOfTenant = 6;    ///< whatever its providers
  static constexpr std::size_t kOfAll = 24;      ///< beside the first of each tenant
  static constexpr std::size_t kProcesses = 96;  ///< each takes one

  /// Is there a place? It is taken until give_back() with the same.
  [[nodiscard]] bool take(TenantId tenant, const std::string& provider) {
    const std::size_t of_tenant = count(tenants_, tenant);
    const bool has_room = of_tenant == 0 ? all_ < kProcesses : all_ < kOfAll;
    if (!has_room || of_tenant >= kOfTenant || count(providers_, provider) >= kOfOne) return false;
    ++tenants_[tenant];
    ++providers_[provider];
    ++all_;
    return true;
  }
  void give_back(TenantId tenant, const std::string& provider) {
    drop(tenants_, tenant);
    drop(providers_, provider);
    --all_;
  }

 private:
  template <class Counts, class Key>
  static std::size_t count(const Counts& counts, const Key& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }
  template <class Counts, class Key>
  static void drop(Counts& counts, const Key& key) {
    if (--counts[key] == 0) counts.erase(key);
  }
  std::map<TenantId, std::size_t> tenants_;
  std::map<std::string, std::size_t> providers_;
  std::size_t all_ = 0;
};

}  // namespace strongroom::app
