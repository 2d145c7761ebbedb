// Http2Carrier: one HTTP/2 connection (RFC 9113), and for each of its streams one HTTP/1 exchange
// over joined streams, at whose other end a Connection reads and writes. So there is one pipeline,
// whatever either side speaks. Octets, windows, bodies, trailers and ends are carried here, in both
// directions and for both sides; heads by who derives from it.
//
// Used by: Http2Front (agents), Http2Back (providers). Threads: its loop's. What is on its way may
// hold a key: memory is wiped when it is left. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "http/body.h"
#include "http/http2/session.h"
#include "io/loop.h"
#include "io/stream.h"

namespace strongroom::gateway {

/// One stream, and its end of the pair.
struct Http2Bridge {
  Http2Bridge(io::Loop& loop, io::Stream end);
  ~Http2Bridge();
  Http2Bridge(const Http2Bridge&) = delete;
  Http2Bridge& operator=(const Http2Bridge&) = delete;

  /// What was read from the pair and has not gone on.
  [[nodiscard]] std::string_view unread() const;
  /// It has gone on.
  void take(std::size_t octets);

  static constexpr std::size_t kBlock = 48UL << 10U;  ///< the longest head fits
  using Block = std::array<std::uint8_t, kBlock>;

  http::Http2StreamId stream = 0;  ///< 0: none yet
  io::Stream inner;
  std::string method;
  std::string trailers;                       ///< that the peer sent on the stream
  http::BodyFollower body;                    ///< of what comes from the pair
  io::Event has_news;                         ///< of the stream
  io::Event may_send;                         ///< on the stream
  io::Event is_request_over;                  ///< its direction, which has a coroutine of its own
  bool is_closed = false;                     ///< the stream: nothing more is sent on it
  bool is_unsent = false;                     ///< closed before the peer was sent anything of it
  std::optional<http::Http2Code> reset_with;  ///< by the peer, in the middle

 private:
  friend class Http2Carrier;
  std::unique_ptr<Block> block_;  ///< none while the pair is silent
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};
using Http2BridgePointer = std::shared_ptr<Http2Bridge>;

/// How long a connection may be silent.
struct Http2Patience {
  Duration idle{};      ///< without streams
  Duration stream{};    ///< with some; also how long one may wait for its window
  Duration settings{};  ///< until the peer's first SETTINGS, whatever else comes or goes
  Duration linger{};    ///< how long a request may go on behind its whole answer
};

class Http2Carrier {
 public:
  Http2Carrier(const Http2Carrier&) = delete;
  Http2Carrier& operator=(const Http2Carrier&) = delete;

 protected:
  /// `peer` outlives run().
  Http2Carrier(http::Http2Role role, io::Loop& loop, io::Stream& peer, Http2Patience patience);
  ~Http2Carrier();

  /// Until the peer, its breach or close() ends it, and all that was begun for it has ended. A
  /// session that takes no new streams, and has none left, ends the connection in order.
  [[nodiscard]] io::Task<void> run();
  /// At once: every stream ends, nothing more is sent or passed on.
  void close() noexcept;
  /// The session may have something to send.
  void wake() { has_output_.set(); }

  /// What the session said, after `bridge` (null: none) has taken note. Data and windows are not
  /// told.
  virtual void on_event(http::Http2Event& event, Http2Bridge* bridge) = 0;
  /// Octets of the peer have been taken in.
  virtual void on_input() {}
  /// Asked before each write: what was submitted in good time may have waited since. False: the
  /// connection ends.
  [[nodiscard]] virtual bool may_write() const { return true; }
  /// Is what has come on the stream worth passing on, although the peer is gone?
  [[nodiscard]] virtual bool outlives_connection(const Http2Bridge& bridge) const = 0;

  void add(Http2BridgePointer bridge);
  /// Events of this stream are the bridge's from now on.
  void name(http::Http2StreamId stream, Http2Bridge& bridge);
  /// More of the pair's octets behind those unread. False: no room, the end, or an error.
  [[nodiscard]] io::Task<bool> read_more(Http2Bridge& bridge);
  /// From the pair to the stream, whose head has been submitted, until bridge.body is done. False:
  /// either side broke off.
  [[nodiscard]] io::Task<bool> carry_out(Http2Bridge& bridge);
  /// From the stream to the pair, until the peer's end; whatever body there is goes as
  /// framing_inside says. False: either side broke off.
  [[nodiscard]] io::Task<bool> carry_in(Http2Bridge& bridge, http::BodyKind kind);
  /// The answer is over; when it is not whole, the stream is cut short, with the code of whoever
  /// cut it. Waits for is_request_over and for a peer that has yet to take what is left of the
  /// answer, then forgets the bridge.
  [[nodiscard]] io::Task<void> leave(Http2BridgePointer bridge, bool is_whole);

  /// Each coroutine that uses this, from its spawning to its end.
  void work_begins() { ++under_way_; }
  void work_ends();

  [[nodiscard]] io::Loop& loop() const { return loop_; }
  [[nodiscard]] http::Http2Session& session() { return session_; }
  [[nodiscard]] const http::Http2Session& session() const { return session_; }
  /// The peer's first SETTINGS have not come in time.
  [[nodiscard]] bool is_peer_silent() const;
  [[nodiscard]] bool has_streams() const { return !bridges_.empty(); }
  /// Nothing more begins.
  [[nodiscard]] bool is_closing() const { return is_closing_ || is_parting_; }

 private:
  io::Task<void> read();
  io::Task<void> write();
  io::Task<void> end_connection();
  void part();
  io::Task<void> see_out(Http2Bridge& bridge);
  io::Task<bool> send(Http2Bridge& bridge, ByteView content, http::Http2End end);
  void handle_events();
  void note_reset(Http2Bridge& bridge, std::uint32_t code) const;
  void note_unsent(Http2Bridge& bridge) const noexcept;
  void end_streams() noexcept;
  void set_patience();

  io::Loop& loop_;
  io::Stream& peer_;
  Http2Patience patience_;
  Deadline until_settings_;
  http::Http2Session session_;
  std::set<Http2BridgePointer> bridges_;
  std::map<http::Http2StreamId, Http2Bridge*> by_stream_;
  io::Event has_output_;
  io::Event is_over_;
  std::size_t under_way_ = 0;
  bool is_closing_ = false;
  bool is_parting_ = false;  ///< only the last goes out, and what comes is nobody's
};

}  // namespace strongroom::gateway
