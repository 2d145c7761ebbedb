// SPDX-License-Identifier: Apache-2.0
#include "gateway/member_rewriter.h"

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace strongroom::gateway {

MemberRewriter::MemberRewriter(std::vector<Member> members) : members_(std::move(members)) {
  for (const auto& each : members_) longest_ = std::max(longest_, each.path.size());
}

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
      enter(c == '{');
      return false;
    case '}':
    case ']':
      if (depth_ > 0) --depth_;
      is_name_ = false;
      return false;
    case ':':
    case ',':
      is_name_ = c == ',' && is_in_object();
      return false;
    default:
      return false;
  }
}

void MemberRewriter::enter(bool is_object) {
  const bool is_looked_at = is_object && (depth_ == 0 || is_in_object());
  if (depth_ == 0) path_.clear();
  if (depth_ > 0 && is_looked_at) add_to_path('.');
  if (depth_ < kMostDepth) levels_[depth_] = {is_looked_at, path_.size()};
  ++depth_;
  is_name_ = is_in_object();
}

bool MemberRewriter::is_in_object() const {
  return depth_ > 0 && depth_ <= kMostDepth && levels_[depth_ - 1].is_object;
}

/// One octet more than the longest has is enough to be none.
void MemberRewriter::add_to_path(char c) {
  if (path_.size() <= longest_) path_ += c;
}

bool MemberRewriter::begin_string() {
  is_in_string_ = true;
  if (!is_in_object()) return false;
  if (is_name_) {
    path_.resize(levels_[depth_ - 1].name_begin);
    return false;
  }
  const auto found = std::ranges::find(members_, std::string_view(path_), &Member::path);
  if (found == members_.end()) return false;
  wanted_ = &*found;
  held_ = '"';
  return true;
}

bool MemberRewriter::take_in_string(char c) {
  const bool is_end = c == '"' && !is_escaped_;
  is_escaped_ = c == '\\' && !is_escaped_;
  is_in_string_ = !is_end;
  if (held_.empty()) {
    // A dot in a name is not the one between names.
    if (!is_end && is_name_) add_to_path(c == '.' ? '\0' : c);
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
  const auto other = wanted_->rewrite(std::string_view(text->get_string()));
  return other ? to_text(json::value(*other)) : held_;
}

}  // namespace strongroom::gateway
