// Websockets: after a right 101, frames both ways, each way through a guard; where the catalogue
// says that the first text message may carry the key, a pass in it becomes the key.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer_head.h"
#include "gateway/connection.h"
#include "gateway/guard/first_message.h"
#include "gateway/guard/frame_guard.h"
#include "http/websocket.h"

namespace strongroom::gateway {
namespace {

/// No extension was offered, so none is agreed on.
bool is_right_answer(const Workspace& work) {
  const auto& answer = work.response.headers;
  const auto* accept = answer.find(http::Name::SecWebSocketAccept);
  const auto* key = work.request.headers.find(http::Name::SecWebSocketKey);
  return work.request.is_websocket_upgrade && accept != nullptr && key != nullptr &&
         accept->value == http::websocket_accept(key->value) &&
         answer.find(http::Name::SecWebSocketExtensions) == nullptr;
}

}  // namespace

io::Task<Connection::Next> Connection::relay_websocket() {
  closes_after_ = true;
  // Who has had a 101 sees nothing of the provider's.
  if (!is_right_answer(*work_) || (!x_.is_greeted && !send_answer_head({}))) {
    upstream_->abort();
    co_return co_await refuse(refusal_of_answer());
  }
  x_.answer_started = true;
  FrameGuard guard(http::FrameSender::Server, key_patterns());
  const auto early =
      guard.feed(MutableBytes(work_->answer).subspan(answer_begin_, answer_end_ - answer_begin_));
  x_.close_code = is_echo_cut(guard.hits()) ? http::kClosePolicy : early.close_code;
  const ByteView head = x_.is_greeted ? ByteView() : work_->out.bytes();
  client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
  const auto sent = co_await client_.write_all(head, early.free);
  x_.bytes_down += early.free.size();
  if (sent && !x_.cut_by) {
    stop_watching();
    if (upload_done_ == nullptr) upload_done_ = std::make_unique<io::Event>(gateway_.loop());
    x_.upload_running = true;
    gateway_.loop().spawn(relay_frames_up());
    gateway_.workspaces.give(std::move(work_));
    co_await relay_frames_down(guard);
    co_await end_websocket(guard);
  }
  upstream_.reset();
  x_.guard.note_hits(guard.hits());
  settle();
  co_return Next::Close;
}

/// The client has its answer, and its side is read: its end is one of the websocket.
void Connection::stop_watching() {
  unlink();
  client_.watch_readable([] {});
}

io::Task<void> Connection::relay_frames_down(FrameGuard& guard) {
  std::unique_ptr<RelayBlock> block;
  while (x_.close_code == 0) {
    upstream_->stream.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got = co_await read_when_ready(upstream_->stream, block);
    if (!got || *got == 0) break;
    const auto fed = guard.feed(MutableBytes(*block).first(*got));
    if (x_.close_code == 0) x_.close_code = fed.close_code;
    tell_of_echoes(x_.guard.hits() + guard.hits());
    if (is_echo_cut(guard.hits())) {
      x_.close_code = http::kClosePolicy;
      break;
    }
    client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto passed = co_await client_.write_all(fed.free);
    if (!passed) break;
    x_.bytes_down += fed.free.size();
  }
  gateway_.blocks.give(std::move(block));
}

/// An orderly end of the provider is one for the client as well; whoever broke the rules, the
/// client is told which.
io::Task<void> Connection::end_websocket(FrameGuard& guard) {
  upstream_->abort();
  const bool says_why = x_.close_code != 0 && guard.is_between_frames();
  if (client_.is_open() && !x_.cut_by) {
    if (says_why) {
      http::CloseFrame frame(x_.close_code, http::FrameSender::Server);
      (void)co_await client_.write_all(frame.octets());
    }
    (void)co_await client_.finish_writing();
    // What the client has not read yet, the reason as well, would be lost with the connection.
    const Duration moment = says_why ? Duration(kLinger) : gateway_.limits().head;
    co_await linger(moment);
  }
  client_.abort();
  co_await upload_is_over();
}

io::Task<void> Connection::relay_frames_up() {
  const auto early = x_.login == nullptr ? unread().substr(head_size_) : std::string_view();
  ByteVector first(early.begin(), early.end());
  FrameGuard guard(http::FrameSender::Client, pass_patterns());
  bool goes_on = true;
  const bool may_login =
      !x_.route.service->first_message_fields.empty() && !x_.admission.pass.text().empty();
  if (x_.login != nullptr)
    goes_on = co_await send_first_message(guard, *std::exchange(x_.login, nullptr), first);
  else if (may_login)
    goes_on = co_await relay_first_message(guard, first);
  if (goes_on && !first.empty()) goes_on = co_await send_frames(guard, first);
  wipe(first.data(), first.size());
  std::unique_ptr<RelayBlock> block;
  while (goes_on) {
    if (!x_.upload_ends) client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got = co_await read_when_ready(client_, block);
    if (!got || *got == 0) break;
    goes_on = co_await send_frames(guard, MutableBytes(*block).first(*got));
  }
  gateway_.blocks.give(std::move(block));
  upstream_->abort();
  x_.upload_running = false;
  upload_done_->set();
}

/// False ends the connection: the provider takes no more, a frame is malformed, or a pass is in it.
io::Task<bool> Connection::send_frames(FrameGuard& guard, MutableBytes frames) {
  const auto fed = guard.feed(frames);
  if (is_misplaced(guard.hits())) co_return refuse_message();
  upstream_->stream.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
  const auto sent = co_await upstream_->stream.write_all(fed.free);
  x_.bytes_up += fed.free.size();
  if (!sent || fed.close_code == 0) co_return sent.has_value();
  x_.close_code = fed.close_code;
  if (!guard.is_between_frames()) co_return false;
  http::CloseFrame frame(fed.close_code, http::FrameSender::Client);
  (void)co_await upstream_->stream.write_all(frame.octets());
  co_return false;
}

bool Connection::refuse_message() {
  x_.close_code = http::kClosePolicy;
  return false;
}

/// Until the client's first message is whole; a pass in it becomes the key. `octets` is what has
/// come so far, and afterwards what has come behind it. False ends the connection.
io::Task<bool> Connection::relay_first_message(FrameGuard& guard, ByteVector& octets) {
  FirstMessage message(x_.route.service->first_message_fields);
  FirstMessage::State state = message.feed(octets);
  while (state == FirstMessage::State::NeedMore) {
    ByteVector ready = message.take_ready();
    if (!ready.empty()) {
      const bool goes_on = co_await send_frames(guard, ready);
      if (!goes_on) co_return false;
    }
    octets.resize(4096);
    if (!x_.upload_ends) client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got = co_await client_.read_some(octets);
    if (!got || *got == 0) co_return false;
    state = message.feed(ByteView(octets).first(*got));
  }
  if (state == FirstMessage::State::Whole)
    co_return co_await send_first_message(guard, message, octets);
  octets = message.take_ready();
  co_return true;
}

/// Of one that is whole, and what came before it. `octets`: afterwards what came behind it.
io::Task<bool> Connection::send_first_message(FrameGuard& guard, FirstMessage& message,
                                              ByteVector& octets) {
  const std::string_view pass = x_.admission.pass.text();
  const auto state = message.judge(pass, pass_patterns().get());
  octets = message.take_ready();
  if (state == FirstMessage::State::Ordinary) co_return true;
  const bool goes_on = co_await send_frames(guard, octets);
  octets = message.take_rest();
  if (!goes_on) co_return false;
  if (state == FirstMessage::State::Misplaced) {
    report_finding(describe(Refusal::PassMisplaced).code);
    co_return refuse_message();
  }
  if (lease() == nullptr || !is_usable(gateway_.loop().clock().steady())) co_return false;
  ByteVector login = message.with_key(pass, lease()->granted().value);
  const auto sent = co_await upstream_->stream.write_all(login);
  x_.bytes_up += login.size();
  wipe(login.data(), login.size());
  co_return sent.has_value();
}

}  // namespace strongroom::gateway
