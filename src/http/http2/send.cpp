// What goes to the peer: from heads and bodies to octets. SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"
#include "http/http2/state.h"

namespace strongroom::http {
namespace {

using State = Http2Session::State;

State& state_of(void* self) {
  return *static_cast<State*>(self);
}

auto no_stream() {
  return fail(Code::NotFound, "There is no such open HTTP/2 stream.");
}
auto wrong_length() {
  return fail(Code::Invalid, "A body differs from its Content-Length.");
}
auto wrong_point() {
  return fail(Code::Conflict, "This cannot be sent at this point of the HTTP/2 stream.");
}

/// Nothing when Content-Length is no number.
std::optional<Http2BodyLength> length_of(const Headers& headers) {
  const Header* const header = headers.find(Name::ContentLength);
  if (header == nullptr) return Http2BodyLength{};
  Http2BodyLength length{true, 0};
  const char* const end = header->value.data() + header->value.size();
  const auto read = std::from_chars(header->value.data(), end, length.octets);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return length;
}

}  // namespace

std::size_t Http2Session::take_output(MutableBytes room) {
  State& state = *state_;
  if (state.is_lost) return 0;
  state.now = state.clock.steady();
  std::size_t written = 0;
  while (written < room.size()) {
    if (state.pending.empty() && !state.make_pending()) break;
    written += state.take_pending(room.subspan(written));
  }
  state.notice_end_by_library();
  return written;
}

bool State::make_pending() {
  if (nghttp2_session_want_write(library) == 0) return false;
  has_made_frame = false;
  const std::uint8_t* made = nullptr;
  const ssize_t size = nghttp2_session_mem_send(library, &made);
  if (size < 0) {
    is_lost = true;  // nothing that may follow could be trusted to be frames
    fail_session(Http2Code::InternalError, Error(Code::Internal, "The HTTP/2 session cannot go on.",
                                                 std::string(http2_reason::kProtocol)));
  }
  if (size <= 0) return false;
  pending = {made, static_cast<std::size_t>(size)};
  pending_is_head = makes_head;
  if (has_made_frame) makes_head = false;
  return true;
}

std::size_t State::take_pending(MutableBytes room) {
  const std::size_t part = std::min(room.size(), pending.size());
  std::memcpy(room.data(), pending.data(), part);
  // The library's own buffer of a frame; it is written afresh for the next.
  if (pending_is_head) explicit_bzero(const_cast<std::uint8_t*>(pending.data()), part);
  pending = pending.subspan(part);
  return part;
}

ssize_t State::give_data(Http2Stream& stream, MutableBytes room, std::uint32_t& flags) {
  const std::size_t given = stream.to_send.take(room);
  if (stream.wants_writable && stream.to_send.size() <= limits.send_buffer / 2) {
    stream.wants_writable = false;
    if (!stream.is_released) report(Http2EventKind::Writable, stream.id);
  }
  if (stream.to_send.is_empty() && stream.has_our_end) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream.has_trailers) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      if (!give_trailers(stream)) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return static_cast<ssize_t>(given);
  }
  if (given > 0) return static_cast<ssize_t>(given);
  stream.is_deferred = true;
  return NGHTTP2_ERR_DEFERRED;
}

bool State::give_trailers(Http2Stream& stream) {
  Headers headers;
  Http2Fields fields;
  if (!read_trailers(stream.trailers, headers) || !fields.take_trailers(headers.all()))
    return false;
  return nghttp2_submit_trailer(library, stream.id, fields.all().data(), fields.all().size()) == 0;
}

void State::wake(Http2Stream& stream) {
  if (!stream.is_deferred) return;
  stream.is_deferred = false;
  (void)nghttp2_session_resume_data(library, stream.id);
}

void State::frame_left(const nghttp2_frame& frame) {
  const std::uint8_t type = frame.hd.type;
  if (type == NGHTTP2_HEADERS || type == NGHTTP2_DATA) {
    watch.note_sent(frame.hd.length);
    Http2Stream* const stream = find(frame.hd.stream_id);
    if (stream != nullptr) stream->has_left = true;
    const bool is_answered = is_server() && (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (is_answered) watch.note_answered();
    if (is_answered && stream != nullptr) answered(*stream);
  }
  if (type == NGHTTP2_RST_STREAM) {
    const Http2Stream* const stream = find(frame.hd.stream_id);
    if (stream == nullptr || !stream->was_reset_by_us)
      if (const auto reason = watch.note_reset(now); !reason.empty()) fail_limit(reason);
  }
  if (type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR)
    fail_session(static_cast<Http2Code>(frame.goaway.error_code), broken_protocol());
}

/// A whole answer before the whole request (RFC 9113 8.1): the rest of it is taken in until the
/// caller is done. A reset close behind the answer makes some clients forget what they have read.
void State::answered(Http2Stream& stream) {
  stream.has_answered = true;
  if (stream.has_peer_ended || stream.was_reset_by_us) return;
  if (!stream.is_released) return report(Http2EventKind::Writable, stream.id);
  stream.was_reset_by_us = true;
  refuse_stream(stream.id, Http2Code::NoError);
}

/// A head that could not leave, because the stream or the session ended before it.
void State::frame_dropped(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS || is_server()) return;
  Http2Stream* const stream = find(frame.hd.stream_id);
  if (stream == nullptr || frame.headers.cat != NGHTTP2_HCAT_REQUEST) return;
  close(*stream, std::to_underlying(Http2Code::RefusedStream));
  if (stream->is_released) forget(*stream);
}

void State::forget(const Http2Stream& stream) {
  held_heads -= stream.head_size;
  streams.erase(stream.id);
}

void State::reset(Http2Stream& stream, Http2Code code) {
  if (stream.was_reset_by_us) return;
  stream.was_reset_by_us = true;
  stream.has_our_end = true;
  stream.wants_writable = false;
  stream.to_send.clear();
  refuse_stream(stream.id, code);
}

void State::release(Http2Stream& stream) {
  if (const std::size_t dropped = stream.received.size(); dropped > 0) {
    (void)nghttp2_session_consume_connection(library, dropped);
    stream.received.clear();
    unread -= dropped;
  }
  stream.is_released = true;
  if (stream.is_closed) return forget(stream);
  const bool answers_all = is_server() && stream.has_our_end;
  if (!answers_all) return reset(stream, Http2Code::Cancel);
  if (stream.has_answered) answered(stream);
}

Status State::check_length(Http2Stream& stream, std::size_t more, Http2End end) {
  if (!stream.length.is_known) return {};
  const std::uint64_t total = stream.accepted + more;
  const std::uint64_t length = stream.length.octets;
  const bool fits = end == Http2End::Ends ? total == length : total <= length;
  if (fits) return {};
  reset(stream, Http2Code::InternalError);
  return wrong_length();
}

Status State::submit_head(Http2Stream& stream, const Http2Fields& fields, Http2End end) {
  nghttp2_data_provider body{};
  body.read_callback = on_read_data;
  const bool has_ended = end == Http2End::Ends;
  const int submitted = nghttp2_submit_response(library, stream.id, fields.all().data(),
                                                fields.all().size(), has_ended ? nullptr : &body);
  if (submitted != 0) return fail(Code::Unavailable, "The HTTP/2 session takes no answer.");
  stream.has_our_head = true;
  stream.has_our_end = has_ended;
  return {};
}

bool Http2Session::has_left(Http2StreamId id) const {
  const Http2Stream* const stream = state_->find(id);
  return stream == nullptr || stream->has_left;
}

std::uint32_t Http2Session::room() const {
  const State& state = *state_;
  if (state.is_server() || !state.status || state.has_shut_down || state.has_peer_gone_away ||
      nghttp2_session_check_request_allowed(state.library) == 0)
    return 0;
  const std::uint32_t most = std::min(
      state.limits.max_concurrent_streams,
      nghttp2_session_get_remote_settings(state.library, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
  return most - std::min(most, state.open_requests);
}

bool Http2Session::has_settings() const {
  return state_->has_peer_settings;
}

Result<Http2StreamId> Http2Session::submit_request(const RequestHead& head, Http2Scheme scheme,
                                                   Http2End end) {
  State& state = *state_;
  if (!may_open()) return fail(Code::Unavailable, "The HTTP/2 session takes no more requests now.");
  Http2Fields fields;
  STRONGROOM_CHECKED(fields.take_request(head, scheme));
  const bool has_ended = end == Http2End::Ends;
  const auto length = length_of(head.headers);
  if (!length || (has_ended && length->octets > 0)) return wrong_length();
  nghttp2_data_provider body{};
  body.read_callback = State::on_read_data;
  const std::int32_t id =
      nghttp2_submit_request(state.library, nullptr, fields.all().data(), fields.all().size(),
                             has_ended ? nullptr : &body, nullptr);
  if (id < 0) return fail(Code::Unavailable, "The HTTP/2 session takes no more requests.");
  Http2Stream& stream = state.add_stream(id);
  ++state.open_requests;
  stream.is_head_request = head.method == "HEAD";
  stream.has_our_head = true;
  stream.has_our_end = has_ended;
  stream.length = *length;
  return id;
}

Status Http2Session::submit_informational(Http2StreamId id, const ResponseHead& head) {
  State& state = *state_;
  Http2Stream* const stream = state.find_open(id);
  if (stream == nullptr) return no_stream();
  if (!state.is_server() || stream->has_our_head) return wrong_point();
  if (head.status >= 200) return fail(Code::Invalid, "This status is not informational.");
  Http2Fields fields;
  STRONGROOM_CHECKED(fields.take_answer(head));
  const std::int32_t submitted =
      nghttp2_submit_headers(state.library, NGHTTP2_FLAG_NONE, id, nullptr, fields.all().data(),
                             fields.all().size(), nullptr);
  if (submitted < 0) return fail(Code::Unavailable, "The HTTP/2 session takes no answer.");
  return {};
}

Status Http2Session::submit_answer(Http2StreamId id, const ResponseHead& head, Http2End end) {
  State& state = *state_;
  Http2Stream* const stream = state.find_open(id);
  if (stream == nullptr) return no_stream();
  if (!state.is_server() || stream->has_our_head || stream->was_reset_by_us) return wrong_point();
  if (head.status < 200) return fail(Code::Invalid, "An answer's status is 200 or above.");
  Http2Fields fields;
  STRONGROOM_CHECKED(fields.take_answer(head));
  // RFC 9110 8.6: here it tells of the body that another request would get.
  const bool is_of_another = stream->is_head_request || head.status == 304;
  const auto length = is_of_another ? Http2BodyLength{true, 0} : length_of(head.headers);
  if (!length || (end == Http2End::Ends && length->octets > 0)) return wrong_length();
  STRONGROOM_CHECKED(state.submit_head(*stream, fields, end));
  stream->length = *length;
  return {};
}

Result<std::size_t> Http2Session::send_data(Http2StreamId id, ByteView octets, Http2End end) {
  State& state = *state_;
  Http2Stream* const stream = state.find_open(id);
  if (stream == nullptr) return no_stream();
  if (!stream->has_our_head || stream->has_our_end) return wrong_point();
  const std::size_t room = state.limits.send_buffer - stream->to_send.size();
  const std::size_t taken = std::min(room, octets.size());
  const bool takes_all = taken == octets.size();
  const Http2End reached = takes_all ? end : Http2End::Open;
  STRONGROOM_CHECKED(state.check_length(*stream, octets.size(), end));
  stream->to_send.push(octets.first(taken));
  stream->accepted += taken;
  stream->has_our_end = reached == Http2End::Ends;
  stream->wants_writable = !takes_all;
  if (taken > 0 || stream->has_our_end) state.wake(*stream);
  return taken;
}

Status Http2Session::submit_trailers(Http2StreamId id, std::span<const Header> trailers) {
  State& state = *state_;
  Http2Stream* const stream = state.find_open(id);
  if (stream == nullptr) return no_stream();
  if (!stream->has_our_head || stream->has_our_end) return wrong_point();
  Http2Fields fields;
  STRONGROOM_CHECKED(fields.take_trailers(trailers));
  STRONGROOM_CHECKED(state.check_length(*stream, 0, Http2End::Ends));
  for (const Header& header : trailers)
    stream->trailers.append(header.name).append(": ").append(header.value).append("\r\n");
  stream->has_trailers = !trailers.empty();
  stream->has_our_end = true;
  state.wake(*stream);
  return {};
}

std::size_t Http2Session::unsent(Http2StreamId id) const {
  const Http2Stream* const stream = state_->find(id);
  return stream == nullptr ? 0 : stream->to_send.size();
}

bool Http2Session::has_answer_to_go(Http2StreamId id) const {
  const Http2Stream* const stream = state_->find_open(id);
  return stream != nullptr && state_->is_server() && stream->has_our_end && !stream->has_answered &&
         !stream->was_reset_by_us;
}

void Http2Session::reset(Http2StreamId id, Http2Code code) {
  if (Http2Stream* const stream = state_->find_open(id)) state_->reset(*stream, code);
}

void Http2Session::release(Http2StreamId id) {
  Http2Stream* const stream = state_->find(id);
  if (stream != nullptr && !stream->is_released) state_->release(*stream);
}

int State::before_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
  state_of(self).makes_head = frame->hd.type == NGHTTP2_HEADERS;
  return 0;
}

int State::on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept {
  state_of(self).has_made_frame = true;
  state_of(self).frame_left(*frame);
  return 0;
}

int State::on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int,
                             void* self) noexcept {
  state_of(self).makes_head = false;
  state_of(self).frame_dropped(*frame);
  return 0;
}

ssize_t State::on_read_data(nghttp2_session*, std::int32_t id, std::uint8_t* room, std::size_t size,
                            std::uint32_t* flags, nghttp2_data_source*, void* self) noexcept {
  State& state = state_of(self);
  Http2Stream* const stream = state.find(id);
  // Closed by us already, and the library has yet to send the reset or the GOAWAY.
  if (stream == nullptr || stream->is_closed || stream->was_reset_by_us)
    return NGHTTP2_ERR_DEFERRED;
  return state.give_data(*stream, MutableBytes(room, size), *flags);
}

}  // namespace strongroom::http
