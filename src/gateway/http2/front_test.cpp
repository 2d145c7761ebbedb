// An agent's HTTP/2 connection, through the whole pipeline. SPDX-License-Identifier: Apache-2.0
#include "gateway/http2/front.h"

#include "gateway/world_for_test.h"
#include "http/http2/sessions_for_test.h"

namespace strongroom::gateway {
namespace {

using http::Http2EventKind;

/// Opens no windows, and so takes the first 65,535 octets of an answer alone; what else comes it
/// reads.
class DeafAgent {
 public:
  explicit DeafAgent(World& world)
      : world_(world), tls_(std::move(*io::TlsClient::create(world.ca_pem))) {}

  io::Task<bool> connect() {
    auto dialled = co_await io::dial_tcp(world_.other_loop, "127.0.0.1", world_.port,
                                         io::PrivateAddresses::Allow, Deadline());
    if (!dialled) co_return false;
    stream_.emplace(std::move(*dialled));
    std::string host = "localhost";
    const auto secured =
        co_await stream_->start_tls_client(tls_, std::move(host), io::ProtocolOffer::Http2AndHttp1);
    co_return secured && stream_->tls_protocol() == "h2";
  }
  void ask(const std::string& head) {
    (void)session_.submit_request(http::request_head(head), http::Http2Scheme::Https,
                                  http::Http2End::Ends);
  }
  /// With what code the gateway closes the stream; pings as long as it does not.
  io::Task<std::uint32_t> wait_for_close() {
    ByteVector block(65536);
    session_.ping();
    for (;;) {
      const std::string octets = http::take_all(session_);
      const auto sent = co_await stream_->write_all(bytes_of(octets));
      const auto got = co_await stream_->read_some(block);
      if (!sent || !got || *got == 0) co_return kConnectionEnded;
      (void)session_.feed(ByteView(block).first(*got));
      const auto events = http::events_of(session_);
      if (const auto* closed = http::find_event(events, Http2EventKind::Closed))
        co_return closed->code;
      if (http::find_event(events, Http2EventKind::Pong) == nullptr) continue;
      co_await world_.other_loop.sleep(std::chrono::milliseconds(50));  // so as to be no flood
      session_.ping();
    }
  }
  static constexpr std::uint32_t kConnectionEnded = 999;

 private:
  static http::Http2Limits small_windows() {
    http::Http2Limits limits;
    limits.stream_window = limits.connection_window = 65'535;
    return limits;
  }

  World& world_;
  io::TlsClient tls_;
  SystemClock clock_;
  http::Http2Session session_{http::Http2Role::Client, clock_, small_windows()};
  std::optional<io::Stream> stream_;
};

using Http2Agents = GatewayTest;

/// The rest of it is in the session's queue: nothing else waits for the agent.
TEST_F(Http2Agents, N1_a_whole_answer_that_is_not_read_is_given_up_in_time) {
  world.limits.body = std::chrono::seconds(1);
  world.restart_gateway(0, 0);
  world.provider.answer = [](const Provider::Seen&) { return ok(std::string(100'000, 'x')); };
  auto story = [&]() -> io::Task<void> {
    DeafAgent agent(world);
    const bool is_connected = co_await agent.connect();
    EXPECT_TRUE(is_connected);
    agent.ask(request("GET", "/gemini/v1beta/models", with_pass()));
    const std::uint32_t code = co_await agent.wait_for_close();
    EXPECT_EQ(code, std::to_underlying(http::Http2Code::Cancel));
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
