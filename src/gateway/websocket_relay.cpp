// Websockets: after a right 101, octets both ways; where the catalogue says that the first text
// message may carry the key, that one is looked into and a pass in it becomes the key.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/json.h"
#include "base/wiping.h"
#include "crypto/crypto.h"
#include "gateway/answer_head.h"
#include "gateway/connection.h"
#include "gateway/frame_guard.h"
#include "http/websocket.h"

namespace strongroom::gateway {
namespace {

constexpr std::size_t kMaxFirstMessage = 64UL << 10U;

bool is_right_answer(const Workspace& work) {
  const auto* accept = work.response.headers.find(http::Name::SecWebSocketAccept);
  const auto* key = work.request.headers.find(http::Name::SecWebSocketKey);
  return work.request.is_websocket_upgrade && accept != nullptr && key != nullptr &&
         accept->value == http::websocket_accept(key->value);
}

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

/// Copies `payload` with every occurrence of the pass replaced by the key. Room is made first, so
/// that no copy of the key is left behind.
ByteVector with_key(ByteView payload, std::string_view pass, const Secret& value) {
  ByteVector out;
  out.reserve(payload.size() + 8 * (value.size() * 6));
  std::string_view rest = text_of(payload);
  for (auto at = rest.find(pass);
       at != std::string_view::npos && out.capacity() - out.size() > value.size() * 6 + rest.size();
       at = rest.find(pass)) {
    const ByteView before = bytes_of(rest.substr(0, at));
    out.insert(out.end(), before.begin(), before.end());
    value.reveal([&](ByteView plain) { append_escaped(plain, out); });
    rest.remove_prefix(at + pass.size());
  }
  const ByteView tail = bytes_of(rest);
  out.insert(out.end(), tail.begin(), tail.end());
  return out;
}

/// The pass stands in one of the named members at the top of the message, and nowhere else.
bool names_pass(std::string_view payload, const std::vector<std::string>& fields,
                std::string_view pass) {
  const auto document = parse_json(payload);
  if (!document || !document->is_object()) return false;
  std::size_t named = 0;
  for (const auto& field : fields) {
    const auto* member = document->get_object().if_contains(field);
    if (member == nullptr || !member->is_string()) continue;
    std::string_view text(member->get_string());
    if (text.starts_with("Bearer ")) text.remove_prefix(7);
    named += text == pass ? 1 : 0;
  }
  std::size_t found = 0;
  for (auto at = payload.find(pass); at != std::string_view::npos;
       at = payload.find(pass, at + pass.size()))
    ++found;
  return named > 0 && found == named;
}

}  // namespace

io::Task<Connection::Next> Connection::relay_websocket() {
  closes_after_ = true;
  if (!is_right_answer(*work_) || !send_answer_head({})) {
    upstream_->abort();
    co_return co_await refuse(Refusal::UpstreamProtocol);
  }
  x_.answer_started = true;
  FrameGuard guard(key_patterns());
  const auto early =
      guard.feed(MutableBytes(work_->answer).subspan(answer_begin_, answer_end_ - answer_begin_));
  const auto sent = co_await client_.write_all(work_->out.bytes(), early.value_or(ByteView()));
  x_.bytes_down += early ? early->size() : 0;
  if (sent && early && !x_.cut_by) {
    if (upload_done_ == nullptr) upload_done_ = std::make_unique<io::Event>(gateway_.loop());
    x_.upload_running = true;
    gateway_.loop().spawn(relay_frames_up());
    gateway_.workspaces.give(std::move(work_));
    std::unique_ptr<RelayBlock> block;
    for (;;) {
      upstream_->stream.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
      const auto got = co_await read_when_ready(upstream_->stream, block);
      if (!got || *got == 0) break;
      const auto free = guard.feed(MutableBytes(*block).first(*got));
      if (!free) break;
      client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
      const auto passed = co_await client_.write_all(*free);
      if (!passed) break;
      x_.bytes_down += free->size();
    }
    gateway_.blocks.give(std::move(block));
    // An orderly end of the provider is one for the client as well.
    if (client_.is_open() && !x_.cut_by) (void)co_await client_.finish_writing();
    upstream_->abort();
    client_.abort();
    co_await upload_is_over();
  }
  upstream_.reset();
  x_.guard.note_hits(guard.hits());
  settle();
  co_return Next::Close;
}

io::Task<void> Connection::relay_frames_up() {
  const auto early = unread().substr(head_size_);
  ByteVector first(early.begin(), early.end());
  bool goes_on = true;
  if (!x_.route.service->first_message_fields.empty() && !x_.admission.pass.text().empty()) {
    goes_on = co_await rewrite_first_message(first);
  }
  if (goes_on && !first.empty()) {
    const auto sent = co_await upstream_->stream.write_all(first);
    goes_on = sent.has_value();
    x_.bytes_up += first.size();
  }
  wipe(first.data(), first.size());
  std::unique_ptr<RelayBlock> block;
  while (goes_on) {
    client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got = co_await read_when_ready(client_, block);
    if (!got || *got == 0) break;
    const auto sent = co_await upstream_->stream.write_all(ByteView(*block).first(*got));
    if (!sent) break;
    x_.bytes_up += *got;
  }
  gateway_.blocks.give(std::move(block));
  upstream_->abort();
  x_.upload_running = false;
  upload_done_->set();
}

/// Reads until the first data frame is whole; where it names the pass, replaces it. False ends the
/// connection (malformed, too large, or the pass in a fragmented message, which is not put together
/// here).
io::Task<bool> Connection::rewrite_first_message(ByteVector& octets) {
  std::size_t at = 0;
  for (;;) {
    http::FrameHead head;
    const auto outcome =
        http::parse_frame_head(ByteView(octets).subspan(at), http::FrameSender::Client, 0, head);
    if (outcome.state == http::ParseState::Bad || head.length > kMaxFirstMessage)
      co_return outcome.state != http::ParseState::Bad&& head.opcode == http::Opcode::Binary;
    const bool is_whole = outcome.state == http::ParseState::Complete &&
                          octets.size() - at - outcome.consumed >= head.length;
    if (is_whole && http::is_control(head.opcode)) {
      at += outcome.consumed + static_cast<std::size_t>(head.length);
      continue;
    }
    if (is_whole) co_return replace_pass(octets, at, head, outcome.consumed);
    ByteVector more(4096);
    client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got = co_await client_.read_some(more);
    if (!got || *got == 0) co_return false;
    octets.insert(octets.end(), more.begin(), more.begin() + static_cast<std::ptrdiff_t>(*got));
  }
}

bool Connection::replace_pass(ByteVector& octets, std::size_t at, http::FrameHead head,
                              std::size_t head_size) {
  const std::size_t payload_at = at + head_size;
  const MutableBytes payload =
      MutableBytes(octets).subspan(payload_at, static_cast<std::size_t>(head.length));
  http::apply_mask(payload, head.mask, 0);
  const std::string_view pass = x_.admission.pass.text();
  const bool holds_pass = text_of(payload).find(pass) != std::string_view::npos;
  if (!holds_pass) {
    http::apply_mask(payload, head.mask, 0);
    return true;
  }
  if (head.opcode != http::Opcode::Text || !head.is_final || lease() == nullptr ||
      !is_usable(gateway_.loop().clock().steady()) ||
      !names_pass(text_of(payload), x_.route.service->first_message_fields, pass)) {
    report_finding("pass_misplaced");
    return false;
  }
  ByteVector message = with_key(payload, pass, lease()->granted().value);
  head.length = message.size();
  http::apply_mask(message, head.mask, 0);
  std::array<std::uint8_t, http::kMaxFrameHead> frame_head{};
  const std::size_t size = http::write_frame_head(head, frame_head);
  ByteVector out(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(at));
  out.insert(out.end(), frame_head.begin(), frame_head.begin() + static_cast<std::ptrdiff_t>(size));
  out.insert(out.end(), message.begin(), message.end());
  out.insert(out.end(), octets.begin() + static_cast<std::ptrdiff_t>(payload_at + payload.size()),
             octets.end());
  octets = std::move(out);
  return true;
}

}  // namespace strongroom::gateway
