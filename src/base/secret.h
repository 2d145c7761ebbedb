// Secret: the one type that holds plaintext keys.
//
// Memory comes from an arena (guard pages, hidden or at least locked, not dumped, not in forked
// children), is wiped on
// destruction, and is seen only inside reveal(). No copy, no formatter, no stream operator, no
// JSON, no conversion to a string: a leak does not compile. Threads: a Secret belongs to one thread
// at a time; the arena is thread safe. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace strongroom {

/// Overwrites memory in a way that the compiler may not drop.
void wipe(void* memory, std::size_t size) noexcept;

class Secret {
 public:
  /// No content.
  Secret() noexcept = default;
  /// Copies `plain` into locked memory; the caller wipes its own copy. At most kMaxSize.
  explicit Secret(ByteView plain);
  /// `size` zero octets, to be filled through reveal_mutable.
  static Secret of_size(std::size_t size);

  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  static constexpr std::size_t kMaxSize = 64UL << 10U;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool is_empty() const noexcept { return size_ == 0; }

  /// A second Secret with the same content, said aloud.
  [[nodiscard]] Secret duplicate() const;

  /// Shortens to the first `size` octets, wiping the rest.
  void shrink(std::size_t size) noexcept;

  /// Constant time in the content, not in the length.
  [[nodiscard]] bool equals(const Secret& other) const noexcept;

  /// Lends the content for the duration of the call. `use` must not keep the span.
  template <class Use>
  decltype(auto) reveal(Use&& use) const {
    return std::forward<Use>(use)(ByteView(data_, size_));
  }
  template <class Use>
  decltype(auto) reveal_mutable(Use&& use) {
    return std::forward<Use>(use)(MutableBytes(data_, size_));
  }

 private:
  std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Constant time in the content.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b) noexcept;

/// What the arena holds now, for tests and metrics.
struct SecretArenaUse {
  std::size_t reserved_bytes = 0;
  std::size_t used_bytes = 0;
  bool locked = false;  ///< never swapped; where it is not so, start-up says so
  bool hidden = false;  ///< memfd_secret: not even the kernel maps it
};
[[nodiscard]] SecretArenaUse secret_arena_use() noexcept;

}  // namespace strongroom
