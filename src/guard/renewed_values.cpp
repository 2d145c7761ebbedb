// SPDX-License-Identifier: Apache-2.0
#include "guard/renewed_values.h"

namespace strongroom::guard {

void RenewedValues::add(std::shared_ptr<const ValuePatterns> value) {
  if (value == nullptr) return;
  first_.push_back(std::move(value));
  put_together();
}

void RenewedValues::renew(std::shared_ptr<const ValuePatterns> value) {
  if (value == nullptr) return;
  renewed_.push_back(std::move(value));
  if (renewed_.size() > kMostRenewed) renewed_.pop_front();
  put_together();
}

void RenewedValues::put_together() {
  const auto all = std::make_shared<AnyValue>();
  for (const auto& each : first_) all->add(each);
  for (const auto& each : renewed_) all->add(each);
  const std::scoped_lock lock(mutex_);
  all_ = all;
}

Found RenewedValues::find(ByteView data, std::size_t from) const {
  std::shared_ptr<const AnyValue> all;
  {
    const std::scoped_lock lock(mutex_);
    all = all_;
  }
  return all->find(data, from);
}

}  // namespace strongroom::guard
