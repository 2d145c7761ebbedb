// What comes from the peer: from octets to events. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "http/http2/state.h"

namespace strongroom::http {
namespace {

using State = Http2Session::State;

State& state_of(void* self) {
  return *static_cast<State*>(self);
}

Http2End end_of(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 ? Http2End::Ends : Http2End::Open;
}

std::string_view text_at(const std::uint8_t* octets, std::size_t size) {
  return text_of(ByteView(octets, size));
}

/// What refuses a request without saying that it is malformed gets an answer.
bool has_answer(const Verdict& verdict) {
  return verdict.status > 400;
}

}  // namespace

Status Http2Session::feed(ByteView octets) {
  State& state = *state_;
  if (!state.status) return state.status;
  state.now = state.clock.steady();
  const auto step = state.watch.look(octets, state.now);
  state.feed_library(octets.first(step.good));
  state.notice_end_by_library();
  if (!step.reason.empty()) state.fail_limit(step.reason);
  if (nghttp2_session_get_outbound_queue_size(state.library) > state.limits.max_queued_frames)
    state.fail_limit(http2_reason::kOutputUnread);
  return state.status;
}

void State::feed_library(ByteView octets) {
  const ssize_t taken = nghttp2_session_mem_recv(library, octets.data(), octets.size());
  if (taken >= 0 || !status) return;
  if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
    return fail_session(Http2Code::ProtocolError,
                        Error(Code::Protocol, "This is not an HTTP/2 client.",
                              std::string(http2_reason::kBadPreface)));
  if (taken == NGHTTP2_ERR_FLOODED) return fail_limit(http2_reason::kOutputUnread);
  if (taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS)
    return fail_limit(http2_reason::kContinuationFlood);
  fail_session(Http2Code::InternalError, Error(Code::Internal, "The HTTP/2 session cannot go on.",
                                               std::string(http2_reason::kProtocol)));
}

/// False: the block is not read.
bool State::begin_head(const nghttp2_frame& frame) {
  const Http2StreamId id = frame.hd.stream_id;
  if (!status) return false;
  if (frame.hd.type != NGHTTP2_HEADERS) {
    // The library lets PUSH_PROMISE through until our SETTINGS were acknowledged.
    fail_session(Http2Code::ProtocolError, broken_protocol());
    return false;
  }
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) return begin_request(id);
  const Http2Stream* const stream = find_open(id);
  if (stream == nullptr) return false;
  if (!stream->has_peer_head)
    reader.start(Http2HeadReader::Kind::Answer);
  else
    reader.start(is_server() ? Http2HeadReader::Kind::Trailers
                             : Http2HeadReader::Kind::AnswerTrailers);
  return true;
}

bool State::begin_request(Http2StreamId id) {
  if (!is_server()) return false;
  if (streams.size() >= limits.max_held_streams || held_heads >= limits.max_held_heads) {
    refuse_stream(id, Http2Code::RefusedStream);
    return false;
  }
  reader.start(Http2HeadReader::Kind::Request);
  return true;
}

void State::end_head(const nghttp2_frame& frame) {
  const Http2StreamId id = frame.hd.stream_id;
  if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) return end_request(id, end_of(frame));
  Http2Stream* const stream = find_open(id);
  if (stream == nullptr) return;
  if (stream->has_peer_head)
    end_trailers(*stream);
  else
    end_answer(*stream, end_of(frame));
}

void State::end_request(Http2StreamId id, Http2End end) {
  std::string text;
  const Verdict verdict = reader.finish_request(end, text);
  if (verdict.is_bad()) return refuse_request(id, end, verdict);
  Http2Stream& stream = add_stream(id);
  stream.has_peer_head = true;
  stream.is_head_request = text.starts_with("HEAD ");
  stream.head_size = text.size();
  held_heads += text.size();
  // One stream after the other in small turns, whatever a client asks for: none waits for another.
  const nghttp2_extpri in_turns{NGHTTP2_EXTPRI_DEFAULT_URGENCY, 1};
  (void)nghttp2_session_change_extpri_stream_priority(library, id, &in_turns, 1);
  report(Http2EventKind::Request, id, 0, std::move(text));
  events.back().scheme = reader.scheme();
  if (end == Http2End::Ends) end_of_peer(stream);
}

void State::refuse_request(Http2StreamId id, Http2End end, const Verdict& verdict) {
  report(Http2EventKind::Refused, id, static_cast<std::uint32_t>(verdict.status),
         std::string(verdict.why));
  if (!has_answer(verdict)) return refuse_stream(id, Http2Code::ProtocolError);
  Http2Stream& stream = add_stream(id);
  stream.has_peer_head = true;
  stream.has_peer_ended = end == Http2End::Ends;
  stream.has_our_head = stream.has_our_end = true;
  stream.is_released = true;
  ResponseHead head;
  head.status = verdict.status;
  head.headers.push("content-length", "0", Name::ContentLength);
  Http2Fields fields;
  const Status taken = fields.take_answer(head);
  STRONGROOM_CHECK(taken.has_value(), "a refusal's own head is well-formed");
  (void)nghttp2_submit_response(library, id, fields.all().data(), fields.all().size(), nullptr);
  // What makes us refuse costs as much as what makes us reset.
  if (const auto reason = watch.note_reset(now); !reason.empty()) fail_limit(reason);
}

void State::refuse_stream(Http2StreamId id, Http2Code code) {
  (void)nghttp2_submit_rst_stream(library, NGHTTP2_FLAG_NONE, id, std::to_underlying(code));
}

/// What came on it is malformed. Closed says so at once: a stream that both sides have ended is
/// closed by the library before it could be reset.
void State::break_stream(Http2Stream& stream) {
  refuse_stream(stream.id, Http2Code::ProtocolError);
  close(stream, std::to_underlying(Http2Code::ProtocolError));
}

void State::end_answer(Http2Stream& stream, Http2End end) {
  std::string text;
  const Verdict verdict = reader.finish_answer(stream.is_head_request ? "HEAD" : "GET", end, text);
  if (verdict.is_bad()) return break_stream(stream);
  if (reader.status() < 200) {
    if (++stream.informational > limits.max_informational)
      return fail_limit(http2_reason::kInformationalFlood);
    return report(Http2EventKind::Informational, stream.id, 0, std::move(text));
  }
  stream.has_peer_head = true;
  report(Http2EventKind::Answer, stream.id, 0, std::move(text));
  if (end == Http2End::Ends) end_of_peer(stream);
}

void State::end_trailers(Http2Stream& stream) {
  std::string text;
  if (reader.finish_trailers(text).is_bad()) return break_stream(stream);
  report(Http2EventKind::Trailers, stream.id, 0, std::move(text));
  end_of_peer(stream);
}

void State::end_of_peer(Http2Stream& stream) {
  stream.has_peer_ended = true;
  report(Http2EventKind::End, stream.id);
}

void State::take_data(Http2StreamId id, ByteView octets) {
  Http2Stream* const stream = find_open(id);
  if (stream == nullptr) {
    // Nobody reads it: the stream's window stays shut, the connection's must not.
    (void)nghttp2_session_consume_connection(library, octets.size());
    return;
  }
  const bool was_empty = stream->received.is_empty();
  stream->received.push(octets);
  unread += octets.size();
  if (was_empty) report(Http2EventKind::Data, id);
}

void State::take_control(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_GOAWAY) {
    has_peer_gone_away = true;
    report(Http2EventKind::GoAway, 0, frame.goaway.error_code);
  }
  if (frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0)
    has_peer_settings = true;
  if (frame.hd.type != NGHTTP2_PING || (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) return;
  const bool is_for_shutdown = frame.ping.opaque_data[0] != 0;
  if (is_for_shutdown && awaits_shutdown_pong) {
    awaits_shutdown_pong = false;
    (void)nghttp2_submit_goaway(library, NGHTTP2_FLAG_NONE,
                                nghttp2_session_get_last_proc_stream_id(library), NGHTTP2_NO_ERROR,
                                nullptr, 0);
  }
  if (!is_for_shutdown && has_ping) {
    has_ping = false;
    report(Http2EventKind::Pong, 0);
  }
}

int State::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
  State& state = state_of(self);
  if (state.begin_head(*frame)) return 0;
  return state.status ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int State::on_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name,
                     std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                     std::uint8_t, void* self) noexcept {
  State& state = state_of(self);
  state.reader.add(text_at(name, name_size), text_at(value, value_size));
  if (state.reader.list_size() <= state.limits.max_header_list) return 0;
  state.fail_limit(http2_reason::kHeaderList);
  return NGHTTP2_ERR_CALLBACK_FAILURE;
}

int State::on_invalid_header(nghttp2_session* library, const nghttp2_frame* frame,
                             const std::uint8_t* name, std::size_t name_size,
                             const std::uint8_t* value, std::size_t value_size, std::uint8_t flags,
                             void* self) noexcept {
  // The library would leave it out and go on.
  state_of(self).reader.refuse(400, "a malformed header");
  return on_header(library, frame, name, name_size, value, value_size, flags, self);
}

int State::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
  State& state = state_of(self);
  if (!state.status) return 0;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      state.end_head(*frame);
      state.reader.clear();
      break;
    case NGHTTP2_DATA:
      if (end_of(*frame) == Http2End::Ends) {
        if (Http2Stream* const stream = state.find_open(frame->hd.stream_id))
          state.end_of_peer(*stream);
      } else if (frame->data.padlen > 0 && frame->hd.length == frame->data.padlen) {
        if (const auto reason = state.watch.note_empty(state.now); !reason.empty())
          state.fail_limit(reason);
      }
      break;
    default:
      state.take_control(*frame);
  }
  return 0;
}

int State::on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error,
                            void* self) noexcept {
  State& state = state_of(self);
  state.reader.clear();
  const bool is_of_stream = error == NGHTTP2_ERR_HTTP_HEADER || error == NGHTTP2_ERR_HTTP_MESSAGING;
  if (is_of_stream && state.is_server() && state.find(frame->hd.stream_id) == nullptr &&
      frame->hd.type == NGHTTP2_HEADERS)
    state.report(Http2EventKind::Refused, frame->hd.stream_id, 400, "a malformed head");
  return 0;
}

int State::on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                   std::size_t size, void* self) noexcept {
  state_of(self).take_data(stream, ByteView(data, size));
  return 0;
}

int State::on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t code,
                           void* self) noexcept {
  State& state = state_of(self);
  Http2Stream* const stream = state.find(id);
  if (stream == nullptr) return 0;
  state.close(*stream, code);
  if (stream->is_released) state.forget(*stream);
  return 0;
}

ByteView Http2Session::readable(Http2StreamId id) const {
  const Http2Stream* const stream = state_->find(id);
  return stream == nullptr ? ByteView() : stream->received.front();
}

void Http2Session::consume(Http2StreamId id, std::size_t octets) {
  Http2Stream* const stream = state_->find(id);
  if (stream == nullptr || octets == 0) return;
  stream->received.drop(octets);
  state_->unread -= octets;
  // A stream that the library has closed opens the connection's window only.
  (void)nghttp2_session_consume(state_->library, id, octets);
}

std::size_t Http2Session::unread() const {
  return state_->unread;
}

bool Http2Session::has_ended(Http2StreamId id) const {
  const Http2Stream* const stream = state_->find(id);
  return stream != nullptr && stream->has_peer_ended;
}

}  // namespace strongroom::http
