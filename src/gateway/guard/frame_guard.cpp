// SPDX-License-Identifier: Apache-2.0
#include "gateway/guard/frame_guard.h"

#include <algorithm>

#include "base/secret.h"

namespace strongroom::gateway {
namespace {

/// Frames without payload may be held for as long as a message goes on: whoever has ten thousand
/// websockets takes no more than memory can bear. The longest form of a key of 2 KiB fits.
constexpr std::size_t kMostHeld = 32UL << 10U;
constexpr std::size_t kNone = SIZE_MAX;

}  // namespace

FrameGuard::~FrameGuard() {
  for (ByteVector* each : {&held_, &joined_, &gathered_}) wipe(each->data(), each->size());
}

/// Where an octet of the gathered payload stands.
std::size_t FrameGuard::place_of(const Runs& runs, std::size_t at) {
  for (const Run& run : runs) {
    if (at < run.size) return run.begin + at;
    at -= run.size;
  }
  return runs.empty() ? 0 : runs.back().begin + runs.back().size;
}

/// Masks what is whole in the runs' payload. The answer: the first octet that must stay, kNone when
/// all may go.
std::size_t FrameGuard::search(MutableBytes whole, const Runs& runs, bool is_over) {
  if (patterns_ == nullptr) return kNone;
  gathered_.clear();
  for (const Run& run : runs) {
    const std::size_t at = gathered_.size();
    const ByteView payload = whole.subspan(run.begin, run.size);
    gathered_.insert(gathered_.end(), payload.begin(), payload.end());
    http::apply_mask(MutableBytes(gathered_).subspan(at), run.mask, run.offset);
  }
  guard::Guard guard(patterns_);
  const std::size_t free = guard.feed(gathered_, guard::ends_of_piece(is_over)).size();
  if (guard.hits() > 0) {
    hits_ += guard.hits();
    std::size_t at = 0;
    for (const Run& run : runs) {
      const MutableBytes payload = MutableBytes(gathered_).subspan(at, run.size);
      http::apply_mask(payload, run.mask, run.offset);
      std::ranges::copy(payload, whole.begin() + static_cast<std::ptrdiff_t>(run.begin));
      at += run.size;
    }
  }
  return free == gathered_.size() ? kNone : place_of(runs, free);
}

/// Searches every message and control frame that ends in what has come. The answer: how much of it
/// is of right frames.
std::size_t FrameGuard::follow(MutableBytes whole, std::size_t at, std::uint16_t& close_code) {
  while (at < whole.size()) {
    const auto step = follower_.feed(whole.subspan(at));
    if (step.state == http::ParseState::Bad) {
      close_code = step.close_code;
      return at;
    }
    if (step.consumed == 0) break;
    const http::FrameHead& frame = follower_.frame();
    Runs& runs = http::is_control(frame.opcode) ? control_ : message_;
    if (step.payload_size > 0)
      runs.push_back({at + step.payload_at, step.payload_size, frame.mask, step.offset});
    at += step.consumed;
    if (step.state != http::ParseState::Complete || !frame.is_final) continue;
    (void)search(whole, runs, true);
    runs.clear();
  }
  return at;
}

FrameGuard::Fed FrameGuard::feed(MutableBytes data) {
  MutableBytes whole = data;
  const std::size_t known = held_.size();
  if (known > 0) {
    joined_.swap(held_);
    joined_.insert(joined_.end(), data.begin(), data.end());
    held_.clear();
    whole = joined_;
  }
  Fed fed;
  const std::size_t good = follow(whole, known, fed.close_code);
  // The start of a head has been followed without belonging to a frame yet.
  const std::size_t frames_end = fed.close_code != 0 ? good - std::min(good, follower_.head_size())
                                                     : whole.size() - follower_.head_size();
  std::size_t stays = frames_end;
  if (!message_.empty()) stays = std::min(stays, search(whole, message_, fed.close_code != 0));
  if (!control_.empty()) stays = std::min(stays, control_.front().begin);
  is_between_frames_ = stays == frames_end && !follower_.is_in_payload();
  if (fed.close_code == 0) return keep(whole, stays);
  fed.free = whole.first(stays);
  return fed;
}

/// What goes on is forgotten; the rest keeps its place in what is held.
FrameGuard::Fed FrameGuard::keep(MutableBytes whole, std::size_t stays) {
  if (whole.size() - stays > kMostHeld) {
    is_between_frames_ = false;
    return {whole.first(stays), http::kCloseTooLarge};
  }
  held_.assign(whole.begin() + static_cast<std::ptrdiff_t>(stays), whole.end());
  move_to_front(message_, stays);
  move_to_front(control_, stays);
  return {whole.first(stays), 0};
}

void FrameGuard::move_to_front(Runs& runs, std::size_t stays) {
  std::erase_if(runs, [&](const Run& run) { return run.begin + run.size <= stays; });
  for (Run& run : runs) {
    const std::size_t gone = run.begin < stays ? stays - run.begin : 0;
    run.begin = run.begin + gone - stays;
    run.size -= gone;
    run.offset += gone;
  }
}

}  // namespace strongroom::gateway
