// Rows of what providers are still to be told of revoked keys (rows.h). SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/dynamic_id.h"
#include "base/id.h"

namespace strongroom::store {

/// A key that was pasted and is revoked, whose provider ends it by a call that shows it.
struct Destruction {
  static constexpr std::string_view kTable = "destructions";
  DynamicId id;
  KeyId key;
  /// "owed"; then "destroyed" (the provider has confirmed it), or "left" (it would not, for long)
  std::string state;
  ByteVector value;  ///< sealed; empty unless owed
  std::int64_t created = 0;
  std::int64_t changed = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("key", self.key);
    visit("state", self.state);
    visit("value", self.value);
    visit("created", self.created);
    visit("changed", self.changed);
  }
};

}  // namespace strongroom::store
