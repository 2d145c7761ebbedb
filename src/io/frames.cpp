// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <new>

#include "io/loop.h"
#include "io/task.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace strongroom::io {
namespace {

// See keeps_frames().
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STRONGROOM_PLAIN_FRAMES 1
#endif
#endif

#ifndef STRONGROOM_PLAIN_FRAMES

constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 64;
/// Of each size; what comes beyond goes back to the heap.
constexpr std::size_t kKept = 1024;

struct Free {
  Free* next;
};

/// The thread's free frames. Trivially destructible on purpose: coroutines may end after it.
struct Shelves {
  std::array<Free*, kClasses> first;
  std::array<std::size_t, kClasses> count;
};
thread_local constinit Shelves shelves{};

struct Cleaner {
  ~Cleaner() {
    for (Free*& first : shelves.first)
      while (first != nullptr) ::operator delete(std::exchange(first, first->next));
    shelves.count.fill(kKept);  // nothing is kept any more
  }
};

#endif

}  // namespace

#ifdef STRONGROOM_PLAIN_FRAMES

bool keeps_frames() noexcept {
  return false;
}
void* take_frame(std::size_t size) {
  return ::operator new(size);
}
void give_frame(void* frame, std::size_t) noexcept {
  ::operator delete(frame);
}

#else

bool keeps_frames() noexcept {
  return true;
}

void* take_frame(std::size_t size) {
  const std::size_t index = (size - 1) / kStep;
  if (index >= kClasses) return ::operator new(size);
  Free*& first = shelves.first[index];
  if (first == nullptr) {
    thread_local const Cleaner cleaner;
    (void)cleaner;
    return ::operator new((index + 1) * kStep);
  }
  --shelves.count[index];
  return std::exchange(first, first->next);
}

void give_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = (size - 1) / kStep;
  if (index >= kClasses || shelves.count[index] >= kKept) return ::operator delete(frame);
  ++shelves.count[index];
  shelves.first[index] = new (frame) Free{shelves.first[index]};
}

#endif

void give_free_heap_back() noexcept {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace strongroom::io
