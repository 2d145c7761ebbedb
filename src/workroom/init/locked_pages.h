// Pages for the variables of a workroom while they wait for the command. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <sys/mman.h>
#include <cstddef>
#include <cstring>

namespace strongroom::workroom {

/// Pages that are neither swapped nor dumped, and are zero again when given back.
class LockedPages {
 public:
  explicit LockedPages(std::size_t size) : size_(size) {
    void* memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    data_ = static_cast<char*>(memory);
    // Over the limit of locked memory it is still not dumped, and wiped after milliseconds.
    (void)::mlock(memory, size);
    (void)::madvise(memory, size, MADV_DONTDUMP);
  }
  LockedPages(const LockedPages&) = delete;
  LockedPages& operator=(const LockedPages&) = delete;
  ~LockedPages() {
    if (data_ == nullptr) return;
    ::explicit_bzero(data_, size_);
    ::munmap(data_, size_);
  }
  [[nodiscard]] char* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  char* data_ = nullptr;
  std::size_t size_;
};

}  // namespace strongroom::workroom
