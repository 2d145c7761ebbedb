// KnownAddresses: which address was of use for a name lately, and which was not.
//
// Threads: one. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "io/net.h"

namespace strongroom::io {

class KnownAddresses {
 public:
  static constexpr std::chrono::minutes kKept{
      10};  ///< RFC 8305 4: then the usual order has its try
  static constexpr std::size_t kMaxNames = 256;

  /// For the next dial of `name`; empty when nothing is known.
  [[nodiscard]] DialHint hint(std::string_view name, SteadyTime now) const;
  void note(std::string_view name, const std::string& address, bool has_worked, SteadyTime now);
  void forget(std::string_view name);

 private:
  struct Known {
    DialHint hint;
    SteadyTime until{};
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, Known, TextHash, std::equal_to<>> names_;
};

}  // namespace strongroom::io
