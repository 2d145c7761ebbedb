// Verification: checks the rows of a whole database beside the thread that reads them, on as many
// cores as there are, holding a few parts of it in memory at a time. Inside the room only.
//
// Threads: one; its helpers are its own. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <string>
#include <vector>

#include "crypto/mac_key.h"
#include "store/row_digest.h"

namespace strongroom::store {

/// Rows of one table, spelled one behind the other, each with the MAC that it was found with: a
/// million rows cost no allocation each.
class SpelledRows {
 public:
  SpelledRows(std::string_view table, const Columns& columns);
  /// `row`: the values of the columns, and its MAC behind them where the table has one.
  void add(std::span<const ValueView> row);
  [[nodiscard]] std::string_view table() const { return table_; }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] ByteView spelling(std::size_t row) const;
  /// The tenant's id; empty where it names none.
  [[nodiscard]] std::string_view tenant(std::size_t row) const {
    return tenants_[rows_[row].tenant];
  }
  [[nodiscard]] bool authenticates(std::size_t row, const crypto::MacKey& mac_key) const;

 private:
  struct Row {
    std::size_t end;
    std::size_t tenant;  ///< in tenants_
    Sum mac;
    bool has_mac_of_its_size;
  };
  std::string_view table_;
  const Columns& columns_;
  ByteVector octets_;
  std::vector<Row> rows_;
  std::vector<std::string> tenants_;  ///< one entry for all rows of one tenant in a row
};

class Verification {
 public:
  /// Rows to be given at once: fewer cost more switches, more cost more memory.
  static constexpr std::size_t kPart = 2048;

  /// The keys of the rows' MACs and of the multiset hash, and who looks on; they outlive it.
  Verification(const crypto::MacKey& mac_key, const crypto::MacKey& sum_key,
               const Onlooker& onlooker);
  /// The next rows of a table. Tampered for the first row, in order, that does not authenticate;
  /// perhaps of an earlier call.
  [[nodiscard]] Status take(SpelledRows rows);
  /// The multiset hashes of all of them.
  [[nodiscard]] Result<TenantSums> finish();
  [[nodiscard]] std::int64_t rows() const { return rows_; }

 private:
  [[nodiscard]] Status settle_first();

  const crypto::MacKey& mac_key_;
  const crypto::MacKey& sum_key_;
  const Onlooker& onlooker_;
  std::size_t most_under_way_;
  std::deque<std::future<Result<TenantSums>>> under_way_;
  TenantSums sums_;
  std::int64_t rows_ = 0;
};

}  // namespace strongroom::store
