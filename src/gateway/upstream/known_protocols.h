// KnownProtocols: what providers speak, as they said by ALPN, so that nobody asks twice. Bounded,
// and asked again after a while. Threads: the gateway's loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"

namespace strongroom::gateway {

/// In what a request goes on best.
enum class ProtocolWish : std::uint8_t {
  Http1Only,   ///< an upgrade, which has no place in HTTP/2
  Http1First,  ///< HTTP/2 where the provider speaks nothing else
  Http2First,
};

class KnownProtocols {
 public:
  static constexpr std::chrono::minutes kKept{10};
  static constexpr std::size_t kMost = 1024;

  enum class Speaks : std::uint8_t { Http1, Both, Http2Alone };
  void note(std::string_view authority, Speaks speaks, SteadyTime now);
  /// Is HTTP/2 to be offered?
  [[nodiscard]] bool leads_to_http2(std::string_view authority, ProtocolWish wish,
                                    SteadyTime now) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Known {
    Speaks speaks;
    SteadyTime since;
  };
  std::unordered_map<std::string, Known, TextHash, std::equal_to<>> known_;
};

}  // namespace strongroom::gateway
