// SPDX-License-Identifier: Apache-2.0
#include "http/http2/session.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "http/http2/state.h"

namespace strongroom::http {
namespace {

constexpr std::size_t kKeptEvents = 16;

struct CallbacksDeleter {
  void operator()(nghttp2_session_callbacks* callbacks) const {
    nghttp2_session_callbacks_del(callbacks);
  }
};
struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
using Callbacks = std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter>;
using Option = std::unique_ptr<nghttp2_option, OptionDeleter>;

Callbacks make_callbacks() {
  using State = Http2Session::State;
  nghttp2_session_callbacks* made = nullptr;
  STRONGROOM_CHECK(nghttp2_session_callbacks_new(&made) == 0, "memory has run out");
  nghttp2_session_callbacks_set_on_begin_headers_callback(made, State::on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(made, State::on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(made, State::on_invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(made, State::on_frame);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, State::on_invalid_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, State::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, State::on_stream_close);
  nghttp2_session_callbacks_set_before_frame_send_callback(made, State::before_frame_sent);
  nghttp2_session_callbacks_set_on_frame_send_callback(made, State::on_frame_sent);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(made, State::on_frame_not_sent);
  return Callbacks(made);
}

Option make_option(Http2Role role, const Http2Limits& limits) {
  // Http2FrameWatch counts these exactly; the library's own counts are there should it fail. (It
  // counts a CONTINUATION head once for each piece that it arrives in, and the reset of a stream
  // that was answered as any other.)
  constexpr std::size_t kPiecesOfHead = kHttp2FrameHead + 1;
  constexpr std::uint64_t kResetSlack = 50;
  nghttp2_option* made = nullptr;
  STRONGROOM_CHECK(nghttp2_option_new(&made) == 0, "memory has run out");
  Option option(made);
  nghttp2_option_set_no_auto_window_update(made, 1);
  nghttp2_option_set_no_closed_streams(made, 1);
  nghttp2_option_set_max_deflate_dynamic_table_size(made, limits.header_table);
  nghttp2_option_set_max_outbound_ack(made, limits.max_queued_frames);
  nghttp2_option_set_max_settings(made, limits.max_settings_entries);
  nghttp2_option_set_max_continuations(made, limits.max_continuations * kPiecesOfHead);
  nghttp2_option_set_stream_reset_rate_limit(made, limits.resets_per_second * kResetSlack,
                                             limits.resets_per_second * kResetSlack);
  // Of answers, blanks around a value are taken off (Http2HeadReader).
  if (role == Http2Role::Client)
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(made, 1);
  return option;
}

void submit_settings(nghttp2_session* library, Http2Role role, const Http2Limits& limits) {
  std::array<nghttp2_settings_entry, 6> entries{};
  std::size_t count = 0;
  const auto add = [&](std::int32_t id, std::uint32_t value) { entries[count++] = {id, value}; };
  add(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.max_concurrent_streams);
  add(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window);
  add(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.max_header_list);
  add(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, limits.header_table);
  // A tree of priorities is a peer's to grow (CVE-2019-9513); nobody pushes to us.
  if (role == Http2Role::Server)
    add(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1);
  else
    add(NGHTTP2_SETTINGS_ENABLE_PUSH, 0);
  int made = nghttp2_submit_settings(library, NGHTTP2_FLAG_NONE, entries.data(), count);
  STRONGROOM_CHECK(made == 0, "these settings are valid");
  made = nghttp2_session_set_local_window_size(library, NGHTTP2_FLAG_NONE, 0,
                                               static_cast<std::int32_t>(limits.connection_window));
  STRONGROOM_CHECK(made == 0, "this window is valid");
}

}  // namespace

Error broken_protocol() {
  return {Code::Protocol, "The HTTP/2 peer broke the protocol.",
          std::string(http2_reason::kProtocol)};
}

Http2Session::State::State(Http2Role which, const Clock& time, const Http2Limits& most)
    : role(which),
      clock(time),
      limits(most),
      now(time.steady()),
      watch(limits, which == Http2Role::Server ? kHttp2Preface.size() : 0) {
  constexpr std::uint32_t kLeastWindow = 65'535;  // what a peer may send before it knows better
  constexpr std::uint32_t kMostWindow = (1U << 31U) - 1;
  limits.stream_window = std::clamp(limits.stream_window, kLeastWindow, kMostWindow);
  limits.connection_window = std::clamp(limits.connection_window, kLeastWindow, kMostWindow);
  const Callbacks callbacks = make_callbacks();
  const Option option = make_option(role, limits);
  const auto make = is_server() ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
  const int made = make(&library, callbacks.get(), this, option.get(), memory.face());
  STRONGROOM_CHECK(made == 0, "memory has run out");
  submit_settings(library, role, limits);
}

Http2Session::State::~State() {
  nghttp2_session_del(library);
}

Http2Stream* Http2Session::State::find(Http2StreamId id) const {
  const auto found = streams.find(id);
  return found == streams.end() ? nullptr : found->second.get();
}

Http2Stream* Http2Session::State::find_open(Http2StreamId id) const {
  Http2Stream* const stream = find(id);
  return stream == nullptr || stream->is_closed || stream->is_released ? nullptr : stream;
}

Http2Stream& Http2Session::State::add_stream(Http2StreamId id) {
  auto& slot = streams[id];
  STRONGROOM_CHECK(slot == nullptr, "a stream id is used once");
  slot = std::make_unique<Http2Stream>();
  slot->id = id;
  return *slot;
}

void Http2Session::State::report(Http2EventKind kind, Http2StreamId stream, std::uint32_t code,
                                 std::string text) {
  events.push_back({kind, Http2Scheme::Https, stream, code, std::move(text)});
}

bool Http2Session::State::is_forgotten(const Http2Event& event) const {
  if (event.stream == 0 || event.kind == Http2EventKind::Refused) return false;
  const Http2Stream* const stream = find(event.stream);
  return stream == nullptr || stream->is_released;
}

void Http2Session::State::fail_limit(std::string_view reason) {
  fail_session(Http2Code::EnhanceYourCalm,
               Error(Code::TooLarge, "The HTTP/2 peer sent more than a connection may cost.",
                     std::string(reason)));
}

void Http2Session::State::fail_session(Http2Code goaway, Error error) {
  if (!status) return;
  status = std::unexpected<Error>(std::move(error));
  (void)nghttp2_session_terminate_session(library, std::to_underlying(goaway));
  close_all(goaway);
}

void Http2Session::State::close_all(Http2Code code) {
  std::vector<Http2StreamId> open;
  for (const auto& [id, stream] : streams)
    if (!stream->is_closed) open.push_back(id);
  std::ranges::sort(open);
  for (const Http2StreamId id : open) close(*find(id), std::to_underlying(code));
}

void Http2Session::State::close(Http2Stream& stream, std::uint32_t code) {
  if (stream.is_closed) return;
  stream.is_closed = true;
  stream.wants_writable = false;
  stream.to_send.clear();
  if (!is_server()) --open_requests;
  if (!stream.is_released) report(Http2EventKind::Closed, stream.id, code);
}

void Http2Session::State::notice_end_by_library() {
  // The library says so when it has queued a GOAWAY of its own, or when it has received one.
  if (is_server() || has_shut_down || has_peer_gone_away) return;
  if (nghttp2_session_check_request_allowed(library) != 0) return;
  if (nghttp2_session_get_next_stream_id(library) > (1U << 31U) - 1) return;
  fail_session(Http2Code::ProtocolError, broken_protocol());
}

ParseState match_http2_preface(ByteView start) {
  const std::string_view text = text_of(start).substr(0, kHttp2Preface.size());
  if (!kHttp2Preface.starts_with(text)) return ParseState::Bad;
  return text.size() == kHttp2Preface.size() ? ParseState::Complete : ParseState::NeedMore;
}

Http2Session::Http2Session(Http2Role role, const Clock& clock, const Http2Limits& limits)
    : state_(std::make_unique<State>(role, clock, limits)) {}
Http2Session::~Http2Session() = default;
Http2Session::Http2Session(Http2Session&&) noexcept = default;
Http2Session& Http2Session::operator=(Http2Session&&) noexcept = default;

bool Http2Session::wants_output() const {
  if (state_->is_lost) return false;
  return !state_->pending.empty() || nghttp2_session_want_write(state_->library) != 0;
}

bool Http2Session::is_finished() const {
  return !wants_output() && (!state_->status || nghttp2_session_want_read(state_->library) == 0);
}

const Status& Http2Session::status() const {
  return state_->status;
}

void Http2Session::lose_connection() {
  state_->is_lost = true;
  state_->fail_session(Http2Code::Cancel, Error(Code::Network, "The HTTP/2 connection has ended."));
}

std::optional<Http2Event> Http2Session::next_event() {
  State& state = *state_;
  std::optional<Http2Event> event;
  while (!event && state.next_event < state.events.size()) {
    Http2Event& next = state.events[state.next_event++];
    if (!state.is_forgotten(next)) event = std::move(next);
  }
  if (state.next_event == state.events.size()) {
    state.next_event = 0;
    if (state.events.capacity() > kKeptEvents)
      state.events = {};
    else
      state.events.clear();
  }
  return event;
}

void Http2Session::shutdown() {
  constexpr std::array<std::uint8_t, 8> kShutdownPing = {'s', 'h', 'u', 't', 'd', 'o', 'w', 'n'};
  State& state = *state_;
  if (!state.status) return;
  if (state.is_server() && !state.has_shut_down && !state.has_peer_gone_away) {
    // RFC 9113 6.8: first announced; final when the peer has seen the announcement.
    state.has_shut_down = true;
    state.awaits_shutdown_pong = true;
    (void)nghttp2_submit_shutdown_notice(state.library);
    (void)nghttp2_submit_ping(state.library, NGHTTP2_FLAG_NONE, kShutdownPing.data());
    return;
  }
  if (state.has_shut_down && !state.awaits_shutdown_pong) return;
  state.has_shut_down = true;
  state.awaits_shutdown_pong = false;
  (void)nghttp2_submit_goaway(state.library, NGHTTP2_FLAG_NONE,
                              nghttp2_session_get_last_proc_stream_id(state.library),
                              NGHTTP2_NO_ERROR, nullptr, 0);
}

void Http2Session::ping() {
  State& state = *state_;
  if (!state.status || state.has_ping) return;
  state.has_ping = true;
  (void)nghttp2_submit_ping(state.library, NGHTTP2_FLAG_NONE, nullptr);
}

std::size_t Http2Session::held_streams() const {
  return state_->streams.size();
}

std::size_t Http2Session::library_memory() const {
  return state_->memory.in_use();
}

}  // namespace strongroom::http
