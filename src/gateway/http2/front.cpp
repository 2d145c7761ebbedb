// SPDX-License-Identifier: Apache-2.0
#include "gateway/http2/front.h"

#include "gateway/connection.h"
#include "gateway/http2/inner_framing.h"

namespace strongroom::gateway {
namespace {

/// HTTP/1 has to say that nothing follows; the end of the stream says it here. gRPC's clients take
/// what a head that ends the stream says for trailers.
void forget_empty_length(http::ResponseHead& answer) {
  http::Headers kept;
  for (const http::Header& header : answer.headers)
    if (header.id != http::Name::ContentLength || header.value != "0") (void)kept.push(header);
  answer.headers = kept;
}

/// What body comes behind a head, as it goes in; nothing where the head is none. Its method is
/// noted.
std::optional<http::BodyKind> note_request(Http2Bridge& bridge, std::string_view head) {
  http::RequestHead request;
  std::size_t scanned = 0;
  const auto parsed = http::parse_request(head, request, scanned);
  bridge.method = std::string(request.method);
  if (parsed.state != http::ParseState::Complete) return std::nullopt;
  return framing_inside(request.body).kind;
}

}  // namespace

Http2Front::Http2Front(Gateway& gateway, io::Stream& client, std::shared_ptr<const Inspected> place,
                       SessionId session)
    : Http2Carrier(http::Http2Role::Server, gateway.loop(), client,
                   {gateway.limits().idle, gateway.limits().body, gateway.limits().idle, kLinger}),
      gateway_(gateway),
      place_(std::move(place)),
      own_session_(session),
      tenant_(std::make_shared<TenantId>()),
      waits_since_(gateway.loop().coarse_now()) {}

io::Task<void> Http2Front::run() {
  return Http2Carrier::run();
}

void Http2Front::drain() {
  session().shutdown();
  // Without streams there is nothing to wait for, least of all for a client that does not read
  // until it asks again: the second call says from where on nothing was seen.
  if (!has_streams()) session().shutdown();
  wake();
}

void Http2Front::on_event(http::Http2Event& event, Http2Bridge* bridge) {
  if (event.kind == http::Http2EventKind::Refused)
    gateway_.refusals().count(refusal_of_status(static_cast<int>(event.code)));
  if (event.kind == http::Http2EventKind::Request) begin(event.stream, std::move(event.text));
  if (event.kind == http::Http2EventKind::GoAway) {
    is_client_leaving_ = true;
    if (!has_streams()) drain();
  }
  // What was answered whole is only forgotten; what was cut short ends at the provider too.
  if (event.kind == http::Http2EventKind::Closed && bridge != nullptr) bridge->inner.abort();
}

void Http2Front::begin(http::Http2StreamId stream, std::string head) {
  if (is_closing()) {
    session().reset(stream, http::Http2Code::RefusedStream);
    session().release(stream);
    return;
  }
  io::JoinedStreams ends = io::Stream::join(loop());
  const auto bridge = std::make_shared<Http2Bridge>(loop(), std::move(ends.one));
  add(bridge);
  name(stream, *bridge);
  waits_since_.reset();
  gateway_.accept_inner(std::move(ends.other), place_, own_session_, tenant_);
  work_begins();
  loop().spawn(carry_request(bridge, std::move(head)));
  work_begins();
  loop().spawn(carry_answer(bridge));
}

io::Task<void> Http2Front::carry_request(Http2BridgePointer bridge, std::string head) {
  const auto body = note_request(*bridge, head);
  if (body) {
    const auto sent = co_await bridge->inner.write_all(bytes_of(head));
    if (sent) (void)co_await carry_in(*bridge, *body);
  }
  bridge->is_request_over.set();
  work_ends();
}

io::Task<void> Http2Front::carry_answer(Http2BridgePointer bridge) {
  bool is_whole = co_await submit_answer(*bridge);
  if (is_whole) is_whole = co_await carry_out(*bridge);
  co_await leave(std::move(bridge), is_whole);
  if (!has_streams()) waits_since_ = loop().coarse_now();
  const bool is_last = is_client_leaving_ || gateway_.is_draining();
  if (is_last && !has_streams() && !is_closing()) drain();
  work_ends();
}

/// A head other than 1xx has been submitted; the body's start may have been read with it.
io::Task<bool> Http2Front::submit_answer(Http2Bridge& bridge) {
  std::size_t scanned = 0;
  for (;;) {
    const Submitted submitted = submit_head(bridge, scanned);
    if (submitted == Submitted::Failed) co_return false;
    if (submitted == Submitted::Answer) co_return true;
    if (submitted == Submitted::Informational) continue;
    const bool goes_on = co_await read_more(bridge);
    if (!goes_on) co_return false;
  }
}

/// The first head that is unread, if it is whole.
Http2Front::Submitted Http2Front::submit_head(Http2Bridge& bridge, std::size_t& scanned) {
  http::ResponseHead answer;
  const auto parsed = http::parse_response(bridge.unread(), bridge.method, answer, scanned);
  if (parsed.state == http::ParseState::Bad) return Submitted::Failed;
  if (parsed.state == http::ParseState::NeedMore) return Submitted::NeedsMore;
  const bool is_informational = answer.status < 200;
  const bool ends = answer.body.kind == http::BodyKind::None;
  if (ends) forget_empty_length(answer);
  const auto end = ends ? http::Http2End::Ends : http::Http2End::Open;
  const Status submitted = is_informational ? session().submit_informational(bridge.stream, answer)
                                            : session().submit_answer(bridge.stream, answer, end);
  wake();
  if (!submitted) return Submitted::Failed;
  bridge.take(parsed.consumed);
  scanned = 0;
  if (is_informational) return Submitted::Informational;
  bridge.body.start(framing_inside(answer.body));
  return Submitted::Answer;
}

}  // namespace strongroom::gateway
