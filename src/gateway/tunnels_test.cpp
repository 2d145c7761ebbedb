// Tunnels that are looked into, up to their TLS. SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "crypto/session_credentials.h"
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

/// Two proxy credentials of one session, each with as many places as a lease may list. Time stands
/// still for the mints.
class Tunnels : public testing::Test {
 protected:
  static constexpr int kPlaces = 60;
  Tunnels() {
    for (std::uint8_t which = 0; which < 2; ++which) {
      TinyVault::Entry entry{"@proxy uid " + std::to_string(::getuid()), {}, {}};
      for (int i = 0; i < kPlaces; ++i)
        entry.settings.emplace_back("inspect",
                                    "generic-http " + host(which * kPlaces + i) + ":443");
      world.vault.passes[credential(which)] = entry;
    }
  }
  void run(io::Task<void> story) {
    loop.spawn(finish(std::move(story)));
    loop.run();
  }
  io::Task<void> finish(io::Task<void> story) {
    co_await std::move(story);
    loop.stop();
  }
  static std::string host(int number) { return "h" + std::to_string(number) + ".example"; }
  static crypto::ProxyCredential credential(int which) {
    crypto::ProxyCredential out{};
    out.fill(static_cast<std::uint8_t>(which + 1));
    return out;
  }
  io::Task<Answer> connect(int number) {
    const std::string place = host(number) + ":443";
    Agent agent = world.agent();
    (void)co_await agent.send("CONNECT " + place + " HTTP/1.1\r\nhost: " + place +
                              "\r\nproxy-authorization: Bearer " +
                              crypto::to_text(credential(number / kPlaces)) + "\r\n\r\n");
    auto answer = co_await agent.answer("CONNECT");
    co_return answer;
  }
  /// Opens tunnels until there is no certificate for one. Its number.
  io::Task<int> exhaust() {
    for (int number = 0; number < 2 * kPlaces; ++number) {
      const auto answer = co_await connect(number);
      if (answer.status != 200) co_return number;
    }
    co_return 2 * kPlaces;
  }
  /// What a client of the transparent way is told in TLS.
  io::Task<std::string> shake_hands(int number) {
    const std::string here = "127.0.0.1";
    auto stream = co_await io::dial_tcp(loop, here, world.port, io::PrivateAddresses::Allow,
                                        loop.deadline_in(std::chrono::seconds(60)));
    if (!stream) co_return "no connection";
    const std::string preamble = "\x01" + crypto::to_text(credential(number / kPlaces)) + "\n";
    (void)co_await stream->write_all(bytes_of(preamble));
    const auto client = io::TlsClient::create(world.ca_pem);
    const std::string name = host(number);
    const auto done = co_await stream->start_tls_client(*client, name, io::ProtocolOffer::Http1);
    co_return done ? "a certificate" : done.error().message;
  }
  ManualClock clock;
  io::Loop loop{clock};
  World world{loop, loop};
};

TEST_F(Tunnels, N3_who_opens_them_to_too_many_hosts_is_told_and_it_is_counted) {
  testing::internal::CaptureStderr();
  auto story = [&]() -> io::Task<void> {
    const int first = co_await exhaust();
    EXPECT_EQ(first, 64) << "as many as a mint makes at once";
    const auto answer = co_await connect(first);
    EXPECT_EQ(answer.status, 429);
    EXPECT_TRUE(answer.says("rate_limited") && answer.says("retry-after: 1")) << answer.head;
    const std::string told = co_await shake_hands(first);
    EXPECT_NE(told.find("internal error"), std::string::npos) << told;
    const auto kept = co_await connect(0);
    EXPECT_EQ(kept.status, 200) << "what there is already goes on";
    const bool is_counted =
        co_await world.until([&] { return world.vault.refused["rate_limited"] == 3; });
    EXPECT_TRUE(is_counted);
  };
  run(story());
  const std::string log = testing::internal::GetCapturedStderr();
  const auto line = log.find(R"("event":"certificate_not_made")");
  EXPECT_NE(log.find(R"("reason":"mint_limited")"), std::string::npos) << log;
  EXPECT_EQ(log.find(R"("event":"certificate_not_made")", line + 1), std::string::npos) << log;
}

}  // namespace
}  // namespace strongroom::gateway
