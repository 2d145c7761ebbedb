// MemberRewriter: puts other texts in some members' places while their JSON passes by, however long
// that is. Only strings are looked at, and of them those that only objects lead to; all other
// octets stay as they came.
//
// Used by: Connection, for URLs of a provider that are to lead back here. Threads: its loop's.
// Nothing is held back but a member's own text. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace strongroom::gateway {

class MemberRewriter {
 public:
  /// Of a member's text; nothing: it stays as it is.
  using Rewrite = std::function<std::optional<std::string>(std::string_view)>;
  struct Member {
    std::string_view path;  ///< the catalogue's: names from the root, joined by dots
    Rewrite rewrite;
  };
  explicit MemberRewriter(std::vector<Member> members);

  /// What may go on, good until the next call. With the last octets, all that was held back.
  [[nodiscard]] MutableBytes feed(ByteView octets, bool is_last);

 private:
  [[nodiscard]] bool take(char c);
  [[nodiscard]] bool begin_string();
  [[nodiscard]] bool take_in_string(char c);
  [[nodiscard]] std::string rewritten() const;
  void let_go(std::string_view text);
  void enter(bool is_object);
  [[nodiscard]] bool is_in_object() const;
  void add_to_path(char c);

  static constexpr std::size_t kMostHeld = 16UL << 10U;  ///< octets of a longer text go on
  static constexpr std::size_t kMostDepth = 4;           ///< no member is below it

  struct Level {
    bool is_object = false;      ///< and so is all that it is in
    std::size_t name_begin = 0;  ///< of its members, in path_
  };

  std::vector<Member> members_;
  std::size_t longest_ = 0;  ///< of their paths
  const Member* wanted_ = nullptr;
  ByteVector out_;
  std::string held_;  ///< the member's text so far as it stands in the JSON, with its first quote
  std::string path_;  ///< of the member that is being read, as far as it may be one of ours
  std::array<Level, kMostDepth> levels_{};
  std::size_t depth_ = 0;
  bool is_name_ = false;  ///< the next string is a name
  bool is_in_string_ = false;
  bool is_escaped_ = false;
};

}  // namespace strongroom::gateway
