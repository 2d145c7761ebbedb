// What a scanner and a searcher say to each other over their socket, and a vault to a searcher over
// a pipe. All are of one build, so: native integers.
//
// Vault to searcher: for each value a ValueHead and its octets, until the end of the pipe. Scanner
// to searcher: PieceHead and `size` octets; a piece of no octets ends its object. The end of the
// stream ends the scan. Searcher to scanner: Answers, of which the last is Done; without it the
// scan was not whole. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/id.h"

namespace strongroom::scan {

/// Protocol of the control connection's upgrade.
inline constexpr const char* kScanProtocol = "strongroom-scan/1";
inline constexpr int kSearcherSocket = 3;
inline constexpr int kSearcherValues = 4;
inline constexpr std::size_t kLongestPiece = 256UL << 10U;
inline constexpr std::uint32_t kMostObjects = 0xFFFFFFFEU;

struct ValueHead {
  IdBytes key{};
  std::uint32_t size = 0;
};

struct PieceHead {
  std::uint32_t object = 0;  ///< counted from 0, without gaps
  std::uint32_t size = 0;
};

struct Answer {
  enum class What : std::uint32_t {
    NotSought,  ///< `key`: its value is too short to be told from ordinary text
    Begun,      ///< `count` values are looked for
    Hit,        ///< in `object`, `count` times, first at `at`
    Through,    ///< all objects up to `object` have been searched
    Done        ///< `count` octets were searched
  };
  What what = What::Done;
  std::uint32_t object = 0;
  std::uint64_t count = 0;
  std::uint64_t at = 0;
  IdBytes key{};
};

}  // namespace strongroom::scan
