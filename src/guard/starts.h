// Starts: which three octets may begin one of a key's forms, and where in a piece of data the
// next three such stand.
//
// Used by: ValuePatterns. Threads: read only once marked. A table of single octets: it tells which
// characters three places of a key have, and is kept no longer than the key's lease.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace strongroom::guard {

class Starts {
 public:
  static constexpr std::size_t kOctets = 3;

  /// `form` below 8; `at` below kOctets.
  void mark(std::size_t form, std::size_t at, std::uint8_t octet) {
    const auto bit = static_cast<std::uint8_t>(1U << form);
    whole_[at][octet] |= bit;
    low_[at][octet & 15U] |= bit;
    high_[at][octet >> 4U] |= bit;
  }
  /// And what may begin one of another's.
  void add(const Starts& other);
  /// The forms, a bit each, that these octets may begin; of fewer than kOctets, that they may.
  [[nodiscard]] std::uint8_t forms_at(ByteView octets) const {
    std::uint8_t forms = 0xFF;
    for (std::size_t i = 0; i < kOctets && i < octets.size(); ++i) forms &= whole_[i][octets[i]];
    return forms;
  }
  /// The next place at or after `from` where a form may begin; the last two places of the data
  /// always may. data.size() when there is none.
  [[nodiscard]] std::size_t next(ByteView data, std::size_t from) const;

 private:
  /// A place where a form may begin, or one near the end up to which there is none.
  [[nodiscard]] std::size_t skip_by_sixteen(ByteView data, std::size_t from) const;
  [[nodiscard]] std::size_t skip_by_thirty_two(ByteView data, std::size_t from) const;
  [[nodiscard]] std::size_t first_of(unsigned places, ByteView data, std::size_t at) const;
  [[nodiscard]] bool may_begin(const std::uint8_t* at) const {
    return (whole_[0][at[0]] & whole_[1][at[1]] & whole_[2][at[2]]) != 0;
  }

  std::array<std::array<std::uint8_t, 256>, kOctets> whole_{};
  /// The same by halves of an octet, for many places at once.
  std::array<std::array<std::uint8_t, 16>, kOctets> low_{};
  std::array<std::array<std::uint8_t, 16>, kOctets> high_{};
};

}  // namespace strongroom::guard
