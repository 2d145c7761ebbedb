// SPDX-License-Identifier: Apache-2.0
#include "http/coding/decoder_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/secret.h"

namespace strongroom::http {
namespace {

/// Stands before each piece.
struct alignas(std::max_align_t) Note {
  std::size_t size = 0;  ///< with this note
};
/// From this size on pages come straight from the system: a window that is hardly used costs only
/// the pages that were touched, also when it goes.
constexpr std::size_t kPages = 128UL << 10U;

}  // namespace

void* DecoderMemory::take(std::size_t size) noexcept {
  const std::size_t most = std::min(left_, budget_.left_);
  if (size > most || most - size < sizeof(Note)) return nullptr;
  const std::size_t whole = size + sizeof(Note);
  void* memory = nullptr;
  if (whole < kPages) {
    memory = std::malloc(whole);
  } else {
    memory = ::mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) memory = nullptr;
    if (memory != nullptr) (void)::madvise(memory, whole, MADV_DONTDUMP);
  }
  if (memory == nullptr) return nullptr;
  left_ -= whole;
  budget_.left_ -= whole;
  return new (memory) Note{whole} + 1;
}

void DecoderMemory::give(void* memory) noexcept {
  if (memory == nullptr) return;
  Note* const note = static_cast<Note*>(memory) - 1;
  const std::size_t whole = note->size;
  left_ += whole;
  budget_.left_ += whole;
  if (whole >= kPages) {
    (void)::munmap(note, whole);
    return;
  }
  wipe(note, whole);
  std::free(note);
}

}  // namespace strongroom::http
