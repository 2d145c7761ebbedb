// Http2Front: one HTTP/2 connection of an agent. Each of its streams becomes one HTTP/1 exchange
// with a Connection of its own, and so goes through the same pipeline: its pass is judged by
// itself, and a revoke resets it and leaves the others alone.
//
// Used by: Connection, once ALPN has chosen h2. Threads: its loop's. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/gateway.h"
#include "gateway/http2/carrier.h"

namespace strongroom::gateway {

class Http2Front final : private Http2Carrier {
 public:
  /// `client` outlives run(). `session`: whose socket it came by; none for the others.
  Http2Front(Gateway& gateway, io::Stream& client, std::shared_ptr<const Inspected> place,
             SessionId session);

  /// Until the client or the gateway ends it, and all that was begun for it has ended.
  [[nodiscard]] io::Task<void> run();
  /// No new streams; ends when the open ones have.
  void drain();
  /// Since when it has no streams; nothing while it has some.
  [[nodiscard]] std::optional<SteadyTime> waits_since() const { return waits_since_; }
  /// Of its last request; none: there was none yet.
  [[nodiscard]] TenantId tenant() const { return *tenant_; }

 private:
  void on_event(http::Http2Event& event, Http2Bridge* bridge) override;
  /// Nobody waits for the answer.
  [[nodiscard]] bool outlives_connection(const Http2Bridge&) const override { return false; }
  void begin(http::Http2StreamId stream, std::string head);
  io::Task<void> carry_request(Http2BridgePointer bridge, std::string head);
  io::Task<void> carry_answer(Http2BridgePointer bridge);
  io::Task<bool> submit_answer(Http2Bridge& bridge);
  // Heads are looked at in plain functions: in a coroutine, one would be held as long as its
  // stream.
  enum class Submitted : std::uint8_t { NeedsMore, Informational, Answer, Failed };
  Submitted submit_head(Http2Bridge& bridge, std::size_t& scanned);

  Gateway& gateway_;
  std::shared_ptr<const Inspected> place_;
  SessionId own_session_;
  std::shared_ptr<TenantId> tenant_;  ///< its streams may end later than this
  std::optional<SteadyTime> waits_since_;
  bool is_client_leaving_ = false;  ///< it has said so: its last stream is the connection's end
};

}  // namespace strongroom::gateway
