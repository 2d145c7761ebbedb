// The arena: one region between guard pages, hidden from the kernel itself where it can be, else
// locked and kept out of core dumps; and out of forked children. It is divided into one stripe per
// block size, so that an address alone tells a block's size. SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <array>
#include <cstring>
#include <mutex>

#include "base/check.h"

namespace strongroom {
namespace {

struct Stripe {
  std::size_t block;  ///< octets of a block
  std::size_t size;   ///< octets of the stripe
};
constexpr std::array<Stripe, 6> kStripes = {{{64, 512UL << 10U},
                                             {256, 512UL << 10U},
                                             {1024, 512UL << 10U},
                                             {4096, 512UL << 10U},
                                             {16384, 1UL << 20U},
                                             {Secret::kMaxSize, 1UL << 20U}}};

constexpr std::size_t arena_size() {
  std::size_t size = 0;
  for (const auto& stripe : kStripes) size += stripe.size;
  return size;
}

/// A free block holds the link to the next free one of its stripe.
struct FreeBlock {
  FreeBlock* next;
};

class Arena {
 public:
  Arena() {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    void* region =
        ::mmap(nullptr, arena_size() + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    STRONGROOM_CHECK(region != MAP_FAILED, "the secret arena needs address space");
    begin_ = static_cast<std::uint8_t*>(region) + page;
    hidden_ = map_hidden(begin_);
    locked_ = hidden_ || map_locked(begin_);
    std::size_t offset = 0;
    for (std::size_t i = 0; i < kStripes.size(); ++i) {
      stripes_[i].begin = offset;
      offset += kStripes[i].size;
    }
  }

  std::uint8_t* take(std::size_t size) {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < kStripes.size(); ++i) {
      if (kStripes[i].block < size) continue;
      if (std::uint8_t* block = take_from(i); block != nullptr) return block;
    }
    STRONGROOM_CHECK(false, "secrets fit the arena");
    return nullptr;
  }

  void give_back(std::uint8_t* data) {
    const std::size_t index = stripe_of(data);
    wipe(data, kStripes[index].block);
    const std::lock_guard lock(mutex_);
    used_ -= kStripes[index].block;
    auto* block = ::new (data) FreeBlock{stripes_[index].free};
    stripes_[index].free = block;
  }

  SecretArenaUse use() {
    const std::lock_guard lock(mutex_);
    return {arena_size(), used_, locked_, hidden_};
  }

  /// In a forked child that goes on without an exec: nothing of its parent's, and room for its own.
  void renew_in_child() {
    if (hidden_)
      (void)::mmap(begin_, arena_size(), PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  }

 private:
  /// memfd_secret(2): pages that the kernel itself does not map, so that neither a debugger nor
  /// /proc/PID/mem nor a hole in the kernel reads them; never swapped, never dumped. A forked child
  /// has nothing in their place.
  static bool map_hidden(std::uint8_t* begin) {
    const int fd = static_cast<int>(::syscall(SYS_memfd_secret, O_CLOEXEC));
    if (fd < 0) return false;
    const bool is_sized = ::ftruncate(fd, static_cast<off_t>(arena_size())) == 0;
    void* const mapped = is_sized ? ::mmap(begin, arena_size(), PROT_READ | PROT_WRITE,
                                           MAP_SHARED | MAP_FIXED, fd, 0)
                                  : MAP_FAILED;
    ::close(fd);
    if (mapped == MAP_FAILED) return false;
    ::madvise(begin, arena_size(), MADV_DONTFORK);
    return true;
  }
  /// The next best: neither swapped nor dumped, zero in a forked child.
  static bool map_locked(std::uint8_t* begin) {
    STRONGROOM_CHECK(::mmap(begin, arena_size(), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED,
                     "the secret arena is writable");
    ::madvise(begin, arena_size(), MADV_DONTDUMP);
    ::madvise(begin, arena_size(), MADV_WIPEONFORK);
    return ::mlock(begin, arena_size()) == 0;
  }

  struct State {
    std::size_t begin = 0;
    std::size_t fresh = 0;  ///< octets of the stripe ever used
    FreeBlock* free = nullptr;
  };

  std::uint8_t* take_from(std::size_t index) {
    State& stripe = stripes_[index];
    const std::size_t block_size = kStripes[index].block;
    if (FreeBlock* block = stripe.free; block != nullptr) {
      stripe.free = block->next;
      block->next = nullptr;
      used_ += block_size;
      return reinterpret_cast<std::uint8_t*>(block);
    }
    if (stripe.fresh + block_size > kStripes[index].size) return nullptr;
    std::uint8_t* block = begin_ + stripe.begin + stripe.fresh;
    stripe.fresh += block_size;
    used_ += block_size;
    return block;
  }

  std::size_t stripe_of(const std::uint8_t* data) const {
    const auto offset = static_cast<std::size_t>(data - begin_);
    std::size_t index = kStripes.size() - 1;
    while (offset < stripes_[index].begin) --index;
    return index;
  }

  std::mutex mutex_;
  std::uint8_t* begin_ = nullptr;
  std::size_t used_ = 0;
  bool locked_ = false;
  bool hidden_ = false;
  std::array<State, kStripes.size()> stripes_{};
};

Arena& arena() {
  // Never destroyed: secrets may outlive static destruction order.
  static auto* instance = [] {
    auto* made = new Arena;
    ::pthread_atfork(nullptr, nullptr, [] { arena().renew_in_child(); });
    return made;
  }();
  return *instance;
}

}  // namespace

void wipe(void* memory, std::size_t size) noexcept {
  if (size > 0) ::explicit_bzero(memory, size);
}

Secret::Secret(ByteView plain) {
  if (plain.empty()) return;
  *this = of_size(plain.size());
  std::memcpy(data_, plain.data(), plain.size());
}

Secret Secret::of_size(std::size_t size) {
  STRONGROOM_CHECK(size <= kMaxSize, "callers check the size of what becomes a Secret");
  Secret secret;
  if (size == 0) return secret;
  secret.data_ = arena().take(size);
  secret.size_ = size;
  return secret;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  if (data_ != nullptr) arena().give_back(data_);
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

Secret::~Secret() {
  if (data_ != nullptr) arena().give_back(data_);
}

Secret Secret::duplicate() const {
  return Secret(ByteView(data_, size_));
}

void Secret::shrink(std::size_t size) noexcept {
  if (size >= size_) return;
  wipe(data_ + size, size_ - size);
  size_ = size;
}

bool Secret::equals(const Secret& other) const noexcept {
  return equal_constant_time(ByteView(data_, size_), ByteView(other.data_, other.size_));
}

bool equal_constant_time(ByteView a, ByteView b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= unsigned{a[i]} ^ unsigned { b[i] };
  // The compiler must not learn that the loop could stop early.
  asm volatile("" : "+r"(difference));
  return difference == 0;
}

SecretArenaUse secret_arena_use() noexcept {
  return arena().use();
}

}  // namespace strongroom
