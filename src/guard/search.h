// Search: where in one object's octets a form of a value stands, over whatever cuts they come in.
// Nothing is changed; what may be the beginning of a form is kept until the next piece.
//
// Used by: the scanner's searcher. Threads: one. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "guard/patterns.h"

namespace strongroom::guard {

class Search {
 public:
  struct Hit {
    std::uint64_t at = 0;  ///< from the object's beginning
    std::size_t size = 0;
    std::size_t which = 0;  ///< Found::which
  };
  using OnHit = std::function<void(const Hit&)>;
  Search(std::shared_ptr<const Patterns> patterns, OnHit on_hit)
      : patterns_(std::move(patterns)), on_hit_(std::move(on_hit)) {}
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;
  ~Search();

  void feed(ByteView data);
  /// The object has ended; what is fed next is another's.
  void finish();

 private:
  enum class More : std::uint8_t { MayCome, No };
  /// The place from which on the data may be part of a form that is not whole yet.
  [[nodiscard]] std::size_t search(ByteView data, More more);
  std::shared_ptr<const Patterns> patterns_;
  OnHit on_hit_;
  ByteVector held_;
  std::uint64_t passed_ = 0;  ///< octets before what is held
};

}  // namespace strongroom::guard
