// MemberRewriter: puts another text in a member's place while its JSON passes by, however long that
// is. Only members at the top of an object, and only strings, are looked at; all other octets stay
// as they came.
//
// Used by: Connection, for URLs of a provider that are to lead back here. Threads: its loop's.
// Nothing is held back but the member's own text. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace strongroom::gateway {

class MemberRewriter {
 public:
  /// Of the member's text; nothing: it stays as it is.
  using Rewrite = std::function<std::optional<std::string>(std::string_view)>;
  MemberRewriter(std::string_view member, Rewrite rewrite)
      : member_(member), rewrite_(std::move(rewrite)) {}

  /// What may go on, good until the next call. With the last octets, all that was held back.
  [[nodiscard]] MutableBytes feed(ByteView octets, bool is_last);

 private:
  [[nodiscard]] bool take(char c);
  [[nodiscard]] bool begin_string();
  [[nodiscard]] bool take_in_string(char c);
  [[nodiscard]] std::string rewritten() const;
  void let_go(std::string_view text);

  static constexpr std::size_t kMostHeld = 16UL << 10U;  ///< octets of a longer text go on

  std::string_view member_;  ///< the catalogue's
  Rewrite rewrite_;
  ByteVector out_;
  std::string held_;  ///< the member's text so far as it stands in the JSON, with its first quote
  std::string name_;  ///< of the member that is being read, as far as it may be the one
  std::size_t depth_ = 0;
  bool is_object_ = false;  ///< at the top
  bool is_name_ = false;    ///< the next string at the top of it is a name
  bool is_in_string_ = false;
  bool is_escaped_ = false;
};

}  // namespace strongroom::gateway
