// Inspection: a walk over all that is stored, in parts, which goes on where a row is wrong and
// names it. What a start does is verify_all(), which ends at the first.
//
// Used by: vault, app (doctor). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "store/tenant_sums.h"

namespace strongroom::store {

/// A row that does not authenticate.
struct RowFault {
  std::string table;
  std::string row;  ///< its key: "key_..."; never a value
};

struct Inspection {
  std::int64_t rows = 0;
  std::vector<RowFault> faults;  ///< the first kMostTold
  std::int64_t fault_count = 0;
  std::vector<std::string> damage;  ///< of the file, in the database's own words
  /// Rows were added, deleted or put back. Nothing: it was not looked at, as the content changed
  /// meanwhile, or a row is wrong by itself.
  std::optional<bool> is_content_right;
  /// Whose rows they are, by id, the first kMostTold; rows that name no tenant are nobody's.
  std::vector<std::string> tenants;
  static constexpr std::size_t kMostTold = 100;

  // How far it is.
  std::size_t table = 0;
  std::int64_t after = std::numeric_limits<std::int64_t>::min();  ///< and nothing yet
  std::int64_t revision = -1;
  TenantSums sums;
};

}  // namespace strongroom::store
