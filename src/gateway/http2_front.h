// Http2Front: one HTTP/2 connection of an agent (RFC 9113). Each of its streams becomes one HTTP/1
// exchange with a Connection of its own, over a socket pair, and so goes through the same pipeline:
// its pass is judged by itself, and a revoke resets it and leaves the others alone.
//
// Used by: Connection, once ALPN has chosen h2. Threads: its loop's. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>

#include "gateway/gateway.h"
#include "http/body.h"
#include "http/http2_session.h"

namespace strongroom::gateway {

class Http2Front {
 public:
  /// `client` outlives run().
  Http2Front(Gateway& gateway, io::Stream& client, std::shared_ptr<const Inspected> place);
  ~Http2Front();
  Http2Front(const Http2Front&) = delete;
  Http2Front& operator=(const Http2Front&) = delete;

  /// Until the client or the gateway ends it, and all that was begun for it has ended.
  [[nodiscard]] io::Task<void> run();
  /// No new streams; ends when the open ones have.
  void drain();

 private:
  struct Bridge;
  using BridgePointer = std::shared_ptr<Bridge>;
  io::Task<void> read();
  io::Task<void> write();
  void handle_events();
  void begin(http::Http2StreamId stream, std::string head);
  io::Task<void> carry(BridgePointer bridge);
  io::Task<void> carry_up(BridgePointer bridge);
  io::Task<bool> carry_down(Bridge& bridge);
  io::Task<bool> read_answer_head(Bridge& bridge);
  io::Task<bool> send(Bridge& bridge, ByteView content, http::Http2End end);
  void close_all();
  void work_ended();

  Gateway& gateway_;
  io::Stream& client_;
  std::shared_ptr<const Inspected> place_;
  http::Http2Session session_;
  std::map<http::Http2StreamId, BridgePointer> bridges_;
  io::Event has_output_;
  io::Event is_over_;
  std::size_t under_way_ = 0;  ///< coroutines that use this
  bool is_closing_ = false;
};

}  // namespace strongroom::gateway
