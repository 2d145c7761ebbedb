// SPDX-License-Identifier: Apache-2.0
#include "io/session_authority.h"

#include <gtest/gtest.h>

#include "io/echo_for_test.h"

namespace strongroom::io {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Secret seed(std::uint8_t fill = 7) {
  return Secret(ByteVector(32, fill));
}

/// A client that trusts `pem` and asks for `host`; the server has what `authority` mints for
/// `minted`.
class Minting : public Echo {
 public:
  Status handshake(const std::string& pem, SessionAuthority& authority, const std::string& minted,
                   const std::string& host) {
    const auto server = authority.server_for(minted, clock);
    if (!server) return std::unexpected(server.error());
    const auto client = TlsClient::create(pem);
    const auto pair = socket_pair();
    if (!client || !pair) return fail(Code::Internal, "no client");
    auto theirs = Stream::adopt(loop, pair->theirs);
    auto ours = Stream::adopt(loop, pair->ours);
    loop.spawn(answer(std::move(*theirs), **server));
    Status done;
    run(ask(*ours, *client, host, done));
    return done;
  }
  static Task<void> answer(Stream stream, const TlsServer& server) {
    (void)co_await stream.start_tls_server(server);
  }
  static Task<void> ask(Stream& stream, const TlsClient& client, std::string host, Status& done) {
    done = co_await stream.start_tls_client(client, host);
  }
};

TEST_F(Minting, WhoHasTheSeedMakesTheSameAuthority) {
  const auto vault = SessionAuthority::from_seed(seed(), "ses_1", hours(24));
  auto gateway = SessionAuthority::from_seed(seed(), "ses_1", hours(24));
  ASSERT_TRUE(vault && gateway);
  const auto done =
      handshake(vault->certificate_pem(), *gateway, "api.example.com", "api.example.com");
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_TRUE(handshake(vault->certificate_pem(), *gateway, "127.0.0.1", "127.0.0.1"));
}

TEST_F(Minting, AnotherSeedIsAnotherAuthority) {
  const auto vault = SessionAuthority::from_seed(seed(7), "ses_1", hours(24));
  auto gateway = SessionAuthority::from_seed(seed(8), "ses_1", hours(24));
  ASSERT_TRUE(vault && gateway);
  EXPECT_FALSE(handshake(vault->certificate_pem(), *gateway, "a.example", "a.example"));
}

TEST_F(Minting, ALeafIsForItsHostAlone) {
  auto authority = SessionAuthority::from_seed(seed(), "ses_1", hours(24));
  ASSERT_TRUE(authority);
  const std::string pem = authority->certificate_pem();
  EXPECT_TRUE(handshake(pem, *authority, "api.example.com", "api.example.com"));
  EXPECT_FALSE(handshake(pem, *authority, "api.example.com", "example.com"));
  EXPECT_FALSE(handshake(pem, *authority, "api.example.com", "evil.example.com"));
}

TEST(SessionAuthority, MintsOnceAndWithinBounds) {
  auto authority = SessionAuthority::from_seed(seed(), "ses_1", hours(24));
  ASSERT_TRUE(authority);
  ManualClock clock;
  const auto* first = *authority->server_for("a.example", clock);
  EXPECT_EQ(*authority->server_for("a.example", clock), first);
  int minted = 1;
  Result<const TlsServer*> last = first;
  while (last && minted < 1000)
    last = authority->server_for("h" + std::to_string(minted++) + ".example", clock);
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().reason, "mint_limited");
  EXPECT_LE(minted, 70);
  EXPECT_TRUE(authority->server_for("a.example", clock)) << "what is there is still there";
  clock.advance(seconds(2));
  EXPECT_TRUE(authority->server_for("later.example", clock));
}

}  // namespace
}  // namespace strongroom::io
