// MemoryPair: two ends joined in memory, for two Streams of one loop: what one writes the other
// reads. It takes no descriptor of the system's and no call into it. For io's own files.
//
// Bounded: a writer waits when kRoom octets are on their way. What is on its way may hold a key:
// it is wiped as it is read. Threads: the loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.h"

namespace strongroom::io {

class Descriptor;

class MemoryPair {
 public:
  static constexpr std::size_t kRoom = 64UL << 10U;  ///< each way

  enum class Side : std::uint8_t { One, Other };

  /// Opens both; each lives until its side has left.
  MemoryPair(Descriptor& one, Descriptor& other);
  MemoryPair(const MemoryPair&) = delete;
  MemoryPair& operator=(const MemoryPair&) = delete;

  /// What a read would find. Broken: the other side has left in the middle, and all it wrote has
  /// been read.
  enum class Look : std::uint8_t { Nothing, Octets, Ended, Broken };
  [[nodiscard]] Look look(Side side) const;
  /// The next octet; only where there are octets.
  [[nodiscard]] std::uint8_t peek(Side side) const;
  /// Answers how many were taken.
  [[nodiscard]] std::size_t read(Side side, MutableBytes into);
  /// From the parts in turn, as many octets as there is room for.
  [[nodiscard]] std::size_t write(Side side, std::span<const ByteView> parts);
  /// Nobody would read what this side writes.
  [[nodiscard]] bool has_other_left(Side side) const { return end(other_of(side)).has_left; }
  /// Nothing more comes from this side: the orderly end.
  void finish(Side side);
  /// This side is gone. What it wrote can still be read.
  void leave(Side side, std::optional<std::uint32_t> reason) noexcept;
  /// Why the other side left, where it said so.
  [[nodiscard]] std::optional<std::uint32_t> reason_of_other(Side side) const {
    return end(other_of(side)).reason;
  }

 private:
  /// Octets first in, first out; without memory while there are none.
  class Queue {
   public:
    Queue() = default;
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;
    ~Queue() { clear(); }
    [[nodiscard]] bool is_empty() const { return size_ == 0; }
    [[nodiscard]] std::uint8_t front() const { return octets_[begin_]; }
    [[nodiscard]] std::size_t push(ByteView from);
    [[nodiscard]] std::size_t take(MutableBytes into);
    void clear() noexcept;

   private:
    void make_room(std::size_t wanted);
    std::unique_ptr<std::uint8_t[]> octets_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
  };
  struct End {
    Descriptor* descriptor = nullptr;  ///< none once it has left
    Queue written;
    bool has_finished = false;
    bool has_left = false;
    std::optional<std::uint32_t> reason;
  };

  [[nodiscard]] static Side other_of(Side side) {
    return side == Side::One ? Side::Other : Side::One;
  }
  [[nodiscard]] End& end(Side side) { return ends_[static_cast<std::size_t>(side)]; }
  [[nodiscard]] const End& end(Side side) const { return ends_[static_cast<std::size_t>(side)]; }

  std::array<End, 2> ends_;
};

}  // namespace strongroom::io
