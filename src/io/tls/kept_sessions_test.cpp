// SPDX-License-Identifier: Apache-2.0
#include "io/tls/kept_sessions.h"

#include <gtest/gtest.h>

#include <memory>

#include "io/tls/pair_for_test.h"

namespace strongroom::io {
namespace {

constexpr const char* kHost = "api.example.com";

class Sessions : public ::testing::Test {
 public:
  SystemClock clock;
  Certificate authority = *make_authority("test");
  TlsServer server = std::move(*TlsServer::create(*make_leaf(authority, {kHost})));
  KeptSessions kept;

  /// A client that treats its sessions as TlsClient's do, with `session`.
  std::unique_ptr<TlsPair> pair(SSL_SESSION* session = nullptr) {
    auto made = std::make_unique<TlsPair>(
        server, authority.chain_pem,
        ClientWish{.server_name = kHost, .expected = kHost, .session = session}, clock.wall());
    SSL_CTX_set_session_cache_mode(SSL_get_SSL_CTX(made->client()),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    return made;
  }
  void keep_one() {
    const auto first = pair();
    ASSERT_TRUE(first->shake());
    kept.keep(kHost, first->session().get());
  }
};

TEST_F(Sessions, one_serves_many_at_once) {
  keep_one();
  std::vector<std::unique_ptr<TlsPair>> all;
  for (int i = 0; i < 20; ++i) all.push_back(pair(kept.take(kHost).get()));
  for (const auto& each : all) {
    EXPECT_TRUE(each->shake());
    EXPECT_TRUE(each->is_resumed()) << "although others are through with it";
  }
}

TEST_F(Sessions, the_end_of_a_connection_does_not_spoil_its_session) {
  auto first = pair();
  ASSERT_TRUE(first->shake());
  kept.keep(kHost, first->session().get());
  SSL_set_shutdown(first->client(), 0);  // as of one that was reset
  const auto own = first->session();
  SSL_CTX_remove_session(SSL_get_SSL_CTX(first->client()), own.get());
  ASSERT_FALSE(SSL_SESSION_is_resumable(own.get()));
  const auto next = pair(kept.take(kHost).get());
  EXPECT_TRUE(next->shake());
  EXPECT_TRUE(next->is_resumed());
}

TEST_F(Sessions, each_is_taken_once_while_there_are_several) {
  keep_one();
  keep_one();
  const auto ticket_of = [](const KeptSessions::Session& session) {
    const unsigned char* ticket = nullptr;
    std::size_t size = 0;
    SSL_SESSION_get0_ticket(session.get(), &ticket, &size);
    return std::string(reinterpret_cast<const char*>(ticket), size);
  };
  const auto newest = ticket_of(kept.take(kHost));
  const auto other = ticket_of(kept.take(kHost));
  EXPECT_NE(newest, other);
  EXPECT_EQ(ticket_of(kept.take(kHost)), other) << "the last one stays";
  kept.forget(kHost);
  EXPECT_EQ(kept.take(kHost), nullptr);
}

TEST_F(Sessions, are_so_many_and_no_more) {
  const auto first = pair();
  ASSERT_TRUE(first->shake());
  const auto session = first->session();
  for (std::size_t i = 0; i < KeptSessions::kMostHosts; ++i)
    kept.keep("h" + std::to_string(i), session.get());
  kept.keep("h0", session.get());
  EXPECT_NE(kept.take("h1"), nullptr);
  kept.keep("one.more", session.get());
  EXPECT_EQ(kept.take("h1"), nullptr);
  EXPECT_NE(kept.take("one.more"), nullptr);
}

}  // namespace
}  // namespace strongroom::io
