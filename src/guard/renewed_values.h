// RenewedValues: several values at once (AnyValue), of which some are renewed while they are looked
// for. What was renewed is still found: whoever had it may yet put it out.
//
// Used by: what watches a workroom. Threads: any; whoever searches goes on with what there was when
// the search began. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "guard/any_value.h"
#include "guard/patterns.h"
#include "guard/value_patterns.h"

namespace strongroom::guard {

class RenewedValues final : public Patterns {
 public:
  /// Of those that were renewed, the oldest are forgotten beyond this.
  static constexpr std::size_t kMostRenewed = 64;

  /// Null, for one that is too short to be looked for, is left out.
  void add(std::shared_ptr<const ValuePatterns> value);
  /// One that came later.
  void renew(std::shared_ptr<const ValuePatterns> value);
  [[nodiscard]] Found find(ByteView data, std::size_t from) const override;

 private:
  void put_together();

  std::vector<std::shared_ptr<const ValuePatterns>> first_;
  std::deque<std::shared_ptr<const ValuePatterns>> renewed_;
  mutable std::mutex mutex_;
  std::shared_ptr<const AnyValue> all_ = std::make_shared<const AnyValue>();
};

}  // namespace strongroom::guard
