// Handshakes in memory as the gateway has them: a server that reads whom the client wants, and one
// with the leaf of a host that takes over. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "io/authority/authority_for_test.h"
#include "io/authority/leaf_mint.h"
#include "io/tls/pair_for_test.h"

namespace strongroom::io {
namespace {

using std::chrono::hours;
constexpr const char* kHost = "api.example.com";
constexpr const char* kOtherHost = "b.example.com";

/// Up to the name that the client asks for; what server then goes on is said by choose().
class UndecidedPair : public TlsPair {
 public:
  UndecidedPair(const TlsServer& undecided, const std::string& pem, const ClientWish& wish,
                WallTime now)
      : TlsPair(undecided, pem, wish, now) {
    SSL_set_app_data(server(), &wish_);
    (void)SSL_do_handshake(client());
    EXPECT_LE(SSL_do_handshake(server()), 0);
    EXPECT_EQ(wish_.name, wish.server_name);
  }
  void choose(const TlsServer& chosen) {
    SSL_set_SSL_CTX(server(), chosen.state().context.get());
    wish_.decision = ServerNameWish::Decision::Chosen;
  }

 private:
  ServerNameWish wish_;
};

class OfLeaf : public ::testing::Test {
 public:
  ManualClock clock;
  /// One for all sessions, as the gateway has it: what its tickets are sealed with is the same.
  TlsServer undecided = std::move(*TlsServer::undecided());

  using Session = std::unique_ptr<LeafMint>;
  Session session() {
    auto authority = new_authority({"ses_1", clock.wall(), hours(24)});
    return std::make_unique<LeafMint>(std::move(*authority), clock,
                                      [](std::string_view) { return true; });
  }
  /// With a client that trusts `of` and a server that has its leaf for `host`.
  std::unique_ptr<UndecidedPair> pair(const Session& of, const ClientWish& wish,
                                      const std::string& host = kHost) const {
    auto made = std::make_unique<UndecidedPair>(undecided, of->authority().certificate_pem(), wish,
                                                clock.wall());
    made->choose(**of->server_for(host));
    return made;
  }
  static std::string_view protocol(const UndecidedPair& pair) {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(pair.server(), &name, &size);
    return size == 0 ? std::string_view() : text_of(ByteView(name, size));
  }
};

TEST_F(OfLeaf, the_certificate_is_the_hosts_whatever_name_is_asked_for) {
  const auto own = session();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* name : {"", kHost, "API.Example.COM", kOtherHost}) {
      const auto made = pair(own, {.server_name = name, .expected = kHost, .version = version});
      ASSERT_TRUE(made->shake()) << name << " " << made->alert();
      EXPECT_EQ(SSL_version(made->client()), version);
    }
  }
  const auto address = pair(own, {.expected = "203.0.113.7"}, "203.0.113.7");
  EXPECT_TRUE(address->shake());
  EXPECT_EQ(own->minted(), 2U);
}

TEST_F(OfLeaf, A3_another_sessions_client_does_not_trust_it) {
  const auto own = session();
  const auto other = session();
  const auto made = pair(other, {.server_name = kHost, .expected = kHost});
  made->choose(**own->server_for(kHost));
  EXPECT_FALSE(made->shake());
  EXPECT_EQ(SSL_get_verify_result(made->client()), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_F(OfLeaf, A3_a_client_that_expects_another_name_goes_away) {
  const auto own = session();
  const auto made = pair(own, {.server_name = kHost, .expected = kOtherHost});
  EXPECT_FALSE(made->shake());
  EXPECT_EQ(SSL_get_verify_result(made->client()), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(OfLeaf, the_protocol_is_agreed_in_the_servers_order) {
  struct Agreement {
    std::string offer;
    std::string_view chosen;
  };
  const auto own = session();
  for (const auto& [offer, chosen] : std::initializer_list<Agreement>{{"\x08http/1.1\x02h2", "h2"},
                                                                      {"\x03"
                                                                       "dot\x08http/1.1",
                                                                       "http/1.1"},
                                                                      {"", ""}}) {
    const auto made = pair(own, {.server_name = kHost, .expected = kHost, .offer = offer});
    ASSERT_TRUE(made->shake());
    EXPECT_EQ(protocol(*made), chosen);
  }
}

TEST_F(OfLeaf, F10_a_client_of_other_protocols_is_refused) {
  const auto own = session();
  for (const std::string offer : {"\x03"
                                  "h2c",
                                  "\x03"
                                  "dot",
                                  "\x0A"
                                  "acme-tls/1"}) {
    const auto made = pair(own, {.server_name = kHost, .offer = offer});
    EXPECT_FALSE(made->shake());
    EXPECT_EQ(made->alert(), SSL_AD_NO_APPLICATION_PROTOCOL);
  }
}

TEST_F(OfLeaf, a_connection_outlives_its_server) {
  auto own = session();
  const auto made = pair(own, {.server_name = kHost, .expected = kHost, .offer = "\x02h2"});
  own.reset();
  EXPECT_TRUE(made->shake());
  EXPECT_EQ(protocol(*made), "h2");
}

TEST_F(OfLeaf, nothing_is_kept_for_a_client_that_takes_no_tickets) {
  const auto own = session();
  const auto made = pair(
      own,
      {.server_name = kHost, .expected = kHost, .version = TLS1_2_VERSION, .takes_tickets = false});
  ASSERT_TRUE(made->shake());
  EXPECT_EQ(SSL_CTX_sess_number(undecided.state().context.get()), 0);
}

/// What a client that has been at `of` before brings with it.
class Resuming : public OfLeaf, public ::testing::WithParamInterface<int> {
 public:
  std::unique_ptr<SSL_SESSION, SslFree> ticket(const Session& of) {
    const auto made = pair(of, {.server_name = kHost, .expected = kHost, .version = GetParam()});
    EXPECT_TRUE(made->shake());
    EXPECT_FALSE(made->is_resumed());
    auto kept = made->session();
    EXPECT_TRUE(SSL_SESSION_is_resumable(kept.get()));
    return kept;
  }
};

TEST_P(Resuming, works_for_the_same_host_of_the_same_session) {
  const auto own = session();
  const auto kept = ticket(own);
  const auto again = pair(
      own, {.server_name = kHost, .expected = kHost, .version = GetParam(), .session = kept.get()});
  ASSERT_TRUE(again->shake());
  EXPECT_TRUE(again->is_resumed());
}

TEST_P(Resuming, D7_never_crosses_from_one_session_to_another) {
  const auto own = session();
  const auto other = session();
  const auto kept = ticket(own);
  const auto strange =
      pair(other, {.server_name = kHost, .version = GetParam(), .session = kept.get()});
  EXPECT_TRUE(strange->shake());
  EXPECT_FALSE(strange->is_resumed());
}

TEST_P(Resuming, A2_never_crosses_from_one_host_to_another) {
  const auto own = session();
  const auto kept = ticket(own);
  for (const char* name : {kOtherHost, kHost}) {
    const auto other =
        pair(own, {.server_name = name, .version = GetParam(), .session = kept.get()}, kOtherHost);
    // A client may give up where the name is another than its ticket's; resumed it never is.
    (void)other->shake();
    EXPECT_FALSE(other->is_resumed()) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, Resuming, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

}  // namespace
}  // namespace strongroom::io
