// SPDX-License-Identifier: Apache-2.0
#include "gateway/head_buffer.h"

#include <charconv>

namespace strongroom::gateway {

HeadBuffer& HeadBuffer::add_number(std::uint64_t number) {
  char digits[24];
  const auto [end, error] = std::to_chars(digits, digits + sizeof(digits), number);
  (void)error;
  return add({digits, static_cast<std::size_t>(end - digits)});
}

std::size_t HeadBuffer::replace_all(std::string_view what, std::string_view by) {
  std::size_t count = 0;
  for (std::size_t at = view().find(what); at != std::string_view::npos;
       at = view().find(what, at + by.size())) {
    ++count;
    const std::size_t tail = size_ - at - what.size();
    if (at + by.size() + tail > kCapacity) {
      // It does not fit: the value goes, whatever that does to the head.
      wipe(octets_.data() + at, what.size());
      std::memset(octets_.data() + at, '*', what.size());
      continue;
    }
    std::memmove(octets_.data() + at + by.size(), octets_.data() + at + what.size(), tail);
    std::memcpy(octets_.data() + at, by.data(), by.size());
    const std::size_t size = at + by.size() + tail;
    if (size < size_) wipe(octets_.data() + size, size_ - size);
    size_ = size;
  }
  return count;
}

}  // namespace strongroom::gateway
