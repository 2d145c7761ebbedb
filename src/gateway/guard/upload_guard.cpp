// SPDX-License-Identifier: Apache-2.0
#include "gateway/guard/upload_guard.h"

#include <utility>

namespace strongroom::gateway {

UploadGuard::Step UploadGuard::feed(MutableBytes& content, guard::Ends ends, MutableBytes room) {
  if (decoder_ == nullptr) {
    const MutableBytes all = std::exchange(content, {});
    return {guard_.feed(all, ends), false, false};
  }
  const bool is_last = ends == guard::Ends::All;
  if (!std::exchange(is_in_piece_, true)) {
    piece_ = content;
    search_coded(content, is_last);
  }
  const auto decoded = decoder_->feed(content, room);
  content = content.subspan(decoded.consumed);
  const bool has_more = decoded.state == http::ContentDecoder::State::CallAgain;
  const bool is_over = is_last && !has_more;
  const MutableBytes plain = room.first(decoded.produced);
  (void)guard_.feed(plain, guard::ends_of_piece(is_over));
  const bool is_bad =
      decoded.state == http::ContentDecoder::State::Bad || (is_over && !decoder_->may_end());
  if (is_bad || has_more) return {{}, has_more && !is_bad, is_bad};
  is_in_piece_ = false;
  return release(piece_);
}

/// In a copy, as nothing coded may be masked.
void UploadGuard::search_coded(ByteView content, bool is_last) {
  searched_.assign(content.begin(), content.end());
  (void)coded_.feed(searched_, guard::ends_of_piece(is_last));
}

/// A coded piece, unless a pass may have begun in it.
UploadGuard::Step UploadGuard::release(ByteView piece) {
  if (held_.empty() && !is_holding()) return {piece, false, false};
  held_.insert(held_.end(), piece.begin(), piece.end());
  if (is_holding()) return {{}, false, held_.size() > kMostHeld};
  joined_.swap(held_);
  held_.clear();
  return {joined_, false, false};
}

}  // namespace strongroom::gateway
