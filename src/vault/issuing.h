// Issuing: what revocation needs of whoever destroys credentials at their source. Implemented by
// app; the vault only knows this face. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/dynamic_id.h"
#include "io/task.h"

namespace strongroom::vault {

class Issuing {
 public:
  virtual ~Issuing() = default;
  /// Begins with what is due, now, and waits for nothing.
  virtual void begin() = 0;
  /// Until each of these was tried since begin(), or a few seconds are over. Never fails: what is
  /// not destroyed by then is tried again, and shown as exposed.
  [[nodiscard]] virtual io::Task<void> settle(std::vector<DynamicId> credentials) = 0;
};

}  // namespace strongroom::vault
