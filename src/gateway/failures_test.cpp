// What the log says of providers that fail. SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/failure.h"
#include "gateway/world_for_test.h"
#include "io/tls/tls.h"

namespace strongroom::gateway {
namespace {

constexpr const char* kPath = "/gemini/v1beta/models/m:generateContent";

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class Failures : public GatewayTest {
 protected:
  /// What the log says while the provider gives each of these answers and ends the connection.
  std::string logged(const std::vector<std::string>& answers, int times = 1) {
    testing::internal::CaptureStderr();
    auto story = [&]() -> io::Task<void> {
      for (const auto& octets : answers)
        for (int i = 0; i < times; ++i) {
          world.provider.answer = [&](const Provider::Seen&) { return octets; };
          (void)co_await ask(request("GET", std::string(kPath) + "?q=secret", with_pass()));
        }
    };
    run(story());
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(Failures, WhyAProviderFailedIsInTheLogWithNothingOfTheRequest) {
  const std::string log = logged({"HTTP/9 nonsense\r\n\r\n"});
  EXPECT_EQ(count_of(log, R"("event":"upstream_failed")"), 1U) << log;
  EXPECT_NE(log.find(R"("service":"gemini")"), std::string::npos) << log;
  EXPECT_NE(log.find(std::string(kGeminiHost) + ":443"), std::string::npos) << log;
  EXPECT_NE(log.find(kSessionOfAll.text()), std::string::npos) << log;
  EXPECT_NE(log.find(R"("reason":"malformed_answer")"), std::string::npos) << log;
  for (const std::string never : {"secret", "nonsense", "v1beta", kRealKey})
    EXPECT_EQ(log.find(never), std::string::npos) << log;
}

TEST_F(Failures, AnAgentThatLoopsDoesNotFillTheLog) {
  const std::string log = logged({"HTTP/9 nonsense\r\n\r\n"}, 20);
  EXPECT_EQ(count_of(log, R"("event":"upstream_failed")"), 1U) << log;
}

TEST_F(Failures, AnAnswerThatIsWholeIsNoFailure) {
  EXPECT_EQ(logged({ok(), "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"}), "");
}

TEST_F(Failures, AnAnswerWhoseFramingBreaksIsOne) {
  const std::string log =
      logged({"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nno size\r\n"});
  EXPECT_NE(log.find(R"("reason":"malformed_answer")"), std::string::npos) << log;
}

TEST(UpstreamFailure, EachDialSaysItsOwn) {
  const auto of = [](Code code, std::string_view reason) {
    const auto failure = failure_of_dial(Error(code, "m", std::string(reason)));
    return failure ? name_of(*failure) : std::string_view();
  };
  EXPECT_EQ(of(Code::Network, io::kDialRefused), "dial_refused");
  EXPECT_EQ(of(Code::Network, io::kNotResolved), "name_not_found");
  EXPECT_EQ(of(Code::Network, io::kCertificateRefused), "tls_certificate");
  EXPECT_EQ(of(Code::Network, "tls"), "tls_handshake");
  EXPECT_EQ(of(Code::Network, io::kNoCommonProtocol), "no_common_protocol");
  EXPECT_EQ(of(Code::Refused, "private_address"), "private_address");
  EXPECT_EQ(of(Code::Timeout, ""), "dial_timeout");
  EXPECT_EQ(of(Code::Network, ""), "dial_failed");
  EXPECT_EQ(of(Code::Unavailable, "too_many_streams"), "") << "of this side";
}

}  // namespace
}  // namespace strongroom::gateway
