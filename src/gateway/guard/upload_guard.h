// UploadGuard: the body of one request on its way to the provider, searched for the session's
// passes (threats.md D3). A coded body is decoded for that and goes on as it came; nothing of it
// goes on while what it decodes to may be part of a pass.
//
// Used by: Connection, one for each request. Threads: its loop's. A plain body is neither copied
// nor anything allocated for it in the steady state. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "guard/guard.h"
#include "http/coding/content_coding.h"

namespace strongroom::gateway {

class UploadGuard {
 public:
  UploadGuard() = default;
  /// Null patterns: nothing is looked for. No decoder: the body is plain.
  UploadGuard(std::shared_ptr<const guard::Patterns> patterns,
              std::unique_ptr<http::ContentDecoder> decoder)
      : guard_(patterns), decoder_(std::move(decoder)) {
    if (decoder_ != nullptr) coded_ = guard::Guard(std::move(patterns));
  }

  struct Step {
    ByteView free;          ///< may go on now; good until the next call
    bool has_more = false;  ///< the same again, with what is left of the content
    bool is_bad = false;    ///< not what its coding says, or too much would be held back
  };
  /// Takes what it uses from the front of `content`. `ends`: with it (no messages within a coded
  /// body). `room` is for what a coded body decodes to.
  [[nodiscard]] Step feed(MutableBytes& content, guard::Ends ends, MutableBytes room);
  [[nodiscard]] bool is_coded() const noexcept { return decoder_ != nullptr; }
  /// Passes that were in it so far. Of a plain body they are masked; of a coded one, nothing more
  /// may go on, that step's octets neither.
  [[nodiscard]] std::size_t hits() const noexcept { return guard_.hits() + coded_.hits(); }

 private:
  static constexpr std::size_t kMostHeld = 256UL << 10U;
  void search_coded(ByteView content, bool is_last);
  [[nodiscard]] bool is_holding() const { return guard_.is_holding() || coded_.is_holding(); }
  [[nodiscard]] Step release(ByteView piece);
  guard::Guard guard_;
  guard::Guard coded_;  ///< over a coded body as it comes: comments, names, skippable frames
  std::unique_ptr<http::ContentDecoder> decoder_;
  ByteView piece_;  ///< the content being decoded, as it was given
  bool is_in_piece_ = false;
  ByteVector held_;
  ByteVector joined_;
  ByteVector searched_;
};

}  // namespace strongroom::gateway
