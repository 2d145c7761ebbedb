// CborReader: the part of CBOR (RFC 8949) that authenticators write (CTAP2's canonical form).
//
// Pulls one item after the other out of octets that it does not own: lengths are stated, numbers
// have their shortest form, there are no tags, no floating point, nothing of indefinite length.
// Whatever else comes, or is not of the kind asked for, fails the reader for good. Hostile input.
// Used by: cose_key, vault (passkeys). Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace strongroom::crypto {

class CborReader {
 public:
  explicit CborReader(ByteView octets) : rest_(octets) {}

  [[nodiscard]] std::optional<std::int64_t> integer();
  /// A view into the input.
  [[nodiscard]] std::optional<ByteView> bytes();
  /// The same, UTF-8.
  [[nodiscard]] std::optional<std::string_view> text();
  /// How many pairs follow.
  [[nodiscard]] std::optional<std::size_t> map();
  /// Over one item of whatever kind, with what is in it.
  [[nodiscard]] bool skip();

  [[nodiscard]] bool is_ok() const { return ok_; }
  [[nodiscard]] bool is_at_end() const { return ok_ && rest_.empty(); }
  [[nodiscard]] ByteView rest() const { return rest_; }

 private:
  struct Head {
    std::uint8_t kind = 0;  ///< major type
    std::uint64_t argument = 0;
  };
  std::optional<Head> head();
  std::optional<ByteView> content(std::uint64_t size);
  bool skip(unsigned depth);
  std::nullopt_t failed() {
    ok_ = false;
    return std::nullopt;
  }
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace strongroom::crypto
