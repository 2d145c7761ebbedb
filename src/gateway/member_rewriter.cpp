// SPDX-License-Identifier: Apache-2.0
#include "gateway/member_rewriter.h"

#include <utility>

#include "base/json.h"

namespace strongroom::gateway {

MutableBytes MemberRewriter::feed(ByteView octets, bool is_last) {
  out_.clear();
  for (const std::uint8_t octet : octets)
    if (!take(static_cast<char>(octet))) out_.push_back(octet);
  if (is_last) let_go(std::exchange(held_, {}));
  return out_;
}

void MemberRewriter::let_go(std::string_view text) {
  const ByteView octets = bytes_of(text);
  out_.insert(out_.end(), octets.begin(), octets.end());
}

/// Follows strings and depth; what is no JSON goes on all the same. True: it is held, or has gone.
bool MemberRewriter::take(char c) {
  if (is_in_string_) return take_in_string(c);
  switch (c) {
    case '"':
      return begin_string();
    case '{':
    case '[':
      if (++depth_ == 1) is_object_ = is_name_ = c == '{';
      return false;
    case '}':
    case ']':
      if (depth_ > 0) --depth_;
      return false;
    case ':':
    case ',':
      if (depth_ == 1) is_name_ = c == ',';
      return false;
    default:
      return false;
  }
}

bool MemberRewriter::begin_string() {
  is_in_string_ = true;
  const bool is_at_top = depth_ == 1 && is_object_;
  if (is_at_top && is_name_) name_.clear();
  if (is_at_top && !is_name_ && name_ == member_) held_ = '"';
  return !held_.empty();
}

bool MemberRewriter::take_in_string(char c) {
  const bool is_end = c == '"' && !is_escaped_;
  is_escaped_ = c == '\\' && !is_escaped_;
  is_in_string_ = !is_end;
  if (held_.empty()) {
    // One octet more than the member has is enough to be none.
    const bool is_of_name = !is_end && is_name_ && depth_ == 1 && name_.size() <= member_.size();
    if (is_of_name) name_ += c;
    return false;
  }
  held_ += c;
  if (is_end) {
    let_go(rewritten());
    held_.clear();
  } else if (held_.size() > kMostHeld) {
    let_go(std::exchange(held_, {}));
  }
  return true;
}

std::string MemberRewriter::rewritten() const {
  const auto text = parse_json(held_);
  if (!text || !text->is_string()) return held_;
  const auto other = rewrite_(std::string_view(text->get_string()));
  return other ? to_text(json::value(*other)) : held_;
}

}  // namespace strongroom::gateway
