// FirstMessage: what a websocket's client sends until its first message is whole. Where the
// catalogue says that a member of it may hold the pass, the key is put there.
//
// Used by: Connection. Threads: its loop's. Control frames that come before or within the message
// go on at once; fragments are put together. SPDX-License-Identifier: Apache-2.0
#pragma once

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
  /// `fields`: members at the top of its JSON; they outlive this.
  explicit FirstMessage(const std::vector<std::string>& fields) : fields_(fields) {}
  ~FirstMessage();
  FirstMessage(const FirstMessage&) = delete;
  FirstMessage& operator=(const FirstMessage&) = delete;

  enum class State : std::uint8_t {
    NeedMore,
    Whole,     ///< judge() says what it is
    Ordinary,  ///< it holds no pass, or is none that could: all goes on as it came (take_ready)
    Named,     ///< the pass stands where it may: with_key() goes on, then take_rest()
    Misplaced
  };
  [[nodiscard]] State feed(ByteView data);
  /// What those members hold, without "Bearer "; of a message that is whole.
  [[nodiscard]] std::vector<std::string> offered() const;
  /// The same for one that is whole. `passes`: of the session, none of which may stand anywhere
  /// else in a message that gets the key; without them none gets it.
  [[nodiscard]] State judge(std::string_view pass, const guard::Patterns* passes);
  /// How many octets of whole frames wait to go on.
  [[nodiscard]] std::size_t ready_size() const { return ready_.size(); }
  /// Whole frames that may go on now.
  [[nodiscard]] ByteVector take_ready() { return std::exchange(ready_, {}); }
  /// What came after the message.
  [[nodiscard]] ByteVector take_rest() { return std::exchange(unread_, {}); }
  /// The message as one frame, with the key in the pass's place.
  [[nodiscard]] ByteVector with_key(std::string_view pass, const Secret& value) const;

 private:
  [[nodiscard]] State give_up();
  [[nodiscard]] bool is_login(std::string_view pass, const guard::Patterns* passes) const;
  void pass_on(ByteVector& to, std::size_t size);

  const std::vector<std::string>& fields_;
  ByteVector unread_;
  ByteVector ready_;      ///< may go on
  ByteVector fragments_;  ///< the message's frames as they came
  ByteVector message_;    ///< its payload so far
  http::FrameHead head_;  ///< of its first frame
  bool has_begun_ = false;
};

}  // namespace strongroom::gateway
