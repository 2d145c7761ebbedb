// KeptBody: what of one request's body has gone on to a provider, for as long as that may say that
// it did nothing with the request (RFC 9113 8.7), which may then be sent again. Bounded, and wiped
// when it is forgotten.
//
// Used by: Connection, one for each request. Threads: its loop's. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace strongroom::gateway {

/// Memory for all bodies that are kept at once.
class KeptBudget {
 public:
  explicit KeptBudget(std::size_t most) : left_(most) {}
  KeptBudget(const KeptBudget&) = delete;
  KeptBudget& operator=(const KeptBudget&) = delete;
  [[nodiscard]] std::size_t left() const noexcept { return left_; }

 private:
  friend class KeptBody;
  std::size_t left_;
};

class KeptBody {
 public:
  static constexpr std::size_t kMost = 64UL << 10U;  ///< of one request

  KeptBody() = default;
  KeptBody(KeptBody&& other) noexcept;
  KeptBody& operator=(KeptBody&& other) noexcept;
  ~KeptBody() { forget(); }

  /// Keeps what is added from here on. `budget` outlives this.
  void begin(KeptBudget& budget) noexcept;
  /// Once one would not find room, all are forgotten.
  void add(ByteView octets);
  /// The body ends with what was added so far.
  void end() noexcept { has_ended_ = true; }
  /// Until the next begin().
  void forget() noexcept;

  /// Nothing that was added since begin() is missing.
  [[nodiscard]] bool is_whole() const noexcept { return budget_ != nullptr; }
  [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }
  [[nodiscard]] ByteView octets() const noexcept { return {memory_.get(), size_}; }

 private:
  [[nodiscard]] bool make_room(std::size_t size);
  void give_memory_back() noexcept;
  KeptBudget* budget_ = nullptr;  ///< none: nothing is kept
  std::unique_ptr<std::uint8_t[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  bool has_ended_ = false;
};

}  // namespace strongroom::gateway
