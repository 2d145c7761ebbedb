// SPDX-License-Identifier: Apache-2.0
#include "guard/any_value.h"

namespace strongroom::guard {

void AnyValue::add(std::shared_ptr<const ValuePatterns> value) {
  if (value != nullptr) starts_.add(value->starts());
  all_.push_back(std::move(value));
}

Found AnyValue::find_at(ByteView data, std::size_t place) const {
  Found best;
  for (std::size_t which = 0; which < all_.size(); ++which) {
    if (all_[which] == nullptr) continue;
    Found found = all_[which]->find_at(data, place);
    found.which = which;
    const bool is_whole = found.kind == Found::Kind::Whole;
    if (is_whole && (best.kind != Found::Kind::Whole || found.size > best.size)) best = found;
    if (found.kind == Found::Kind::Partial && best.kind == Found::Kind::Nothing) best = found;
  }
  return best;
}

Found AnyValue::find(ByteView data, std::size_t from) const {
  if (all_.empty()) return {};
  for (std::size_t at = starts_.next(data, from); at < data.size();
       at = starts_.next(data, at + 1)) {
    const Found found = find_at(data, at);
    if (found.kind != Found::Kind::Nothing) return found;
  }
  return {};
}

}  // namespace strongroom::guard
