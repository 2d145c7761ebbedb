// SPDX-License-Identifier: Apache-2.0
#include "io/authority/leaf_mint.h"

#include <gtest/gtest.h>

#include "io/authority/authority_for_test.h"
#include "io/authority/certificate_making.h"
#include "io/echo_for_test.h"
#include "io/tls/state.h"

namespace strongroom::io {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  EXPECT_EQ(ASN1_TIME_to_tm(time, &parts), 1);
  return WallTime(seconds(::timegm(&parts)));
}

class Minting : public ::testing::Test {
 public:
  ManualClock clock;
  std::vector<std::string> asked;
  hours length{24};

  std::unique_ptr<LeafMint> mint(const LeafMint::Limits& limits = {}) {
    auto authority = new_authority({"ses_1", clock.wall(), length});
    EXPECT_TRUE(authority);
    const auto grants = [this](std::string_view host) {
      asked.emplace_back(host);
      return !host.ends_with(".evil.example");
    };
    return std::make_unique<LeafMint>(std::move(*authority), clock, grants, limits);
  }
  struct Shown {
    std::string pem;
    Validity validity;
  };
  /// The certificate that a client sees.
  static Shown shown(LeafMint& mint, std::string_view host) {
    const auto server = mint.server_for(host);
    EXPECT_TRUE(server) << server.error().message;
    X509* const certificate = SSL_CTX_get0_certificate((*server)->state().context.get());
    return {pem_of(certificate),
            {time_of(X509_get0_notBefore(certificate)), time_of(X509_get0_notAfter(certificate))}};
  }
  static std::string host(int number) { return "h" + std::to_string(number) + ".example"; }
};

TEST_F(Minting, a_leaf_is_made_once) {
  const auto made = mint();
  const auto first = shown(*made, "api.example.com");
  EXPECT_EQ(shown(*made, "API.example.com").pem, first.pem);
  EXPECT_NE(shown(*made, "b.example.com").pem, first.pem);
  EXPECT_EQ(made->minted(), 2U);
  EXPECT_EQ(made->kept(), 2U);
}

TEST_F(Minting, A8_only_granted_hosts_in_their_one_spelling) {
  const auto made = mint();
  const auto refused = made->server_for("A.Evil.Example");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Refused);
  EXPECT_EQ(refused.error().reason, "host_not_granted");
  EXPECT_EQ(made->server_for("*.example.com").error().reason, "host_not_nameable");
  EXPECT_EQ(asked, std::vector<std::string>{"a.evil.example"});
  EXPECT_EQ(made->minted(), 0U);
}

TEST_F(Minting, N3_a_flood_of_names_is_limited) {
  const auto made = mint({.leaves = 1000, .burst = 10, .per_second = 2});
  ASSERT_TRUE(made->server_for("api.example.com"));
  int number = 0;
  while (number < 1000 && made->server_for(host(number))) ++number;
  EXPECT_EQ(number, 9);
  const auto limited = made->server_for(host(number));
  ASSERT_FALSE(limited);
  EXPECT_EQ(limited.error().code, Code::TooLarge);
  EXPECT_EQ(limited.error().reason, "mint_limited");
  EXPECT_TRUE(made->server_for("api.example.com")) << "what is kept goes on being answered";
  for (int i = 0; i < 100; ++i) (void)made->server_for(std::to_string(i) + ".evil.example");
  clock.advance(seconds(1));
  EXPECT_TRUE(made->server_for(host(100))) << "names that are refused cost nothing";
  EXPECT_TRUE(made->server_for(host(101)));
  EXPECT_FALSE(made->server_for(host(102)));
  clock.advance(hours(1));
  number = 200;
  while (number < 1000 && made->server_for(host(number))) ++number;
  EXPECT_EQ(number, 210) << "a long pause earns no more than the burst";
}

TEST_F(Minting, N3_what_is_kept_is_bounded_and_what_is_used_stays) {
  const auto made = mint({.leaves = 4, .burst = 1000, .per_second = 1000});
  const auto first = shown(*made, "api.example.com").pem;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(made->server_for(host(i)));
    EXPECT_LE(made->kept(), 4U);
    EXPECT_EQ(shown(*made, "api.example.com").pem, first);
  }
  const auto before = made->minted();
  EXPECT_TRUE(made->server_for(host(98)));
  EXPECT_EQ(made->minted(), before);
  EXPECT_TRUE(made->server_for(host(0)));
  EXPECT_EQ(made->minted(), before + 1) << "made way long ago";
}

TEST_F(Minting, a_leaf_is_renewed_before_its_end) {
  length = hours(100);
  const auto made = mint();
  const auto first = shown(*made, "api.example.com");
  clock.advance(hours(17));
  EXPECT_EQ(shown(*made, "api.example.com").pem, first.pem);
  clock.advance(hours(2));
  const auto second = shown(*made, "api.example.com");
  EXPECT_NE(second.pem, first.pem);
  EXPECT_GT(second.validity.until, first.validity.until);
  for (int hour = 0; hour < 80; ++hour) {
    clock.advance(hours(1));
    EXPECT_TRUE(shown(*made, "api.example.com").validity.covers(clock.wall())) << hour;
  }
  clock.advance(hours(2));
  EXPECT_EQ(made->server_for("api.example.com").error().reason, "authority_expired");
  EXPECT_LE(made->minted(), 8U) << "what ends with the authority is not made again and again";
}

TEST_F(Minting, an_old_leaf_will_do_while_minting_is_limited) {
  length = hours(100);
  const auto made = mint({.leaves = 10, .burst = 1, .per_second = 0});
  const auto first = shown(*made, "api.example.com");
  clock.advance(hours(23));
  EXPECT_EQ(shown(*made, "api.example.com").pem, first.pem);
  clock.advance(hours(1));
  EXPECT_EQ(made->server_for("api.example.com").error().reason, "mint_limited");
}

TEST_F(Minting, I11_a_clock_that_is_set_back_gets_a_leaf_for_its_time) {
  const auto made = mint();
  clock.advance(hours(5));
  const auto first = shown(*made, "api.example.com");
  clock.set_wall(clock.wall() - hours(4));
  const auto second = shown(*made, "api.example.com");
  EXPECT_FALSE(first.validity.covers(clock.wall()));
  EXPECT_TRUE(second.validity.covers(clock.wall()));
}

/// A client that trusts `pem` and asks for `host`; the server has what `mint` has for `minted`.
class MintedServers : public Echo {
 public:
  std::unique_ptr<LeafMint> mint =
      std::make_unique<LeafMint>(std::move(*new_authority({"ses_1", clock.wall(), hours(24)})),
                                 clock, [](std::string_view) { return true; });
  std::string pem = mint->authority().certificate_pem();

  Status handshake(const std::string& minted, const std::string& host) {
    const auto server = mint->server_for(minted);
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
    done = co_await stream.start_tls_client(client, host, ProtocolOffer::Http1);
  }
};

TEST_F(MintedServers, A3_are_for_their_host_alone) {
  EXPECT_TRUE(handshake("api.example.com", "api.example.com"));
  EXPECT_TRUE(handshake("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(handshake("api.example.com", "example.com"));
  EXPECT_FALSE(handshake("api.example.com", "evil.example.com"));
  EXPECT_FALSE(handshake("127.0.0.1", "127.0.0.2"));
  const auto* const first = *mint->server_for("api.example.com");
  EXPECT_EQ(*mint->server_for("api.example.com"), first) << "made once";
  EXPECT_EQ(mint->server_for("*").error().reason, "host_not_nameable");
}

}  // namespace
}  // namespace strongroom::io
