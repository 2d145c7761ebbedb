// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"

#include <gtest/gtest.h>

#include "http/client.h"
#include "io/net.h"

namespace strongroom::api {
namespace {

using namespace std::chrono_literals;

class MetricsTest : public ::testing::Test {
 public:
  io::Task<http::ClientResponse> get(std::string target, std::string method = "GET") {
    const Deadline deadline = Deadline::after(clock_, 60s);
    std::string host = "127.0.0.1";
    auto stream =
        co_await io::dial_tcp(loop_, std::move(host), port_, io::PrivateAddresses::Allow, deadline);
    EXPECT_TRUE(stream);
    http::ClientRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    const auto response = co_await http::fetch(*stream, request);
    EXPECT_TRUE(response);
    co_return *response;
  }

  SystemClock clock_;
  io::Loop loop_{clock_};
  Metrics metrics_;
  std::string why_not_;
  MetricsServer server_{loop_, metrics_, [this] { return why_not_; }};
  std::uint16_t port_ = 0;
};

TEST_F(MetricsTest, AnswersItsThreePaths) {
  auto bound = io::listen_tcp({"127.0.0.1", 0});
  ASSERT_TRUE(bound);
  port_ = bound->bound.port;
  server_.start(bound->fd);
  metrics_.count_request("key.list", 200);
  metrics_.count_request("key.list", 200);
  metrics_.count_request("none", 401);
  metrics_.gauge("strongroom_gateways", "Gateway processes running", [] { return 2.0; });
  metrics_.counter("strongroom_uses_total", "Uses recorded", [] { return 7.0; });
  bool is_done = false;
  loop_.spawn([](MetricsTest& test, bool& done) -> io::Task<void> {
    const auto text = co_await test.get("/metrics");
    EXPECT_EQ(text.status, 200);
    EXPECT_TRUE(text.header("content-type").starts_with("text/plain; version=0.0.4"));
    EXPECT_NE(text.body.find(
                  "strongroom_control_requests_total{operation=\"key.list\",status=\"200\"} 2"),
              std::string::npos)
        << text.body;
    EXPECT_NE(text.body.find("strongroom_gateways 2"), std::string::npos) << text.body;
    EXPECT_NE(text.body.find("# TYPE strongroom_uses_total counter"), std::string::npos)
        << text.body;
    const auto healthy = co_await test.get("/healthz");
    EXPECT_EQ(healthy.status, 200);
    const auto ready = co_await test.get("/readyz");
    EXPECT_EQ(ready.status, 200);
    test.why_not_ = "no gateway";
    const auto waiting = co_await test.get("/readyz");
    EXPECT_EQ(waiting.status, 503);
    EXPECT_EQ(waiting.body, "no gateway\n");
    const auto other = co_await test.get("/api/v1/keys");
    EXPECT_EQ(other.status, 404);
    const auto posted = co_await test.get("/metrics", "POST");
    EXPECT_EQ(posted.status, 405);
    done = true;
    co_await test.server_.stop(1s);
    test.loop_.stop();
  }(*this, is_done));
  loop_.run();
  EXPECT_TRUE(is_done);
}

TEST(Refusals, AreCountedByCodeAndGatewaysCannotMakeUpMore) {
  Metrics metrics;
  metrics.count_refusals("rate_limited", 3);
  metrics.count_refusals("rate_limited", 2);
  metrics.count_refusals("bad\"code", 1);
  metrics.count_refusals(std::string(33, 'a'), 1);
  metrics.count_refusals("", 1);
  for (char first = 'a'; first <= 'z'; ++first)
    for (char second = 'a'; second <= 'z'; ++second)
      metrics.count_refusals(std::string{first, second}, 1);
  const std::string text = metrics.text();
  EXPECT_NE(text.find("strongroom_gateway_refusals_total{code=\"rate_limited\"} 5"),
            std::string::npos);
  std::size_t series = 0;
  for (auto at = text.find("refusals_total{"); at != std::string::npos;
       at = text.find("refusals_total{", at + 1))
    ++series;
  EXPECT_EQ(series, 65U) << "sixty-four codes and the others";
  EXPECT_EQ(text.find("bad"), std::string::npos);
}

}  // namespace
}  // namespace strongroom::api
