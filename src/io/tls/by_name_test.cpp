// Handshakes in memory with servers that choose their certificate by name.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "io/authority/leaf_mint.h"
#include "io/tls/connection.h"
#include "io/tls/pair_for_test.h"

namespace strongroom::io {
namespace {

using Protocols = TlsServer::Protocols;
using std::chrono::hours;
constexpr const char* kHost = "api.example.com";

class ByName : public ::testing::Test {
 public:
  ManualClock clock;
  LeafMint::Limits limits;

  struct Session {
    std::unique_ptr<LeafMint> mint;
    TlsServer server;
    [[nodiscard]] const std::string& pem() const { return mint->authority().certificate_pem(); }
  };
  Session session(Protocols protocols = Protocols::Http2AndHttp1) {
    auto authority = SessionAuthority::generate({"ses_1", clock.wall(), hours(24)});
    const auto grants = [](std::string_view host) {
      return host.ends_with(".example.com") || host == "203.0.113.7";
    };
    auto mint = std::make_unique<LeafMint>(std::move(*authority), clock, grants, limits);
    auto server = TlsServer::by_name(
        [own = mint.get()](std::string_view host) { return own->leaf_for(host); }, protocols);
    EXPECT_TRUE(server);
    return {std::move(mint), std::move(*server)};
  }
  std::unique_ptr<TlsPair> pair(const Session& of, const ClientWish& wish) const {
    return std::make_unique<TlsPair>(of.server, of.pem(), wish, clock.wall());
  }
  static std::string refusal(const TlsPair& pair) {
    const Error* const error = tls_refusal(pair.server());
    return error == nullptr ? "" : error->reason;
  }
};

TEST_F(ByName, the_certificate_is_the_one_for_the_name) {
  const auto own = session();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* name : {kHost, "b.example.com"}) {
      const auto made = pair(own, {.server_name = name, .expected = name, .version = version});
      ASSERT_TRUE(made->shake()) << name << " " << made->alert();
      EXPECT_EQ(SSL_version(made->client()), version);
      EXPECT_EQ(tls_agreed(made->server()).server_name, name);
      EXPECT_EQ(tls_agreed(made->server()).host, name);
      EXPECT_EQ(tls_refusal(made->server()), nullptr);
    }
  }
  EXPECT_EQ(own.mint->minted(), 2U);
}

TEST_F(ByName, A7_names_in_capitals_mean_the_same) {
  const auto own = session();
  const auto made = pair(own, {.server_name = "API.Example.COM", .expected = kHost});
  ASSERT_TRUE(made->shake());
  EXPECT_EQ(tls_agreed(made->server()).server_name, kHost);
}

TEST_F(ByName, A2_A7_A8_other_names_are_unrecognized) {
  const auto own = session();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* name : {"evil.example", "example.com", "api.example.com.evil.example",
                             "*.example.com", "api.example.com.", "198.51.100.1"}) {
      const auto made = pair(own, {.server_name = name, .version = version});
      EXPECT_FALSE(made->shake()) << name;
      EXPECT_EQ(made->alert(), SSL_AD_UNRECOGNIZED_NAME) << name;
      EXPECT_NE(refusal(*made), "") << name;
      EXPECT_EQ(tls_agreed(made->server()).host, "") << name;
    }
  }
  EXPECT_EQ(own.mint->minted(), 0U);
}

TEST_F(ByName, A14_without_a_name_the_tunnels_host_answers) {
  const auto own = session();
  for (const char* host : {kHost, "203.0.113.7"}) {
    const auto made = pair(own, {.expected = host});
    ASSERT_TRUE(set_tunnel_host(made->server(), host));
    ASSERT_TRUE(made->shake()) << host;
    EXPECT_EQ(tls_agreed(made->server()).server_name, "");
    EXPECT_EQ(tls_agreed(made->server()).host, host);
  }
  const auto nameless = pair(own, {});
  EXPECT_FALSE(nameless->shake()) << "and no tunnel";
  EXPECT_EQ(nameless->alert(), SSL_AD_UNRECOGNIZED_NAME);
  EXPECT_EQ(refusal(*nameless), "server_name_missing");
  const auto strange = pair(own, {});
  ASSERT_TRUE(set_tunnel_host(strange->server(), "evil.example"));
  EXPECT_FALSE(strange->shake()) << "a tunnel grants nothing";
  EXPECT_EQ(refusal(*strange), "host_not_granted");
  EXPECT_FALSE(set_tunnel_host(strange->server(), "*.example.com"));
}

TEST_F(ByName, A14_a_name_in_pieces_is_the_same_name) {
  const auto own = session();
  for (const char* name : {kHost, "evil.example"}) {
    const auto made = pair(own, {.server_name = name});
    const std::string hello = made->take_hello();
    constexpr std::size_t kHead = 5;
    ASSERT_GT(hello.size(), kHead);
    std::string_view rest = std::string_view(hello).substr(kHead);
    while (!rest.empty()) {  // a record for every seven octets
      const auto piece = rest.substr(0, 7);
      made->give(hello.substr(0, 3) + '\0' + static_cast<char>(piece.size()) + std::string(piece));
      rest.remove_prefix(piece.size());
    }
    EXPECT_EQ(made->shake(), name == kHost);
    EXPECT_EQ(tls_agreed(made->server()).server_name, name);
  }
}

TEST_F(ByName, A7_a_malformed_name_is_refused) {
  struct Damage {
    std::ptrdiff_t at;  ///< from the name's first octet on
    char octet;
    int alert;
  };
  for (const auto& [at, octet, alert] :
       std::initializer_list<Damage>{{0, '\0', SSL_AD_UNRECOGNIZED_NAME},
                                     {3, '\0', SSL_AD_UNRECOGNIZED_NAME},
                                     {3, '\x80', SSL_AD_UNRECOGNIZED_NAME},
                                     {-1, 14, SSL_AD_DECODE_ERROR},  // the name's length
                                     {-1, 0, SSL_AD_DECODE_ERROR},
                                     {-3, 1, SSL_AD_DECODE_ERROR},    // the name's type
                                     {-4, 17, SSL_AD_DECODE_ERROR}})  // the list's length
  {
    const auto own = session();
    const auto made = pair(own, {.server_name = kHost});
    ASSERT_TRUE(set_tunnel_host(made->server(), kHost));
    std::string hello = made->take_hello();
    const auto name = static_cast<std::ptrdiff_t>(hello.find(kHost));
    hello.at(static_cast<std::size_t>(name + at)) = octet;
    made->give(hello);
    EXPECT_FALSE(made->shake());
    EXPECT_EQ(made->alert(), alert) << at;
    EXPECT_NE(refusal(*made), "") << "it was us, not a later check";
  }
}

TEST_F(ByName, A1_A2_another_name_than_the_tunnels_is_refused) {
  const auto own = session();
  const auto same = pair(own, {.server_name = "API.example.com", .expected = kHost});
  ASSERT_TRUE(set_tunnel_host(same->server(), kHost));
  EXPECT_TRUE(same->shake());
  const auto other = pair(own, {.server_name = "b.example.com"});
  ASSERT_TRUE(set_tunnel_host(other->server(), kHost));
  EXPECT_FALSE(other->shake());
  EXPECT_EQ(other->alert(), SSL_AD_UNRECOGNIZED_NAME);
  EXPECT_EQ(refusal(*other), "host_mismatch");
}

TEST_F(ByName, A3_another_sessions_client_does_not_trust_it) {
  const auto own = session();
  const auto other = session();
  TlsPair made(own.server, other.pem(), {.server_name = kHost, .expected = kHost}, clock.wall());
  EXPECT_FALSE(made.shake());
  EXPECT_EQ(SSL_get_verify_result(made.client()), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_F(ByName, A3_a_client_that_expects_another_name_goes_away) {
  const auto own = session();
  const auto made = pair(own, {.server_name = kHost, .expected = "b.example.com"});
  EXPECT_FALSE(made->shake());
  EXPECT_EQ(SSL_get_verify_result(made->client()), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(ByName, the_protocol_is_agreed_in_the_servers_order) {
  struct Agreement {
    Protocols protocols;
    std::string offer;
    std::string_view chosen;
  };
  for (const auto& [protocols, offer, chosen] :
       std::initializer_list<Agreement>{{Protocols::Http2AndHttp1, "\x08http/1.1\x02h2", "h2"},
                                        {Protocols::Http2AndHttp1, "\x08http/1.1", "http/1.1"},
                                        {Protocols::Http1, "\x02h2\x08http/1.1", "http/1.1"},
                                        {Protocols::Http1, "", ""}}) {
    const auto own = session(protocols);
    const auto made = pair(own, {.server_name = kHost, .expected = kHost, .offer = offer});
    ASSERT_TRUE(made->shake());
    EXPECT_EQ(tls_agreed(made->server()).protocol, chosen);
  }
}

TEST_F(ByName, F10_a_client_of_other_protocols_is_refused) {
  const auto own = session(Protocols::Http1);
  for (const std::string offer : {"\x02h2",
                                  "\x03"
                                  "dot",
                                  "\x0A"
                                  "acme-tls/1"}) {
    const auto made = pair(own, {.server_name = kHost, .offer = offer});
    EXPECT_FALSE(made->shake());
    EXPECT_EQ(made->alert(), SSL_AD_NO_APPLICATION_PROTOCOL);
  }
}

TEST_F(ByName, N3_a_flood_of_names_ends_in_refusals) {
  limits = {.leaves = 2, .burst = 3, .per_second = 0};
  const auto own = session();
  for (const char* name : {"a.example.com", "b.example.com", "c.example.com"})
    EXPECT_TRUE(pair(own, {.server_name = name, .expected = name})->shake()) << name;
  const auto made = pair(own, {.server_name = "d.example.com"});
  EXPECT_FALSE(made->shake());
  EXPECT_EQ(made->alert(), SSL_AD_INTERNAL_ERROR);
  EXPECT_EQ(refusal(*made), "mint_limited");
  EXPECT_TRUE(pair(own, {.server_name = "c.example.com"})->shake()) << "kept";
}

TEST_F(ByName, a_connection_outlives_its_server) {
  auto own = std::make_unique<Session>(session());
  const auto made = pair(*own, {.server_name = kHost, .offer = "\x02h2"});
  const auto leaf = own->mint->leaf_for(kHost);
  own->server =
      std::move(*TlsServer::by_name([leaf](std::string_view) { return leaf; }, Protocols::Http1));
  EXPECT_TRUE(made->shake()) << "with the first server's context";
  EXPECT_EQ(tls_agreed(made->server()).protocol, "h2");
}

/// What a client that has been at `of` before brings with it.
class Resuming : public ByName, public ::testing::WithParamInterface<int> {
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
  EXPECT_EQ(tls_agreed(again->server()).host, kHost);
}

TEST_P(Resuming, D7_never_crosses_from_one_session_to_another) {
  const auto own = session();
  const auto other = session();
  const auto kept = ticket(own);
  TlsPair strange(other.server, other.pem(),
                  {.server_name = kHost, .version = GetParam(), .session = kept.get()},
                  clock.wall());
  EXPECT_TRUE(strange.shake());
  EXPECT_FALSE(strange.is_resumed());
}

TEST_P(Resuming, A2_never_crosses_from_one_host_to_another) {
  const auto own = session();
  const auto kept = ticket(own);
  const auto other =
      pair(own, {.server_name = "b.example.com", .version = GetParam(), .session = kept.get()});
  // A client may give up where the name is another than its ticket's; resumed it never is.
  (void)other->shake();
  EXPECT_FALSE(other->is_resumed());
}

/// As the transparent ingress does: one context for all begins, and the session's takes over.
class Switched : public TlsPair {
 public:
  Switched(const TlsServer& undecided, const TlsServer& chosen, const std::string& pem,
           const ClientWish& wish, WallTime now)
      : TlsPair(undecided, pem, wish, now) {
    SSL_set_app_data(server(), &wish_);
    (void)SSL_do_handshake(client());
    EXPECT_LE(SSL_do_handshake(server()), 0);
    EXPECT_EQ(wish_.name, wish.server_name);
    SSL_set_SSL_CTX(server(), chosen.state().context.get());
    wish_.decision = ServerNameWish::Decision::Chosen;
  }

 private:
  ServerNameWish wish_;
};

TEST_P(Resuming, D7_never_crosses_sessions_behind_one_undecided_server) {
  const auto undecided = TlsServer::undecided();
  const auto own = session();
  const auto other = session();
  for (const bool is_by_name : {true, false}) {
    const auto server_of = [&](const Session& of) -> const TlsServer& {
      return is_by_name ? of.server : **of.mint->server_for(kHost);
    };
    Switched first(*undecided, server_of(own), own.pem(),
                   {.server_name = kHost, .expected = kHost, .version = GetParam()}, clock.wall());
    ASSERT_TRUE(first.shake()) << first.alert();
    const auto kept = first.session();
    const ClientWish again{.server_name = kHost, .version = GetParam(), .session = kept.get()};
    Switched same(*undecided, server_of(own), own.pem(), again, clock.wall());
    EXPECT_TRUE(same.shake());
    EXPECT_TRUE(same.is_resumed());
    Switched strange(*undecided, server_of(other), other.pem(), again, clock.wall());
    EXPECT_TRUE(strange.shake());
    EXPECT_FALSE(strange.is_resumed()) << is_by_name;
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, Resuming, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

}  // namespace
}  // namespace strongroom::io
