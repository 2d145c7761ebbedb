// RecordIndex: where in the record entries of a tenant, a key, a session, ... may be.
//
// Every 256 entries are a block; of each is kept where it begins, its times, its kinds, and a Bloom
// filter (512 octets) of the ids in it, so a page of a listing reads the blocks that it is of, and
// few others. Held in memory alone and made anew from the record after each start; what it does not
// cover yet is read from the record's end. Used by: TreeKeeper (fills), Log (listing). Threads:
// take() one, all else any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <shared_mutex>

#include "audit/entries.h"
#include "audit/filter.h"
#include "audit/segments.h"

namespace strongroom::audit {

class RecordIndex {
 public:
  static constexpr std::size_t kBlock = 256;

  /// In order; what is behind that place already is not taken twice.
  void take(const Entry& entry, ReadFrom place);

  struct Candidate {
    std::size_t number = 0;
    ReadFrom place;
  };
  /// The newest block before number `below` in which something may match.
  [[nodiscard]] std::optional<Candidate> before(std::size_t below, const Filter& filter) const;
  /// The first block from number `from` on in which the end of that use may be.
  [[nodiscard]] std::optional<Candidate> with_end(std::size_t from, std::uint64_t use) const;
  struct Extent {
    std::size_t blocks = 0;
    ReadFrom tail;  ///< where what is in no block begins
  };
  [[nodiscard]] Extent extent() const;

 private:
  /// Of what may be in a block: never "no" where it is.
  class Bloom {
   public:
    void add(std::uint64_t hash) noexcept;
    [[nodiscard]] bool may_hold(std::uint64_t hash) const noexcept;

   private:
    std::array<std::uint64_t, 64> words_{};
  };
  struct Block {
    std::uint64_t first = 0;  ///< sequence
    ReadFrom place;
    WallTime earliest{};
    WallTime latest{};
    unsigned kinds = 0;
    Bloom held;
  };
  [[nodiscard]] static bool may_match(const Block& block, const Filter& filter);

  std::optional<ReadFrom> newest_;
  Block open_;
  std::size_t in_open_ = 0;
  mutable std::shared_mutex mutex_;
  std::deque<Block> blocks_;
  ReadFrom tail_;
};

}  // namespace strongroom::audit
