// SPDX-License-Identifier: Apache-2.0
#include "guard/guard.h"

#include <algorithm>
#include <utility>

#include "base/secret.h"

namespace strongroom::guard {

bool holds_any(const Patterns& patterns, ByteView data) {
  for (std::size_t at = 0; at < data.size();) {
    const Found found = patterns.find(data, at);
    if (found.kind == Found::Kind::Whole) return true;
    if (found.kind == Found::Kind::Nothing) return false;
    at = found.begin + 1;
  }
  return false;
}

Guard::~Guard() {
  wipe(held_.data(), held_.size());
  wipe(joined_.data(), joined_.size());
}

std::size_t Guard::mask(MutableBytes data) {
  std::size_t at = 0;
  for (;;) {
    const auto found = patterns_->find(data, at);
    switch (found.kind) {
      case Found::Kind::Nothing:
        return data.size();
      case Found::Kind::Partial:
        return found.begin;
      case Found::Kind::Whole:
        std::fill_n(data.begin() + static_cast<std::ptrdiff_t>(found.begin), found.size, '*');
        ++hits_;
        at = found.begin + found.size;
    }
  }
}

MutableBytes Guard::join(MutableBytes data) {
  if (held_.empty()) return data;
  joined_.swap(held_);
  joined_.insert(joined_.end(), data.begin(), data.end());
  held_.clear();
  return joined_;
}

ByteView Guard::feed(MutableBytes data, Ends ends) {
  if (patterns_ == nullptr) return data;
  const MutableBytes whole = join(data);
  if (ends == Ends::All) {
    mask_whole(whole);
    return whole.subspan(std::exchange(gone_, 0));
  }
  const std::size_t begin = mask(whole);
  const bool is_let_go = ends == Ends::Message && whole.size() - begin <= kLetGo;
  const std::size_t free = is_let_go ? whole.size() : std::max(begin, gone_);
  held_.assign(whole.begin() + static_cast<std::ptrdiff_t>(begin), whole.end());
  const std::size_t gone_before = std::exchange(gone_, free - begin);
  return whole.subspan(gone_before, free - gone_before);
}

/// Where the end of the data cuts a form short, what is behind its beginning is searched as well.
std::size_t Guard::mask_whole(MutableBytes data) {
  if (patterns_ == nullptr) return 0;
  const std::size_t before = hits_;
  std::size_t at = 0;
  while (at < data.size()) {
    const std::size_t partial = at + mask(data.subspan(at));
    if (partial >= data.size()) break;
    at = partial + 1;
  }
  return hits_ - before;
}

}  // namespace strongroom::guard
