// The inside of Http2Session. Inside the room only.
//
// The library calls the static functions below; they end the process rather than let an exception
// through C. Octets in: receive.cpp. Octets out: send.cpp. Making it, its end and its
// events: session.cpp. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/http2/fields.h"
#include "http/http2/memory.h"
#include "http/http2/session.h"
#include "http/http2/stream.h"
#include "http/http2/watch.h"

namespace strongroom::http {

/// What ends a session whose peer does what RFC 9113 forbids.
[[nodiscard]] Error broken_protocol();

struct Http2Session::State {
  State(Http2Role role, const Clock& clock, const Http2Limits& limits);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] bool is_server() const { return role == Http2Role::Server; }
  [[nodiscard]] Http2Stream* find(Http2StreamId id) const;
  /// The same, unless it is closed or released.
  [[nodiscard]] Http2Stream* find_open(Http2StreamId id) const;
  Http2Stream& add_stream(Http2StreamId id);
  void report(Http2EventKind kind, Http2StreamId stream, std::uint32_t code = 0,
              std::string text = {});
  /// It is about a stream that the caller has released meanwhile.
  [[nodiscard]] bool is_forgotten(const Http2Event& event) const;

  // The end of the session.

  /// A limit of limits.h was broken.
  void fail_limit(std::string_view reason);
  void fail_session(Http2Code goaway, Error error);
  /// Each stream not yet closed is.
  void close_all(Http2Code code);
  void close(Http2Stream& stream, std::uint32_t code);
  void forget(const Http2Stream& stream);
  /// Has the library itself decided to end the session? Only a client can be asked.
  void notice_end_by_library();

  // Octets in (receive.cpp).

  void feed_library(ByteView octets);
  [[nodiscard]] bool begin_head(const nghttp2_frame& frame);
  [[nodiscard]] bool begin_request(Http2StreamId id);
  void end_head(const nghttp2_frame& frame);
  void end_request(Http2StreamId id, Http2End end);
  void end_answer(Http2Stream& stream, Http2End end);
  void end_trailers(Http2Stream& stream);
  void refuse_request(Http2StreamId id, Http2End end, const Verdict& verdict);
  void refuse_stream(Http2StreamId id, Http2Code code);
  void break_stream(Http2Stream& stream);
  void end_of_peer(Http2Stream& stream);
  void take_data(Http2StreamId id, ByteView octets);
  void take_control(const nghttp2_frame& frame);

  // Octets out (send.cpp).

  /// Octets for one DATA frame, as the library's callback answers.
  ssize_t give_data(Http2Stream& stream, MutableBytes room, std::uint32_t& flags);
  [[nodiscard]] bool give_trailers(Http2Stream& stream);
  void frame_left(const nghttp2_frame& frame);
  void answered(Http2Stream& stream);
  void frame_dropped(const nghttp2_frame& frame);
  void wake(Http2Stream& stream);
  void reset(Http2Stream& stream, Http2Code code);
  void release(Http2Stream& stream);
  /// What was queued and what is to come against our Content-Length.
  [[nodiscard]] Status check_length(Http2Stream& stream, std::size_t more, Http2End end);
  [[nodiscard]] Status submit_head(Http2Stream& stream, const Http2Fields& fields, Http2End end);
  /// Lets the library make the next piece of output, if it has any.
  [[nodiscard]] bool make_pending();
  /// Copies what the library has made into `room`; answers how much.
  [[nodiscard]] std::size_t take_pending(MutableBytes room);

  // Called by the library.

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept;
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t flags, void* self) noexcept;
  static int on_invalid_header(nghttp2_session*, const nghttp2_frame* frame,
                               const std::uint8_t* name, std::size_t name_size,
                               const std::uint8_t* value, std::size_t value_size,
                               std::uint8_t flags, void* self) noexcept;
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept;
  static int on_invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int error,
                              void* self) noexcept;
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t stream,
                     const std::uint8_t* data, std::size_t size, void* self) noexcept;
  static int on_stream_close(nghttp2_session*, std::int32_t stream, std::uint32_t code,
                             void* self) noexcept;
  static int before_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept;
  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* self) noexcept;
  static int on_frame_not_sent(nghttp2_session*, const nghttp2_frame* frame, int error,
                               void* self) noexcept;
  static ssize_t on_read_data(nghttp2_session*, std::int32_t stream, std::uint8_t* room,
                              std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                              void* self) noexcept;

  Http2Role role;
  const Clock& clock;
  Http2Limits limits;
  SteadyTime now;  ///< of the call under way
  Http2Memory memory;
  nghttp2_session* library = nullptr;
  Http2FrameWatch watch;
  Http2HeadReader reader;
  std::unordered_map<Http2StreamId, std::unique_ptr<Http2Stream>> streams;
  std::size_t held_heads = 0;
  std::size_t unread = 0;           ///< octets of bodies, of all streams
  std::uint32_t open_requests = 0;  ///< client: submitted and not closed
  std::vector<Http2Event> events;
  std::size_t next_event = 0;
  ByteView pending;              ///< output of the library, not yet taken
  bool pending_is_head = false;  ///< it is wiped as it is taken
  bool makes_head = false;       ///< the library is at HEADERS or a CONTINUATION of it
  bool has_made_frame = false;   ///< what it gave ends that frame
  bool is_lost = false;          ///< the connection
  bool has_shut_down = false;
  bool has_peer_gone_away = false;
  bool has_peer_settings = false;
  bool has_ping = false;
  bool awaits_shutdown_pong = false;
  Status status;
};

}  // namespace strongroom::http
