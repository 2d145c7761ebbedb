// What dials to providers teach the pool, and how many connections it keeps.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

class PoolDials : public GatewayTest {
 public:
  [[nodiscard]] io::DialHint hint(std::string_view authority) {
    return world.gateway->pool().known().hint(authority, loop.clock().steady());
  }
};

TEST_F(PoolDials, an_address_whose_connection_is_verified_is_remembered) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request("GET", "/gemini/v1beta/models", with_pass());
    (void)co_await ask(octets);
  };
  const std::string authority = std::string(kGeminiHost) + ":443";
  EXPECT_EQ(hint(authority).address, "");
  run(story());
  EXPECT_EQ(hint(authority).address, world.provider.address());
  EXPECT_TRUE(hint(authority).has_worked);
}

TEST_F(PoolDials, an_address_whose_certificate_is_wrong_comes_last) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request("GET", "/elevenlabs@api.us.elevenlabs.io/v1/models",
                                       "xi-api-key: " + kElevenPass + "\r\n");
    (void)co_await ask(octets);
  };
  run(story());
  EXPECT_EQ(hint("api.us.elevenlabs.io:443").address, world.provider.address());
  EXPECT_FALSE(hint("api.us.elevenlabs.io:443").has_worked);
}

using Upstreams = std::vector<std::unique_ptr<Upstream>>;

class IdleUpstreams : public PoolDials {
 public:
  IdleUpstreams() {
    lease::GrantedLease granted;
    granted.settings = {{"tunnel", std::string(kGeminiHost) + ":443"}};
    authority = *Destinations::authority_of_tunnel(granted, {kGeminiHost, 443});
  }
  [[nodiscard]] Pool& pool() { return world.gateway->pool(); }
  io::Task<void> dial(std::size_t count, Upstreams& out) {
    while (out.size() < count) {
      auto made = co_await pool().dial(authority, ProtocolWish::Http1Only, LeaseId());
      if (!made) co_return;
      out.push_back(std::move(*made));
    }
  }
  void give_back(Upstreams& all) {
    for (auto& each : all) pool().give_back(std::move(each), nullptr);
  }
  [[nodiscard]] std::unique_ptr<Upstream> take() {
    return pool().take_idle(authority, ProtocolWish::Http1Only, LeaseId());
  }
  Authority authority;
};

TEST_F(IdleUpstreams, N8_are_bounded_and_the_oldest_are_closed_first) {
  auto story = [&]() -> io::Task<void> {
    Upstreams all;
    co_await dial(5, all);
    EXPECT_EQ(all.size(), 5U);
    if (all.size() != 5) co_return;
    std::vector<const Upstream*> made;
    for (const auto& each : all) made.push_back(each.get());
    pool().keep_at_most(3);
    give_back(all);
    EXPECT_TRUE(co_await world.until([&] { return world.provider.ended == 2; }));
    for (std::size_t left = 5; left > 2; --left) {
      all.push_back(take());
      EXPECT_EQ(all.back().get(), made[left - 1]);
    }
    EXPECT_EQ(take(), nullptr);
  };
  run(story());
}

TEST_F(IdleUpstreams, N5_make_room_where_descriptors_have_run_out) {
  auto story = [&]() -> io::Task<void> {
    Upstreams all;
    co_await dial(5, all);
    give_back(all);
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit few{256, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
    std::vector<int> hoard;
    for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) hoard.push_back(fd);
    Upstreams other;
    co_await dial(1, other);
    EXPECT_EQ(other.size(), 1U);
    EXPECT_EQ(take(), nullptr);
    for (const int fd : hoard) ::close(fd);
    ::setrlimit(RLIMIT_NOFILE, &before);
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
