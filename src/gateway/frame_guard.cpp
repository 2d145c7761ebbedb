// SPDX-License-Identifier: Apache-2.0
#include "gateway/frame_guard.h"

#include <algorithm>

#include "base/secret.h"

namespace strongroom::gateway {
namespace {
constexpr std::size_t kMostHeld = 256UL << 10U;
}  // namespace

FrameGuard::~FrameGuard() {
  for (ByteVector* each : {&held_, &joined_, &gathered_}) wipe(each->data(), each->size());
}

/// Where an octet of the gathered payload stands.
std::size_t FrameGuard::place_of(std::size_t at) const {
  for (const Run& run : runs_) {
    if (at < run.size) return run.begin + at;
    at -= run.size;
  }
  return runs_.empty() ? 0 : runs_.back().begin + runs_.back().size;
}

/// Masks what is whole in the message so far. The answer: the first octet that must stay, SIZE_MAX
/// for none.
std::size_t FrameGuard::search(MutableBytes whole, bool is_message_over) {
  gathered_.clear();
  for (const Run& run : runs_)
    gathered_.insert(gathered_.end(), whole.begin() + static_cast<std::ptrdiff_t>(run.begin),
                     whole.begin() + static_cast<std::ptrdiff_t>(run.begin + run.size));
  Guard guard(patterns_);
  ByteView free = is_message_over ? guard.feed_last(gathered_) : guard.feed(gathered_);
  const std::size_t before = hits_;
  hits_ += guard.hits();
  if (hits_ != before) {
    std::size_t at = 0;
    for (const Run& run : runs_) {
      std::copy_n(gathered_.begin() + static_cast<std::ptrdiff_t>(at), run.size,
                  whole.begin() + static_cast<std::ptrdiff_t>(run.begin));
      at += run.size;
    }
  }
  return free.size() == gathered_.size() ? SIZE_MAX : place_of(free.size());
}

std::optional<ByteView> FrameGuard::feed(MutableBytes data) {
  if (patterns_ == nullptr) return data;
  MutableBytes whole = data;
  std::size_t at = held_.size();
  if (at > 0) {
    joined_.swap(held_);
    joined_.insert(joined_.end(), data.begin(), data.end());
    held_.clear();
    whole = joined_;
  }
  while (at < whole.size()) {
    const auto step = follower_.feed(whole.subspan(at));
    if (step.state == http::ParseState::Bad) return std::nullopt;
    if (step.payload_size > 0 && !http::is_control(follower_.frame().opcode))
      runs_.push_back({at + step.payload_at, step.payload_size});
    if (step.consumed == 0) break;
    at += step.consumed;
    const bool is_message_over = step.state == http::ParseState::Complete &&
                                 follower_.frame().is_final &&
                                 !http::is_control(follower_.frame().opcode);
    if (!is_message_over) continue;
    (void)search(whole, true);
    runs_.clear();
  }
  const std::size_t stays = runs_.empty() ? SIZE_MAX : search(whole, false);
  if (stays == SIZE_MAX) {
    runs_.clear();
    return whole;
  }
  if (whole.size() - stays > kMostHeld) return std::nullopt;
  held_.assign(whole.begin() + static_cast<std::ptrdiff_t>(stays), whole.end());
  // What goes on is forgotten; the rest keeps its place in what is held.
  std::erase_if(runs_, [&](const Run& run) { return run.begin + run.size <= stays; });
  for (Run& run : runs_) {
    const std::size_t end = run.begin + run.size;
    run.begin = std::max(run.begin, stays) - stays;
    run.size = end - stays - run.begin;
  }
  return whole.first(stays);
}

}  // namespace strongroom::gateway
