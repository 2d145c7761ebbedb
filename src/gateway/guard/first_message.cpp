// SPDX-License-Identifier: Apache-2.0
#include "gateway/guard/first_message.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/crypto.h"

namespace strongroom::gateway {
namespace {

constexpr std::size_t kMostOctets = 64UL << 10U;
constexpr std::size_t kMostPlaces = 8;

/// Appends JSON string content.
void append_escaped(ByteView value, ByteVector& out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (const std::uint8_t c : value) {
    if (c >= 0x20 && c != '"' && c != '\\') {
      out.push_back(c);
      continue;
    }
    for (const char e : {'\\', 'u', '0', '0', kHex[c >> 4U], kHex[c & 15U]})
      out.push_back(static_cast<std::uint8_t>(e));
  }
}

/// A text with every place of `what` taken by something that nobody could have foreseen.
struct Marked {
  std::string text;
  std::string mark;
  std::size_t places = 0;
};

Marked mark(std::string_view text, std::string_view what) {
  std::array<std::uint8_t, 16> chance{};
  crypto::random(chance);
  Marked out{{}, to_hex(chance), 0};
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what)) {
    out.text.append(text.substr(0, at)).append(out.mark);
    text.remove_prefix(at + what.size());
    ++out.places;
  }
  out.text.append(text);
  return out;
}

/// What the members at the top hold, without "Bearer ".
std::vector<std::string> held_by(std::string_view message, const std::vector<std::string>& fields) {
  std::vector<std::string> out;
  const auto document = parse_json(message);
  if (!document || !document->is_object()) return out;
  for (const auto& field : fields) {
    const auto* member = document->get_object().if_contains(field);
    if (member == nullptr || !member->is_string()) continue;
    std::string_view text(member->get_string());
    if (text.starts_with("Bearer ")) text.remove_prefix(7);
    out.emplace_back(text);
  }
  return out;
}

/// How many of the members at the top are the mark, whole.
std::size_t named(const Marked& marked, const std::vector<std::string>& fields) {
  return static_cast<std::size_t>(std::ranges::count(held_by(marked.text, fields), marked.mark));
}

}  // namespace

FirstMessage::~FirstMessage() {
  for (ByteVector* each : {&unread_, &ready_, &fragments_, &message_})
    wipe(each->data(), each->size());
}

void FirstMessage::pass_on(ByteVector& to, std::size_t size) {
  const auto end = unread_.begin() + static_cast<std::ptrdiff_t>(size);
  to.insert(to.end(), unread_.begin(), end);
  unread_.erase(unread_.begin(), end);
}

/// What is wrong with its frames is found by whoever follows them.
FirstMessage::State FirstMessage::give_up() {
  ready_.insert(ready_.end(), fragments_.begin(), fragments_.end());
  pass_on(ready_, unread_.size());
  return State::Ordinary;
}

FirstMessage::State FirstMessage::feed(ByteView data) {
  unread_.insert(unread_.end(), data.begin(), data.end());
  for (;;) {
    http::FrameHead head;
    const auto outcome = http::parse_frame_head(unread_, http::FrameSender::Client, 0, head);
    if (outcome.state == http::ParseState::NeedMore) return State::NeedMore;
    const bool fits = head.length <= kMostOctets && message_.size() + head.length <= kMostOctets;
    if (outcome.state == http::ParseState::Bad || !fits) return give_up();
    const std::size_t size = outcome.consumed + static_cast<std::size_t>(head.length);
    if (unread_.size() < size) return State::NeedMore;
    if (http::is_control(head.opcode)) {
      pass_on(ready_, size);
      continue;
    }
    const http::Opcode expected = has_begun_ ? http::Opcode::Continuation : http::Opcode::Text;
    if (head.opcode != expected) return give_up();
    if (!std::exchange(has_begun_, true)) head_ = head;
    const std::size_t at = message_.size();
    const ByteView payload = ByteView(unread_).subspan(outcome.consumed, size - outcome.consumed);
    message_.insert(message_.end(), payload.begin(), payload.end());
    http::apply_mask(MutableBytes(message_).subspan(at), head.mask, 0);
    pass_on(fragments_, size);
    if (head.is_final) return State::Whole;
    // So many small fragments that they cannot be a login.
    if (fragments_.size() > 2 * kMostOctets) return give_up();
  }
}

std::vector<std::string> FirstMessage::offered() const {
  return held_by(text_of(message_), fields_);
}

FirstMessage::State FirstMessage::judge(std::string_view pass, const guard::Patterns* passes) {
  if (text_of(message_).find(pass) == std::string_view::npos) return give_up();
  return is_login(pass, passes) ? State::Named : State::Misplaced;
}

/// The key is put exactly where the pass stands octet for octet, so those very places must be named
/// members: a member that spells the pass in another way is none of them, and neither it nor any
/// other pass may stand in what goes on.
bool FirstMessage::is_login(std::string_view pass, const guard::Patterns* passes) const {
  const Marked marked = mark(text_of(message_), pass);
  return marked.places <= kMostPlaces && named(marked, fields_) == marked.places &&
         passes != nullptr && !guard::holds_any(*passes, bytes_of(marked.text));
}

/// Room is made first, so that no copy of the key is left behind.
ByteVector FirstMessage::with_key(std::string_view pass, const Secret& value) const {
  ByteVector message;
  message.reserve(message_.size() + kMostPlaces * value.size() * 6);
  std::string_view rest = text_of(message_);
  for (auto at = rest.find(pass); at != std::string_view::npos; at = rest.find(pass)) {
    const ByteView before = bytes_of(rest.substr(0, at));
    message.insert(message.end(), before.begin(), before.end());
    value.reveal([&](ByteView plain) { append_escaped(plain, message); });
    rest.remove_prefix(at + pass.size());
  }
  const ByteView tail = bytes_of(rest);
  message.insert(message.end(), tail.begin(), tail.end());
  http::FrameHead head = head_;
  head.is_final = true;
  head.length = message.size();
  http::apply_mask(message, head.mask, 0);
  std::array<std::uint8_t, http::kMaxFrameHead> start{};
  const std::size_t size = http::write_frame_head(head, start);
  ByteVector out;
  out.reserve(size + message.size());
  out.insert(out.end(), start.begin(), start.begin() + static_cast<std::ptrdiff_t>(size));
  out.insert(out.end(), message.begin(), message.end());
  wipe(message.data(), message.size());
  return out;
}

}  // namespace strongroom::gateway
