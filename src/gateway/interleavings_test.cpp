// What happens beside an exchange while it waits: a cut, an end, a goodbye, each at the moment
// where it changes what was read before. SPDX-License-Identifier: Apache-2.0
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

using std::chrono::milliseconds;

constexpr const char* kPath = "/gemini/v1beta/models";
constexpr const char* kGenerate = "/gemini/v1beta/models/m:generateContent";
const std::string kStreamHead =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

std::string begun_post(const std::string& headers = {}) {
  return request("POST", kGenerate, with_pass() + "transfer-encoding: chunked\r\n" + headers);
}

class Interleaving : public GatewayTest {
 protected:
  io::Task<lease::UseOutcome> outcome_of(std::size_t count) {
    const bool is_settled =
        co_await world.until([&, count] { return world.vault.settled.size() >= count; });
    EXPECT_TRUE(is_settled);
    co_return is_settled ? world.vault.settled.back().outcome : lease::UseOutcome::Unknown;
  }
  /// The provider answers when it is told to, and reads on.
  void hold_answers() {
    world.provider.reads_bodies = false;
    world.provider.becomes_raw = true;
    world.provider.answer = [](const Provider::Seen&) { return std::string(); };
  }
  /// What is there to be read, until it ends or nothing more comes.
  static io::Task<std::string> read_all(io::Stream& stream) {
    std::string all;
    ByteVector block(65536);
    for (;;) {
      stream.set_deadline(stream.loop().deadline_in(milliseconds(300)));
      const auto got = co_await stream.read_some(block);
      if (!got || *got == 0) co_return all;
      all.append(text_of(ByteView(block).first(*got)));
    }
  }
  /// So many octets more in answers that nobody reads.
  io::Task<void> fill(io::Stream& stream, std::size_t octets) {
    std::size_t size = 1000;
    world.provider.answer = [&](const Provider::Seen&) { return ok(std::string(size, 'x')); };
    const std::string get = request("GET", kPath, with_pass());
    (void)co_await stream.write_all(bytes_of(get));
    ByteVector block(65536);
    const auto first = co_await stream.read_some(block);
    const std::size_t head = first ? *first - size : 0;
    for (std::size_t count = 1; octets > 0; ++count) {
      const std::size_t of_this = octets <= 4000 ? octets : std::min<std::size_t>(octets / 2, 4000);
      size = of_this - head;
      octets -= of_this;
      (void)co_await stream.write_all(bytes_of(get));
      (void)co_await world.until([&, count] { return world.vault.settled.size() > count; });
    }
  }
};

TEST_F(Interleaving, I1_a_revoke_while_the_client_is_asked_for_its_body_lets_no_answer_through) {
  auto story = [&]() -> io::Task<void> {
    io::JoinedStreams ends = io::Stream::join(loop);
    world.gateway->accept_inner(std::move(ends.other), nullptr, {}, nullptr);
    io::Stream agent = std::move(ends.one);
    // No room for the 100.
    co_await fill(agent, (64UL << 10U) - 10);
    const std::size_t before = world.provider.seen.size();
    hold_answers();
    const std::string octets = begun_post("expect: 100-continue\r\n");
    (void)co_await agent.write_all(bytes_of(octets));
    (void)co_await world.until([&] { return world.provider.seen.size() == before + 1; });
    co_await loop.sleep(milliseconds(1200));
    (void)co_await world.provider.send(ok(kRealKey));
    co_await loop.sleep(milliseconds(100));
    const bool is_done = co_await world.revoke(kGeminiPass);
    EXPECT_TRUE(is_done);
    const std::string all = co_await read_all(agent);
    EXPECT_NE(all.find("100 Continue"), std::string::npos) << "it was being written";
    EXPECT_EQ(all.find(kRealKey), std::string::npos);
    EXPECT_NE(all.find("key_revoked"), std::string::npos);
  };
  run(story());
}

TEST_F(Interleaving, a_client_that_leaves_both_ways_at_once_is_recorded_as_one_that_left) {
  auto story = [&]() -> io::Task<void> {
    hold_answers();
    // More than all that stands between holds.
    const std::string many(32UL << 20U, 'x');
    world.provider.answer = [&](const Provider::Seen&) {
      return kStreamHead + "2000000\r\n" + many;
    };
    Agent agent = world.agent();
    const std::string octets = begun_post() + "3\r\nabc\r\n";
    (void)co_await agent.send(octets);
    (void)co_await world.until([&] { return world.provider.seen.size() == 1; });
    co_await loop.sleep(milliseconds(500));
    agent.leave();
    const auto outcome = co_await outcome_of(1);
    EXPECT_EQ(outcome, lease::UseOutcome::ClientLeft);
  };
  run(story());
}

TEST_F(Interleaving, a_client_that_has_its_whole_answer_leaves_nothing_unfinished) {
  auto story = [&]() -> io::Task<void> {
    hold_answers();
    for (const std::string rest : {"", "0\r\n\r\n"}) {
      const std::size_t before = world.vault.settled.size();
      Agent agent = world.agent();
      const std::string octets = begun_post() + "3\r\nabc\r\n";
      (void)co_await agent.send(octets);
      (void)co_await world.until([&] { return world.provider.seen.size() == before + 1; });
      // It is looked after from then on.
      co_await loop.sleep(milliseconds(300));
      (void)co_await world.provider.send(ok());
      const Answer answer = co_await agent.answer("POST");
      EXPECT_EQ(answer.status, 200);
      (void)co_await agent.send(rest);
      co_await loop.sleep(milliseconds(400));
      agent.leave();
      const auto outcome = co_await outcome_of(before + 1);
      EXPECT_EQ(outcome, lease::UseOutcome::Completed) << "rest: " << rest;
    }
  };
  run(story());
}

TEST_F(Interleaving, what_the_gateway_ends_is_not_sent_again) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await ask(octets);
    hold_answers();
    // Over the connection that was kept, which may have been closed meanwhile.
    Agent agent = world.agent();
    (void)co_await agent.send(octets);
    (void)co_await world.until([&] { return world.provider.seen.size() == 2; });
    EXPECT_EQ(world.provider.connections, 1);
    bool is_drained = false;
    world.gateway->drain(milliseconds(300), [&] { is_drained = true; });
    (void)co_await world.until([&] { return is_drained; });
    EXPECT_EQ(world.provider.seen.size(), 2U);
    const auto outcome = co_await outcome_of(2);
    EXPECT_EQ(outcome, lease::UseOutcome::ClientLeft);
  };
  run(story());
}

TEST_F(Interleaving, what_the_gateway_ends_before_it_was_sent_is_not_sent) {
  auto story = [&]() -> io::Task<void> {
    world.limits.turn = milliseconds(2000);
    world.restart_gateway(1, 0);
    hold_answers();
    const std::string octets = request("GET", kPath, with_pass());
    Agent first = world.agent();
    (void)co_await first.send(octets);
    (void)co_await world.until([&] { return world.provider.seen.size() == 1; });
    Agent second = world.agent();
    (void)co_await second.send(octets);
    (void)co_await world.until([&] { return world.gateway->tenants().queued({}) == 1; });
    bool is_drained = false;
    world.gateway->drain(milliseconds(300), [&] { is_drained = true; });
    (void)co_await world.until([&] { return is_drained; });
    EXPECT_EQ(world.provider.seen.size(), 1U);
  };
  run(story());
}

TEST_F(Interleaving, a_revoke_is_not_taken_for_a_limit_that_is_reached_behind_it) {
  auto story = [&]() -> io::Task<void> {
    lease::GrantedPolicy one;
    one.id = PolicyId(IdBytes{1});
    one.policy.bytes_per_day = 10;
    world.vault.entry(kGeminiPass).policies.push_back(one);
    world.vault.holds_back = true;
    Agent agent = world.agent();
    const std::string octets = request("POST", kGenerate, with_pass(), std::string(20, 'b'));
    (void)co_await agent.send(octets);
    (void)co_await world.until(
        [&] { return !world.vault.held.empty() && world.provider.seen.size() == 1; });
    co_await loop.sleep(milliseconds(100));
    const bool is_done = co_await world.revoke(kGeminiPass);
    EXPECT_TRUE(is_done);
    // Octets are counted each second.
    co_await loop.sleep(milliseconds(1200));
    for (const auto& durable : world.vault.held) durable();
    const Answer answer = co_await agent.answer("POST");
    EXPECT_TRUE(answer.says("key_revoked")) << answer.body;
    const auto outcome = co_await outcome_of(1);
    EXPECT_EQ(outcome, lease::UseOutcome::Revoked);
  };
  run(story());
}

TEST_F(Interleaving, N1_an_answer_that_was_held_back_waits_for_its_client_as_long_as_others) {
  auto story = [&]() -> io::Task<void> {
    world.limits.body = std::chrono::seconds(1);
    world.restart_gateway(0, 0);
    io::JoinedStreams ends = io::Stream::join(loop);
    world.gateway->accept_inner(std::move(ends.other), nullptr, {}, nullptr);
    io::Stream agent = std::move(ends.one);
    world.provider.answer = [](const Provider::Seen&) {
      const std::string body =
          R"({"next":"https://api.firecrawl.dev/x","data":")" + std::string(90'000, 'x') + "\"}";
      return ok(body, "content-type: application/json\r\n");
    };
    const std::string octets =
        request("GET", "/firecrawl/v2/crawl/1", "authorization: Bearer " + kFirecrawlPass + "\r\n");
    (void)co_await agent.write_all(bytes_of(octets));
    const Deadline until = loop.deadline_in(std::chrono::seconds(60));
    (void)co_await world.until(
        [&] { return !world.vault.settled.empty() || until.has_passed(loop.coarse_now()); });
    EXPECT_EQ(world.vault.settled.size(), 1U);
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
