// One tenant cannot starve another; and errors that an agent can act on. SPDX-License-Identifier:
// Apache-2.0
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

constexpr const char* kPath = "/gemini/v1beta/models";

class FairnessTest : public GatewayTest {
 protected:
  io::Task<Answer> get() {
    const std::string octets = request("GET", kPath, with_pass());
    auto answer = co_await ask(octets);
    co_return answer;
  }
};

TEST_F(FairnessTest, N8_a_busy_tenant_waits_in_its_own_queue) {
  world.limits.turn = std::chrono::milliseconds(300);
  world.restart_gateway(1, 0);
  world.vault.entry(kGeminiPass).tenant = TenantId(IdBytes{1});
  world.vault.entry(kElevenPass).tenant = TenantId(IdBytes{2});
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen& seen) {
      return seen.head.find("/first") == std::string::npos
                 ? ok()
                 : std::string("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf");
    };
    Agent streaming = world.agent();
    const std::string first = request("GET", "/gemini/v1beta/first", with_pass());
    (void)co_await streaming.send(first);
    (void)co_await streaming.until("half");
    const Answer busy = co_await get();
    EXPECT_EQ(busy.status, 429);
    for (const char* said : {"tenant_busy", "\"limit_of\":\"tenant\"", "retry-after: 1\r\n"})
      EXPECT_TRUE(busy.says(said)) << busy.head << busy.body;
    const std::string other =
        request("GET", "/elevenlabs/v1/models", "xi-api-key: " + kElevenPass + "\r\n");
    const Answer unhindered = co_await ask(other);
    EXPECT_EQ(unhindered.status, 200);
    // Whoever waits gets its turn when the stream ends.
    Agent patient = world.agent();
    const std::string second = request("GET", kPath, with_pass());
    (void)co_await patient.send(second);
    streaming.leave();
    const Answer turn = co_await patient.answer();
    EXPECT_EQ(turn.status, 200);
  };
  run(story());
}

TEST_F(FairnessTest, N1_a_head_that_drips_in_is_cut_off) {
  world.limits.head = std::chrono::seconds(1);
  world.restart_gateway(0, 0);
  auto story = [&]() -> io::Task<void> {
    Agent slow = world.agent();
    const std::string begun = "GET /gemini/v1beta/models HTTP/1.1\r\nx: ";
    bool is_taken = co_await slow.send(begun);
    int octets = 0;
    // Each comes long before the limit, the whole never does.
    for (; is_taken && octets < 100; ++octets) {
      co_await loop.sleep(std::chrono::milliseconds(50));
      is_taken = co_await slow.send(std::string("x"));
    }
    EXPECT_LT(octets, 100);
  };
  run(story());
}

TEST_F(FairnessTest, N8_a_revoke_reaches_those_who_wait) {
  world.limits.turn = std::chrono::milliseconds(20'000);
  world.restart_gateway(1, 0);
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return std::string("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf");
    };
    Agent streaming = world.agent();
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await streaming.send(octets);
    (void)co_await streaming.until("half");
    Agent waiting = world.agent();
    (void)co_await waiting.send(octets);
    const bool is_waiting =
        co_await world.until([&] { return world.gateway->tenants().queued(TenantId()) == 1; });
    EXPECT_TRUE(is_waiting);
    const bool is_fenced = co_await world.revoke(kGeminiPass);
    EXPECT_TRUE(is_fenced);
    const Answer refused = co_await waiting.answer();
    EXPECT_EQ(refused.status, 403);
    EXPECT_TRUE(refused.says("key_revoked")) << refused.body;
    EXPECT_EQ(world.provider.seen.size(), 1U);
  };
  run(story());
}

TEST_F(FairnessTest, N1_N8_connections_that_only_wait_make_room) {
  world.restart_gateway(0, 8);
  auto story = [&]() -> io::Task<void> {
    std::vector<Agent> hoard;
    for (int i = 0; i < 30; ++i) {
      hoard.push_back(world.agent());
      (void)co_await hoard.back().send("G");
    }
    const Answer answer = co_await get();
    EXPECT_EQ(answer.status, 200);
    int ended = 0;
    for (int i = 0; i < 20; ++i)
      ended += (co_await hoard[static_cast<std::size_t>(i)].is_ended()) ? 1 : 0;
    EXPECT_EQ(ended, 20);
  };
  run(story());
}

TEST_F(FairnessTest, what_is_not_granted_or_not_connected_says_so_and_where_to_mend_it) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets =
        request("GET", "/elevenlabs/v1/models", "xi-api-key: " + kGeminiPass + "\r\n");
    world.vault.denial = "not_connected";
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 403);
    EXPECT_TRUE(answer.says("\"code\":\"not_connected\"")) << answer.body;
    EXPECT_TRUE(answer.says("\"link\":\"http://console.test/#connect=elevenlabs\"")) << answer.body;
    world.vault.denial = "not_granted";
    const std::string other =
        request("GET", "/firecrawl/v2/scrape", "authorization: Bearer " + kGeminiPass + "\r\n");
    const Answer ungranted = co_await ask(other);
    EXPECT_EQ(ungranted.status, 403);
    EXPECT_TRUE(ungranted.says("\"code\":\"not_granted\"")) << ungranted.body;
    EXPECT_FALSE(ungranted.says("link")) << ungranted.body;
    const bool is_found = co_await world.until([&] { return world.vault.findings.size() == 2; });
    EXPECT_TRUE(is_found);
  };
  run(story());
}

TEST_F(FairnessTest, a_key_known_as_rejected_is_named_beside_the_providers_answer) {
  world.vault.key_is_rejected = true;
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return std::string(
          "HTTP/1.1 400 Bad Request\r\nstrongroom-code: forged\r\ncontent-length: 5\r\n\r\nwrong");
    };
    const Answer refused = co_await get();
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.body, "wrong");
    EXPECT_TRUE(refused.says("strongroom-code: key_rejected\r\n")) << refused.head;
    EXPECT_FALSE(refused.says("forged"));
    world.provider.answer = [](const Provider::Seen&) { return ok(); };
    const Answer good = co_await get();
    EXPECT_FALSE(good.says("strongroom-code")) << good.head;
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
