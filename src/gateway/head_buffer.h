// HeadBuffer: one outgoing head, in fixed memory; what was a key in it is wiped once it is written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace strongroom::gateway {

class HeadBuffer {
 public:
  static constexpr std::size_t kCapacity = 48UL << 10U;
  static constexpr std::size_t kRecord = 16UL << 10U;  ///< the most that one TLS record carries
  void clear() {
    wipe_key();
    size_ = 0;
    overflowed_ = false;
  }
  HeadBuffer& add(std::string_view text) {
    if (text.empty()) return *this;
    if (text.size() > kCapacity - size_) {
      overflowed_ = true;
      return *this;
    }
    std::memcpy(octets_.data() + size_, text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  HeadBuffer& add_number(std::uint64_t number);
  HeadBuffer& add_header(std::string_view name, std::string_view value) {
    return add(name).add(": ").add(value).add("\r\n");
  }
  /// What is added from here to end_key() is a key.
  void begin_key() { key_begin_ = size_; }
  void end_key() { key_end_ = size_; }
  /// After the write.
  void wipe_key() {
    wipe(octets_.data() + key_begin_, key_end_ - key_begin_);
    key_begin_ = key_end_ = 0;
  }
  /// Takes `body` along, so that both leave in one write (one TLS record); false, and nothing is
  /// added, when it is too long for that.
  [[nodiscard]] bool take_along(std::string_view body) {
    if (overflowed_ || body.size() > kRecord || size_ > kRecord - body.size()) return false;
    add(body);
    return true;
  }
  /// Replaces every occurrence of `what`, as long as it fits; the answer counts them.
  std::size_t replace_all(std::string_view what, std::string_view by);
  [[nodiscard]] bool has_overflowed() const { return overflowed_; }
  [[nodiscard]] bool contains(std::string_view what) const {
    return view().find(what) != std::string_view::npos;
  }
  [[nodiscard]] std::string_view view() const { return {octets_.data(), size_}; }
  [[nodiscard]] ByteView bytes() const { return bytes_of(view()); }
  [[nodiscard]] MutableBytes mutable_bytes() {
    return {reinterpret_cast<std::uint8_t*>(octets_.data()), size_};
  }

 private:
  std::size_t size_ = 0;
  std::size_t key_begin_ = 0;
  std::size_t key_end_ = 0;
  bool overflowed_ = false;
  std::array<char, kCapacity> octets_;
};

}  // namespace strongroom::gateway
