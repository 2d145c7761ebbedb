// FirstMessage: what a websocket's client sends until its first message is whole. Where the
// catalogue says that a member of it may hold the pass, the key is put there.
//
// Used by: Connection. Threads: its loop's. Control frames that come before or within the message
// go on at once; fragments are put together. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "guard/patterns.h"
#include "http/websocket.h"

namespace strongroom::gateway {

class FirstMessage {
 public:
  /// `fields`: members at the top of its JSON. `passes`: of the session, none of which may stand
  /// anywhere else in a message that gets the key; without them none gets it.
  FirstMessage(const std::vector<std::string>& fields, std::string_view pass,
               std::shared_ptr<const guard::Patterns> passes)
      : fields_(fields), pass_(pass), passes_(std::move(passes)) {}
  ~FirstMessage();
  FirstMessage(const FirstMessage&) = delete;
  FirstMessage& operator=(const FirstMessage&) = delete;

  enum class State : std::uint8_t {
    NeedMore,
    Ordinary,  ///< it holds no pass, or is none that could: all goes on as it came (take_ready)
    Named,     ///< the pass stands where it may: with_key() goes on, then take_rest()
    Misplaced
  };
  [[nodiscard]] State feed(ByteView data);
  /// Whole frames that may go on now.
  [[nodiscard]] ByteVector take_ready() { return std::exchange(ready_, {}); }
  /// What came after the message.
  [[nodiscard]] ByteVector take_rest() { return std::exchange(unread_, {}); }
  /// The message as one frame, with the key in the pass's place.
  [[nodiscard]] ByteVector with_key(const Secret& value) const;

 private:
  [[nodiscard]] State give_up();
  [[nodiscard]] State judge();
  [[nodiscard]] bool is_login() const;
  void pass_on(ByteVector& to, std::size_t size);

  const std::vector<std::string>& fields_;
  std::string_view pass_;
  std::shared_ptr<const guard::Patterns> passes_;
  ByteVector unread_;
  ByteVector ready_;      ///< may go on
  ByteVector fragments_;  ///< the message's frames as they came
  ByteVector message_;    ///< its payload so far
  http::FrameHead head_;  ///< of its first frame
  bool has_begun_ = false;
};

}  // namespace strongroom::gateway
