// Http2Session: one HTTP/2 connection (RFC 9113), either side, without I/O. By nghttp2.
//
// Used by: gateway (server towards agents, client towards providers). Threads: one. The caller
// carries octets (feed, take_output) and handles events (next_event) after both. Heads come out as
// HTTP/1.1 text that parse_request or parse_response takes as Complete, and go in as the heads
// these make. Flow control is end to end: windows open only by consume(). Broken limits or rules
// end the session, see limits.h. Attacks: threats.md F3, F7, N1, N2. Fuzzed:
// tests/fuzz/http2_fuzz.cpp. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/head.h"
#include "http/http2/head.h"
#include "http/http2/limits.h"

namespace strongroom::http {

enum class Http2Role : std::uint8_t { Server, Client };

/// A stream of one session. Clients' are odd, from 1.
using Http2StreamId = std::int32_t;

/// How a connection begins: is this a client's preface (RFC 9113 3.4)? NeedMore for a part of it.
[[nodiscard]] ParseState match_http2_preface(ByteView start);

enum class Http2EventKind : std::uint8_t {
  Request,        ///< server: `text` is the head, `scheme` what the client says of its transport
  Informational,  ///< client: `text` is a 1xx head
  Answer,         ///< client: `text` is the final head
  Data,      ///< readable() is no longer empty; not said again before it has been empty once more
  Trailers,  ///< `text` is for read_trailers; End follows
  End,       ///< the peer has sent all; what is readable remains so
  Writable,  ///< send_data has room again, after it took less than it was given; or a whole answer
             ///< was sent before the whole request came
  Refused,   ///< server: a request was answered by the session itself; `code` is the status (400:
             ///< the stream was reset), `text` why. No other event of that stream.
  Closed,    ///< the last of a stream, with an Http2Code: before End and with NoError as well, the
             ///< message is cut short. Nothing can be sent; what is readable remains until release.
  GoAway,  ///< the peer opens and takes no more streams; `code` is its Http2Code. Requests that it
           ///< has not seen are Closed with RefusedStream
  Pong,    ///< our ping() was answered
};

struct Http2Event {
  Http2EventKind kind = Http2EventKind::Closed;
  Http2Scheme scheme = Http2Scheme::Https;
  Http2StreamId stream = 0;
  std::uint32_t code = 0;
  std::string text;
};

class Http2Session {
 public:
  /// `clock` outlives the session. The first output is the preface of that side.
  Http2Session(Http2Role role, const Clock& clock, const Http2Limits& limits = {});
  ~Http2Session();
  Http2Session(Http2Session&&) noexcept;
  Http2Session& operator=(Http2Session&&) noexcept;

  // Octets.

  /// What came from the peer. After an error (Protocol, TooLarge; `reason` as in limits.h)
  /// all streams are Closed, the output ends with a GOAWAY, and feed only repeats the error.
  [[nodiscard]] Status feed(ByteView octets);
  /// Fills `room` from the front; answers how much of it. Heads may hold keys: wipe it after use.
  /// What the session itself held of a head is wiped as it leaves.
  [[nodiscard]] std::size_t take_output(MutableBytes room);
  [[nodiscard]] bool wants_output() const;
  /// Nothing will come, and nothing is to be sent: close the connection.
  [[nodiscard]] bool is_finished() const;
  /// Why the session has ended; some breaches of the protocol are known only with their GOAWAY in
  /// the output.
  [[nodiscard]] const Status& status() const;
  /// The connection is gone: every stream is Closed (Cancel).
  void lose_connection();

  // Events, in order.

  [[nodiscard]] std::optional<Http2Event> next_event();

  // Receiving. An unknown or released stream is readable as empty, and nothing happens to it.

  /// The next run of the body; stays where it is until consumed or released, whatever is fed.
  [[nodiscard]] ByteView readable(Http2StreamId stream) const;
  /// So many octets of it have been passed on: the peer may send as many more.
  void consume(Http2StreamId stream, std::size_t octets);
  /// Octets of all streams that have come and were not consumed.
  [[nodiscard]] std::size_t unread() const;
  /// End was reported; with readable() empty, the message is whole.
  [[nodiscard]] bool has_ended(Http2StreamId stream) const;
  /// Of a request of ours: take_output() has given of its head. What has not left was never seen by
  /// anybody, however the connection ends.
  [[nodiscard]] bool has_left(Http2StreamId stream) const;
  /// The caller is done with the stream. Unread octets are dropped. An answer that is complete in
  /// the queue still goes out; otherwise an open stream is reset (Cancel). No more events of it.
  void release(Http2StreamId stream);

  // Sending. NotFound: no such stream, or it is Closed. Conflict: not at this point of it. Invalid:
  // the head or body is not what HTTP/2 may carry; nothing was sent.

  /// Client: so many requests may be submitted and go out with the next output.
  [[nodiscard]] std::uint32_t room() const;
  [[nodiscard]] bool may_open() const { return room() > 0; }
  /// The peer's first SETTINGS have come: until then its limits are not known.
  [[nodiscard]] bool has_settings() const;
  /// `head` as parse_request makes it: target a path, with Host, headers of the connection are left
  /// behind. Unavailable unless may_open(). Until it was taken as output, reset() unsends it.
  [[nodiscard]] Result<Http2StreamId> submit_request(const RequestHead& head, Http2Scheme scheme,
                                                     Http2End end);
  /// Server: a 1xx head, before the answer.
  [[nodiscard]] Status submit_informational(Http2StreamId stream, const ResponseHead& head);
  /// Server: the final head. `end`: no body follows.
  [[nodiscard]] Status submit_answer(Http2StreamId stream, const ResponseHead& head, Http2End end);
  /// Answers how many octets were taken: fewer when the queue (Http2Limits::send_buffer) is full,
  /// then Writable follows. `end` counts only when all were taken. A body that differs from its
  /// Content-Length resets the stream and is Invalid.
  [[nodiscard]] Result<std::size_t> send_data(Http2StreamId stream, ByteView octets, Http2End end);
  /// Ends our side after the data accepted so far.
  [[nodiscard]] Status submit_trailers(Http2StreamId stream, std::span<const Header> trailers);
  /// Octets accepted and not yet taken as output: when they stay, the peer does not read (N1).
  [[nodiscard]] std::size_t unsent(Http2StreamId stream) const;
  /// Server: a whole answer of which something has yet to go out.
  [[nodiscard]] bool has_answer_to_go(Http2StreamId stream) const;
  /// Ends both directions at once. Closed follows with the output.
  void reset(Http2StreamId stream, Http2Code code);

  // The connection.

  /// No new streams; open ones may finish. A server first announces it and refuses only what comes
  /// after the announcement was seen; called again, or when the peer has said so itself, at once.
  void shutdown();
  /// At most one at a time; Pong follows.
  void ping();

  // For limits and metrics.

  /// Streams that are open or not yet released.
  [[nodiscard]] std::size_t held_streams() const;
  /// Octets of memory the library holds for this session, at this moment.
  [[nodiscard]] std::size_t library_memory() const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace strongroom::http
