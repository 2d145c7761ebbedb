// ValuePatterns: the forms in which one key may come back from a provider, and where in a piece of
// data one of them begins.
//
// Forms: as it is; base64 and base64url at each of the three offsets (which covers a Basic pair);
// hex in either case; percent-, JSON- and HTML-escaped, each character escaped or not. Used by:
// Guard. Threads: read only once made. The forms are kept in locked memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "guard/patterns.h"
#include "guard/starts.h"

namespace strongroom::guard {

class ValuePatterns final : public Patterns {
 public:
  /// Shorter keys cannot be told from ordinary text.
  static constexpr std::size_t kShortest = 8;
  /// Null for a key that is too short.
  static std::shared_ptr<const ValuePatterns> make(const Secret& key);

  [[nodiscard]] Found find(ByteView data, std::size_t from) const override;
  /// Of the forms that begin at this place alone.
  [[nodiscard]] Found find_at(ByteView data, std::size_t place) const;
  /// What may begin one.
  [[nodiscard]] const Starts& starts() const noexcept { return starts_; }

 private:
  struct Part {
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  ValuePatterns() = default;
  void add_literals(ByteView key);
  void add_fingerprints(ByteView key);
  void mark(Form form, std::size_t at, std::uint8_t octet);
  [[nodiscard]] Found try_at(ByteView forms, ByteView data, std::size_t at) const;
  [[nodiscard]] Found try_form(Form form, ByteView forms, ByteView rest) const;

  Secret forms_;  ///< the key, then the base64 cores
  std::array<Part, 4> parts_{};
  Starts starts_;
};

}  // namespace strongroom::guard
