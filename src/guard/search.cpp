// SPDX-License-Identifier: Apache-2.0
#include "guard/search.h"

#include "base/secret.h"

namespace strongroom::guard {

Search::~Search() {
  wipe(held_.data(), held_.size());
}

std::size_t Search::search(ByteView data, More more) {
  std::size_t at = 0;
  for (;;) {
    const Found found = patterns_->find(data, at);
    if (found.kind == Found::Kind::Nothing) return data.size();
    if (found.kind == Found::Kind::Whole) {
      on_hit_({passed_ + found.begin, found.size, found.which});
      at = found.begin + found.size;
    } else if (more == More::MayCome) {
      return found.begin;
    } else {
      // Cut short by the end: what is behind its beginning is searched as well.
      at = found.begin + 1;
    }
  }
}

void Search::feed(ByteView data) {
  if (held_.empty()) {
    const std::size_t done = search(data, More::MayCome);
    held_.assign(data.begin() + static_cast<std::ptrdiff_t>(done), data.end());
    passed_ += done;
    return;
  }
  held_.insert(held_.end(), data.begin(), data.end());
  const std::size_t done = search(held_, More::MayCome);
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(done));
  passed_ += done;
}

void Search::finish() {
  (void)search(held_, More::No);
  held_.clear();
  passed_ = 0;
}

}  // namespace strongroom::guard
