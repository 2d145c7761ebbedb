// Http2Back: one HTTP/2 connection to a provider, for one lease: the mirror of Http2Front. What a
// Connection writes as HTTP/1 into the end that open() gives it becomes a stream, and the stream's
// answer HTTP/1 again.
//
// It carries one lease's key and no other's. A revoke closes it whole, so that not one octet that
// stands in a queue, a pair or the kernel goes on (promise R1); and what one session does
// to a connection (floods, the state of HPACK, a GOAWAY) touches no other.
//
// Used by: Pool. Threads: its loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gateway/http2/carrier.h"
#include "lease/holder.h"

namespace strongroom::gateway {

/// One exchange of an Http2Back.
struct Http2Exchange : Http2Bridge {
  using Http2Bridge::Http2Bridge;
  std::string heads;  ///< the provider's, as HTTP/1, not yet passed on
  http::BodyKind answer_body = http::BodyKind::None;
  bool has_answer = false;   ///< the final head has come
  bool was_refused = false;  ///< the provider has not looked at it: it may be sent again
};
using Http2ExchangePointer = std::shared_ptr<Http2Exchange>;

class Http2Back final : public lease::Attachment, private Http2Carrier {
 public:
  using OnSettled = std::function<void(bool is_silent)>;
  /// `provider`: connected, verified, and h2 by ALPN. `on_settled` is called once: the provider
  /// has said how many streams it takes, or the connection has ended (`is_silent`: because the
  /// provider did not say it in time).
  [[nodiscard]] static std::shared_ptr<Http2Back> begin(io::Loop& loop, io::Stream provider,
                                                        Http2Patience patience,
                                                        OnSettled on_settled);

  /// May one more exchange begin? Before the provider has settled, only the first may.
  [[nodiscard]] bool has_room() const;
  struct Opened {
    Http2ExchangePointer exchange;
    io::Stream stream;  ///< HTTP/1 goes in, and comes out
  };
  [[nodiscard]] Opened open();
  /// Ends it at once. What of it has not left yet does not.
  void cut_short(Http2Exchange& exchange) noexcept;
  /// The connection has ended.
  [[nodiscard]] bool is_over() const;
  /// Somebody has waited in vain: nothing more begins here until the provider answers a PING.
  void doubt();
  [[nodiscard]] bool is_used() const { return is_used_; }
  /// Nothing is under way, and something was.
  [[nodiscard]] bool is_idle() const { return is_used_ && !has_streams() && !is_over(); }
  SteadyTime last_used{};  ///< when its last exchange began, as the pool notes it

  void cut(std::string_view reason) noexcept override;

 private:
  Http2Back(io::Loop& loop, std::unique_ptr<io::Stream> provider, Http2Patience patience,
            OnSettled on_settled);
  static io::Task<void> serve(std::shared_ptr<Http2Back> self);
  void on_event(http::Http2Event& event, Http2Bridge* bridge) override;
  void on_input() override;
  [[nodiscard]] bool may_write() const override;
  /// An answer that is all here.
  [[nodiscard]] bool outlives_connection(const Http2Bridge& bridge) const override;
  void settle();
  io::Task<void> carry_request(Http2ExchangePointer exchange);
  io::Task<void> carry_answer(Http2ExchangePointer exchange);
  io::Task<bool> submit_request(Http2Exchange& exchange);
  /// As far as there is one; Bad: it may not go.
  http::ParseState submit_head(Http2Exchange& exchange, std::size_t& scanned);
  io::Task<bool> pass_heads(Http2Exchange& exchange);

  std::unique_ptr<io::Stream> provider_;
  OnSettled on_settled_;       ///< none once it was called
  std::uint32_t unnamed_ = 0;  ///< exchanges that have no stream yet
  bool is_used_ = false;       ///< an exchange has begun
  bool is_doubted_ = false;
};

}  // namespace strongroom::gateway
