// AnyValue: several values at once, each in all its forms, in one pass. Of whole forms that begin
// at one place, the longest wins.
//
// Used by: what watches a workroom that holds more than one value. Threads: read only once made.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "guard/patterns.h"
#include "guard/starts.h"
#include "guard/value_patterns.h"

namespace strongroom::guard {

class AnyValue final : public Patterns {
 public:
  /// Found::which counts from 0. Null stands for a value that is not looked for, and counts too.
  void add(std::shared_ptr<const ValuePatterns> value);
  [[nodiscard]] Found find(ByteView data, std::size_t from) const override;

 private:
  [[nodiscard]] Found find_at(ByteView data, std::size_t place) const;
  std::vector<std::shared_ptr<const ValuePatterns>> all_;
  Starts starts_;  ///< of all of them
};

}  // namespace strongroom::guard
