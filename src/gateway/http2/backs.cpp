// SPDX-License-Identifier: Apache-2.0
#include "gateway/http2/backs.h"

#include <algorithm>
#include <iterator>

namespace strongroom::gateway {

io::Task<void> SharedDial::wait(Deadline deadline) {
  const auto turn = std::make_shared<io::Event>(loop_);
  waiting_.push_back(turn);
  (void)co_await turn->wait_until(deadline);
}

void SharedDial::end(std::optional<Error> failure, Duration stands) {
  is_over_ = true;
  stands_until_ = loop_.coarse_now() + stands;
  failure_ = std::move(failure);
  for (const auto& turn : waiting_) turn->set();
}

std::shared_ptr<Http2Back> Http2Backs::Group::find() const {
  const auto found = std::ranges::find_if(backs, [](const auto& back) { return back->has_room(); });
  return found == backs.end() ? nullptr : *found;
}

void Http2Backs::Group::forget_ended() {
  std::erase_if(backs, [](const auto& back) { return back->is_over(); });
}

std::shared_ptr<Http2Back> Http2Backs::find(const Key& key) const {
  const auto found = groups_.find(key);
  return found == groups_.end() ? nullptr : found->second.find();
}

void Http2Backs::sweep() {
  for (auto& [key, group] : groups_) group.forget_ended();
  std::erase_if(groups_, [](const auto& entry) {
    const Group& group = entry.second;
    return group.backs.empty() && !group.is_dialling() && !group.has_failed();
  });
}

bool Http2Backs::close_idle(std::size_t most) {
  std::vector<std::shared_ptr<Http2Back>> idle;
  for (const auto& [key, group] : groups_)
    std::ranges::copy_if(group.backs, std::back_inserter(idle),
                         [](const auto& back) { return back->is_idle(); });
  if (idle.size() <= most) return false;
  std::ranges::sort(idle, {}, [](const auto& back) { return back->last_used; });
  idle.resize(idle.size() - most);
  for (const auto& back : idle) back->cut("idle");
  return true;
}

void Http2Backs::close_all() {
  for (const auto& [key, group] : groups_)
    for (const auto& back : group.backs) back->cut("draining");
}

}  // namespace strongroom::gateway
