// SPDX-License-Identifier: Apache-2.0
#include "gateway/http2/back.h"

#include <utility>

#include "gateway/http2/inner_framing.h"

namespace strongroom::gateway {
namespace {
/// A connection on which so much waits for whoever reads slowly takes no further exchange.
constexpr std::size_t kMostUnread = 256_KiB;
}  // namespace

std::shared_ptr<Http2Back> Http2Back::begin(io::Loop& loop, io::Stream provider,
                                            Http2Patience patience, OnSettled on_settled) {
  const std::shared_ptr<Http2Back> back(new Http2Back(
      loop, std::make_unique<io::Stream>(std::move(provider)), patience, std::move(on_settled)));
  loop.spawn(serve(back));
  return back;
}

Http2Back::Http2Back(io::Loop& loop, std::unique_ptr<io::Stream> provider, Http2Patience patience,
                     OnSettled on_settled)
    : Http2Carrier(http::Http2Role::Client, loop, *provider, patience),
      provider_(std::move(provider)),
      on_settled_(std::move(on_settled)) {}

io::Task<void> Http2Back::serve(std::shared_ptr<Http2Back> self) {
  co_await self->run();
  self->provider_->abort();
  self->settle();
}

bool Http2Back::has_room() const {
  const bool is_settled = on_settled_ == nullptr;
  // All streams share the connection's window, and whoever does not read takes of it.
  return !is_over() && !is_doubted_ && is_settled && session().room() > unnamed_ &&
         session().unread() <= kMostUnread;
}

/// The lease may have run out since a head with the key was submitted. Before the first exchange
/// there is none, and afterwards its end closes all of it.
bool Http2Back::may_write() const {
  return lease() == nullptr || is_usable(loop().clock().steady());
}

void Http2Back::on_input() {
  if (session().has_settings()) settle();
}

void Http2Back::settle() {
  if (const auto call = std::exchange(on_settled_, nullptr)) call(is_peer_silent());
}

bool Http2Back::outlives_connection(const Http2Bridge& bridge) const {
  return session().has_ended(bridge.stream);
}

bool Http2Back::is_over() const {
  return is_closing() || !provider_->is_open();
}

void Http2Back::doubt() {
  if (is_over() || is_doubted_) return;
  is_doubted_ = true;
  session().ping();
  wake();
}

void Http2Back::cut(std::string_view) noexcept {
  provider_->abort();
  close();
}

void Http2Back::cut_short(Http2Exchange& exchange) noexcept {
  if (exchange.stream != 0) session().reset(exchange.stream, http::Http2Code::Cancel);
  exchange.is_closed = true;
  exchange.inner.abort();
  exchange.has_news.set();
  exchange.may_send.set();
  wake();
}

Http2Back::Opened Http2Back::open() {
  io::JoinedStreams ends = io::Stream::join(loop());
  const auto exchange = std::make_shared<Http2Exchange>(loop(), std::move(ends.one));
  add(exchange);
  is_used_ = true;
  ++unnamed_;
  work_begins();
  loop().spawn(carry_request(exchange));
  work_begins();
  loop().spawn(carry_answer(exchange));
  return {exchange, std::move(ends.other)};
}

void Http2Back::on_event(http::Http2Event& event, Http2Bridge* bridge) {
  if (event.kind == http::Http2EventKind::Pong) is_doubted_ = false;
  if (bridge == nullptr) return;
  auto& exchange = static_cast<Http2Exchange&>(*bridge);
  if (event.kind == http::Http2EventKind::Closed) {
    const auto refused = std::to_underlying(http::Http2Code::RefusedStream);
    exchange.was_refused = !exchange.has_answer && event.code == refused;
  }
  const bool is_final = event.kind == http::Http2EventKind::Answer;
  if (!is_final && event.kind != http::Http2EventKind::Informational) return;
  exchange.heads += event.text;
  if (!is_final) return;
  http::ResponseHead head;
  std::size_t scanned = 0;
  (void)http::parse_response(event.text, exchange.method, head, scanned);
  exchange.answer_body = head.body.kind;
  exchange.has_answer = true;
}

io::Task<void> Http2Back::carry_request(Http2ExchangePointer exchange) {
  bool is_whole = co_await submit_request(*exchange);
  if (exchange->stream == 0) --unnamed_;
  if (is_whole) is_whole = co_await carry_out(*exchange);
  if (!is_whole && !exchange->is_closed) cut_short(*exchange);
  exchange->is_request_over.set();
  work_ends();
}

io::Task<void> Http2Back::carry_answer(Http2ExchangePointer exchange) {
  bool is_whole = co_await pass_heads(*exchange);
  if (is_whole && exchange->answer_body != http::BodyKind::None)
    is_whole = co_await carry_in(*exchange, exchange->answer_body);
  co_await leave(std::move(exchange), is_whole);
  work_ends();
}

/// The head that the Connection has written; false when it never came, or may not go.
io::Task<bool> Http2Back::submit_request(Http2Exchange& exchange) {
  std::size_t scanned = 0;
  for (;;) {
    const http::ParseState submitted = submit_head(exchange, scanned);
    if (submitted != http::ParseState::NeedMore) co_return submitted == http::ParseState::Complete;
    const bool goes_on = co_await read_more(exchange);
    if (!goes_on) co_return false;
  }
}

http::ParseState Http2Back::submit_head(Http2Exchange& exchange, std::size_t& scanned) {
  http::RequestHead head;
  const auto parsed = http::parse_request(exchange.unread(), head, scanned);
  if (parsed.state != http::ParseState::Complete) return parsed.state;
  if (exchange.is_closed) return http::ParseState::Bad;
  const http::BodyFraming framing = framing_inside(head.body);
  const bool ends = framing.kind == http::BodyKind::None;
  const auto stream = session().submit_request(head, http::Http2Scheme::Https,
                                               ends ? http::Http2End::Ends : http::Http2End::Open);
  if (!stream) {
    exchange.was_refused = stream.error().code == Code::Unavailable;
    return http::ParseState::Bad;
  }
  --unnamed_;
  exchange.method = std::string(head.method);
  exchange.body.start(framing);
  name(*stream, exchange);
  exchange.take(parsed.consumed);
  wake();
  return parsed.state;
}

/// What the provider says before a body, informational heads included.
io::Task<bool> Http2Back::pass_heads(Http2Exchange& exchange) {
  for (;;) {
    if (exchange.heads.empty() && exchange.is_closed) co_return false;
    if (exchange.heads.empty()) {
      co_await exchange.has_news.wait();
      continue;
    }
    const std::string heads = std::exchange(exchange.heads, {});
    const bool is_last = exchange.has_answer;
    const auto sent = co_await exchange.inner.write_all(bytes_of(heads));
    if (!sent) co_return false;
    if (is_last) co_return true;
  }
}

}  // namespace strongroom::gateway
