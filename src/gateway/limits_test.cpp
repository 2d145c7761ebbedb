// Policies, limits and budgets through the whole gateway. The counters alone are in limits/.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

constexpr const char* kPath = "/gemini/v1beta/models";
constexpr const char* kGenerate = "/gemini/v1beta/models/m:generateContent";

class LimitsTest : public GatewayTest {
 protected:
  /// One more policy for the pass's key, as the vault would grant it.
  catalog::Policy& policy(const std::string& pass = kGeminiPass,
                          lease::PolicyScope scope = lease::PolicyScope::Key) {
    auto& all = world.vault.entry(pass).policies;
    lease::GrantedPolicy one;
    one.id = PolicyId(IdBytes{static_cast<std::uint8_t>(++policies_)});
    one.scope = scope;
    all.push_back(one);
    return all.back().policy;
  }
  static catalog::PolicyRule rule(std::string_view text) { return *catalog::parse_rule(text); }
  io::Task<Answer> get(const char* path = kPath) {
    const std::string octets = request("GET", path, with_pass());
    auto answer = co_await ask(octets);
    co_return answer;
  }
  io::Task<Answer> generate(const char* path = kGenerate) {
    const std::string octets = request("POST", path, with_pass(), "{\"contents\":[]}");
    auto answer = co_await ask(octets, "POST");
    co_return answer;
  }
  io::Task<lease::UseSettled> last_settled(std::size_t count) {
    const bool is_settled =
        co_await world.until([&, count] { return world.vault.settled.size() >= count; });
    EXPECT_TRUE(is_settled);
    co_return is_settled ? world.vault.settled.back() : lease::UseSettled();
  }

 private:
  int policies_ = 0;
};

std::string json_answer(const std::string& body) {
  return ok(body, "content-type: application/json\r\n");
}

TEST_F(LimitsTest, F8_what_a_policy_denies_is_denied_in_every_spelling_and_found) {
  policy().deny = {rule("DELETE /v1beta/files/**"), rule("* /v1beta/tunedModels/*")};
  auto story = [&]() -> io::Task<void> {
    for (const char* path :
         {"/gemini/v1beta/files/a", "/gemini/v1beta/%66iles/a", "/gemini//v1beta/./files//a",
          "/gemini/v1beta/FILES/a", "/gemini/v1beta/x/../files/a/", "/gemini/v1beta/files;x/a"}) {
      const std::string octets = request("DELETE", path, with_pass());
      const Answer answer = co_await ask(octets, "DELETE");
      EXPECT_EQ(answer.status, 403) << path;
      EXPECT_TRUE(answer.says("\"denied_path\"")) << answer.body;
      EXPECT_TRUE(answer.says("\"limit_of\":\"key\"")) << answer.body;
    }
    const Answer tuned = co_await get("/gemini/v1beta/tunedModels/x");
    EXPECT_EQ(tuned.status, 403);
    const Answer files = co_await get("/gemini/v1beta/files/a");
    EXPECT_EQ(files.status, 200) << "another method";
    EXPECT_EQ(world.provider.seen.size(), 1U);
    const bool is_told = co_await world.until(
        [&] { return !world.vault.findings.empty() && world.vault.refused["denied_path"] == 7; });
    EXPECT_TRUE(is_told);
    EXPECT_EQ(world.vault.findings, std::vector<std::string>{"denied_path"})
        << "the same is said once in a while";
  };
  run(story());
}

TEST_F(LimitsTest, an_allow_list_is_complete_and_every_scope_must_agree) {
  policy(kGeminiPass, lease::PolicyScope::Tenant).allow = {rule("GET /**")};
  policy().allow = {rule("* /v1beta/models/**")};
  auto story = [&]() -> io::Task<void> {
    const Answer allowed = co_await get();
    EXPECT_EQ(allowed.status, 200);
    const Answer of_tenant = co_await generate();
    EXPECT_EQ(of_tenant.status, 403);
    EXPECT_TRUE(of_tenant.says("\"limit_of\":\"tenant\"")) << of_tenant.body;
    const Answer of_key = co_await get("/gemini/v1beta/files");
    EXPECT_EQ(of_key.status, 403);
    EXPECT_TRUE(of_key.says("\"limit_of\":\"key\"")) << of_key.body;
  };
  run(story());
}

TEST_F(LimitsTest, requests_a_minute_then_429_with_a_time_and_whose_limit_it_was) {
  policy().requests_per_minute = 2;
  auto story = [&]() -> io::Task<void> {
    const Answer first = co_await get();
    const Answer second = co_await get();
    const Answer third = co_await get();
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(third.status, 429);
    const auto wait = third.head.find("retry-after: ");
    EXPECT_NE(wait, std::string::npos) << third.head;
    const int seconds = wait == std::string::npos ? 0 : std::atoi(third.head.c_str() + wait + 13);
    EXPECT_GE(seconds, 1);
    EXPECT_LE(seconds, 30) << "half a minute after the first";
    for (const char* said : {"\"code\":\"rate_limited\"", "\"limit\":\"requests_per_minute\"",
                             "\"limit_of\":\"key\"", "\"retry_after\":"})
      EXPECT_TRUE(third.says(said)) << third.body;
    EXPECT_EQ(world.provider.seen.size(), 2U);
    const std::string other =
        request("GET", "/elevenlabs/v1/models", "xi-api-key: " + kElevenPass + "\r\n");
    const Answer unlimited = co_await ask(other);
    EXPECT_EQ(unlimited.status, 200);
    const bool is_counted =
        co_await world.until([&] { return world.vault.refused["rate_limited"] == 1; });
    EXPECT_TRUE(is_counted);
  };
  run(story());
}

TEST_F(LimitsTest, a_refusal_leaves_the_connection_and_says_nothing_of_the_last_one) {
  policy().requests_per_minute = 1;
  auto story = [&]() -> io::Task<void> {
    Agent agent = world.agent();
    const std::string octets = request("GET", kPath, with_pass()) +
                               request("GET", kPath, with_pass()) + request("GET", "/nosuch/x");
    (void)co_await agent.send(octets);
    const Answer first = co_await agent.answer();
    const Answer second = co_await agent.answer();
    const Answer third = co_await agent.answer();
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(second.status, 429);
    EXPECT_EQ(third.status, 404);
    EXPECT_FALSE(third.says("retry")) << third.head << third.body;
  };
  run(story());
}

TEST_F(LimitsTest, so_many_at_once_until_one_ends) {
  policy(kGeminiPass, lease::PolicyScope::Service).concurrent = 1;
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return std::string("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf");
    };
    Agent streaming = world.agent();
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await streaming.send(octets);
    const std::string half = co_await streaming.until("half");
    EXPECT_NE(half.find("200"), std::string::npos);
    const Answer refused = co_await get();
    EXPECT_EQ(refused.status, 429);
    for (const char* said : {"rate_limited", "\"limit\":\"concurrent\"", "\"limit_of\":\"service\"",
                             "retry-after: 1\r\n"})
      EXPECT_TRUE(refused.says(said)) << refused.head << refused.body;
    (void)co_await world.provider.send("half");
    (void)co_await streaming.until("half");
    (void)co_await last_settled(1);
    world.provider.answer = [](const Provider::Seen&) { return ok(); };
    const Answer free = co_await get();
    EXPECT_EQ(free.status, 200);
  };
  run(story());
}

TEST_F(LimitsTest, N7_a_stream_is_cut_when_the_days_octets_are_spent) {
  policy().bytes_per_day = 100'000;
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + std::string(150'000, 'x');
    };
    Agent streaming = world.agent();
    const std::string octets = request("GET", kPath, with_pass());
    (void)co_await streaming.send(octets);
    const Answer cut = co_await streaming.answer();
    EXPECT_FALSE(cut.is_whole);
    const auto settled = co_await last_settled(1);
    EXPECT_EQ(settled.bytes_down, 150'000U);
    EXPECT_EQ(settled.outcome, lease::UseOutcome::OverLimit);
    const Answer refused = co_await get();
    EXPECT_EQ(refused.status, 429);
    EXPECT_TRUE(refused.says("budget_spent")) << refused.body;
    EXPECT_TRUE(refused.says("\"limit\":\"bytes_per_day\"")) << refused.body;
  };
  run(story());
}

TEST_F(LimitsTest, N7_a_budget_in_what_answers_state) {
  policy().budget = {"tokens", 20};
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return json_answer(R"({"candidates":[],"usageMetadata":{"totalTokenCount":12}})");
    };
    const std::string zipped =
        request("POST", kGenerate, with_pass() + "accept-encoding: gzip, br\r\n", "{}");
    const Answer first = co_await ask(zipped, "POST");
    EXPECT_EQ(first.status, 200);
    EXPECT_TRUE(first.says("totalTokenCount"));
    EXPECT_NE(last_seen().head.find("accept-encoding: identity\r\n"), std::string::npos);
    EXPECT_EQ(last_seen().head.find("gzip"), std::string::npos);
    auto settled = co_await last_settled(1);
    EXPECT_EQ(settled.unit, "tokens");
    EXPECT_EQ(settled.units, 12U);
    const Answer second = co_await generate();
    EXPECT_EQ(second.status, 200);
    (void)co_await last_settled(2);
    const Answer third = co_await generate();
    EXPECT_EQ(third.status, 429);
    for (const char* said :
         {"budget_spent", "\"limit\":\"budget\"", "\"limit_of\":\"key\"", "retry-after: "})
      EXPECT_TRUE(third.says(said)) << third.head << third.body;
  };
  run(story());
}

TEST_F(LimitsTest, N7_costs_of_streams_of_headers_and_of_what_states_nothing) {
  policy().budget = {"tokens", 1'000'000};
  policy(kElevenPass).budget = {"characters", 1'000'000};
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return std::string(
          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
          "\r\n1b\r\ndata: {\"usageMetadata\":{\"to\r\n16\r\ntalTokenCount\":777}}\n\n\r\n"
          "0\r\n\r\n");
    };
    (void)co_await generate("/gemini/v1beta/models/m:streamGenerateContent?alt=sse");
    auto settled = co_await last_settled(1);
    EXPECT_EQ(settled.units, 777U);
    world.provider.answer = [](const Provider::Seen&) {
      return ok("audio", "content-type: audio/mpeg\r\ncharacter-cost: 120\r\n");
    };
    const std::string speech = request("POST", "/elevenlabs/v1/text-to-speech/v",
                                       "xi-api-key: " + kElevenPass + "\r\n", "{}");
    (void)co_await ask(speech, "POST");
    settled = co_await last_settled(2);
    EXPECT_EQ(settled.unit, "characters");
    EXPECT_EQ(settled.units, 120U);
    // Fifteen octets asked, four hundred answered, nothing said.
    world.provider.answer = [](const Provider::Seen&) {
      return json_answer(std::string(400, ' '));
    };
    (void)co_await generate();
    settled = co_await last_settled(3);
    EXPECT_EQ(settled.units, 103U);
    (void)co_await get();
    settled = co_await last_settled(4);
    EXPECT_EQ(settled.units, 0U) << "a list of models is not guessed at";
    world.provider.answer = [](const Provider::Seen&) {
      return std::string("HTTP/1.1 429 Slow\r\ncontent-length: 4\r\n\r\nslow");
    };
    const Answer theirs = co_await generate();
    EXPECT_EQ(theirs.body, "slow") << "the provider's own 429 is passed on as it is";
    settled = co_await last_settled(5);
    EXPECT_EQ(settled.units, 0U);
  };
  run(story());
}

TEST_F(LimitsTest, N7_what_is_free_does_not_make_those_under_way_cheaper) {
  policy().budget = {"tokens", 1000};
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return json_answer(R"({"usageMetadata":{"totalTokenCount":600}})");
    };
    EXPECT_EQ((co_await generate()).status, 200);
    world.provider.answer = [](const Provider::Seen&) { return json_answer("{}"); };
    for (int i = 0; i < 10; ++i) EXPECT_EQ((co_await get()).status, 200);
    world.provider.answer = [](const Provider::Seen&) { return std::string(); };
    const std::size_t before = world.provider.seen.size();
    Agent waiting = world.agent();
    (void)co_await waiting.send(request("POST", kGenerate, with_pass(), "{}"));
    (void)co_await world.until([&] { return world.provider.seen.size() > before; });
    const Answer second = co_await generate();
    EXPECT_EQ(second.status, 429) << "the one under way may cost what is left";
    EXPECT_TRUE(second.says("budget_spent"));
  };
  run(story());
}

TEST_F(LimitsTest, N7_whoever_leaves_early_pays_for_what_came) {
  policy().budget = {"tokens", 1'000'000};
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000\r\n\r\n" +
             std::string(4000, ' ') + "end";
    };
    {
      Agent leaving = world.agent();
      const std::string octets = request("POST", kGenerate, with_pass(), std::string(40, 'q'));
      (void)co_await leaving.send(octets);
      (void)co_await leaving.until("end");
      leaving.leave();
    }
    (void)co_await world.provider.send(std::string(100, ' '));
    (void)co_await world.provider.send(std::string(100, ' '));
    const auto settled = co_await last_settled(1);
    EXPECT_NE(settled.outcome, lease::UseOutcome::Completed);
    EXPECT_GE(settled.units, 1010U);
  };
  run(story());
}

TEST_F(LimitsTest, without_a_budget_in_what_it_costs_a_part_of_an_answer_may_be_asked_for) {
  policy().bytes_per_day = 1'000'000;
  policy().budget = {"characters", 1'000'000};
  auto story = [&]() -> io::Task<void> {
    const Answer answer = co_await generate("/gemini/v1beta/models/m:generateContent?fields=x");
    EXPECT_EQ(answer.status, 200);
  };
  run(story());
}

TEST_F(LimitsTest, N7_an_answer_that_would_hide_its_cost_is_not_asked_for) {
  policy().budget = {"tokens", 1'000'000};
  const std::vector<std::string> targets = {"?fields=candidates",
                                            "?%66ields=candidates",
                                            "?a=b&$fields=candidates",
                                            "?%24Fields=candidates,usageMetadata",
                                            "?%24callback=x",
                                            "?alt=proto",
                                            "?$alt=Proto"};
  const auto ask_for = [&](const std::string& query, const std::string& more) {
    return ask(request("POST", kGenerate + query, with_pass() + more, "{}"), "POST");
  };
  auto story = [&]() -> io::Task<void> {
    for (const auto& query : targets) {
      const Answer refused = co_await ask_for(query, {});
      EXPECT_EQ(refused.status, 403) << query;
      EXPECT_TRUE(refused.says("denied_path") && refused.says("A budget holds")) << refused.body;
    }
    const Answer by_header = co_await ask_for({}, "X-Goog-FieldMask: candidates\r\n");
    EXPECT_EQ(by_header.status, 403);
    EXPECT_TRUE(world.provider.seen.empty());
    for (const std::string fine : {"", "?alt=sse", "?alt=json&fieldset=x"}) {
      const Answer answer = co_await ask_for(fine, {});
      EXPECT_EQ(answer.status, 200) << fine;
    }
    (void)co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_EQ(world.vault.findings, std::vector<std::string>{"denied_path"});
  };
  run(story());
}

TEST_F(LimitsTest, N7_whoever_leaves_before_the_answer_begins_pays_for_what_was_to_be_spoken) {
  policy(kElevenPass).budget = {"characters", 1'000'000};
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) { return std::string(); };
    const auto leave_after = [&](std::string path, std::size_t count) -> io::Task<void> {
      Agent leaving = world.agent();
      const std::size_t before = world.provider.seen.size();
      std::string octets = request("POST", "/elevenlabs/v1/" + path,
                                   "xi-api-key: " + kElevenPass + "\r\n", std::string(count, 'x'));
      (void)co_await leaving.send(std::move(octets));
      (void)co_await world.until([&] { return world.provider.seen.size() > before; });
      leaving.leave();
    };
    co_await leave_after("text-to-speech/v", 500);
    auto settled = co_await last_settled(1);
    EXPECT_EQ(settled.outcome, lease::UseOutcome::ClientLeft);
    EXPECT_EQ(settled.unit, "characters");
    EXPECT_EQ(settled.units, 500U);
    co_await leave_after("speech-to-text", 500);
    settled = co_await last_settled(2);
    EXPECT_EQ(settled.units, 0U) << "octets of a recording are no characters";
  };
  run(story());
}

TEST_F(LimitsTest, N7_what_a_header_states_is_all_even_if_the_answer_is_left) {
  policy(kElevenPass).budget = {"characters", 1'000'000};
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return "HTTP/1.1 200 OK\r\ncharacter-cost: 7\r\ncontent-length: 900\r\n\r\n" +
             std::string(100, 'a') + "end";
    };
    {
      Agent leaving = world.agent();
      std::string octets = request("POST", "/elevenlabs/v1/text-to-speech/v",
                                   "xi-api-key: " + kElevenPass + "\r\n", std::string(300, 'x'));
      (void)co_await leaving.send(std::move(octets));
      (void)co_await leaving.until("end");
      leaving.leave();
    }
    (void)co_await world.provider.send(std::string(100, ' '));
    (void)co_await world.provider.send(std::string(100, ' '));
    const auto settled = co_await last_settled(1);
    EXPECT_EQ(settled.units, 7U);
  };
  run(story());
}

TEST_F(LimitsTest, N7_what_other_gateways_spent_counts_here) {
  policy().budget = {"tokens", 100};
  auto story = [&]() -> io::Task<void> {
    const Answer before = co_await get();
    EXPECT_EQ(before.status, 200);
    const PolicyId id = world.vault.entry(kGeminiPass).policies[0].id;
    world.vault.spent = 100;
    world.side->share_spending(std::span(&id, 1));
    Answer after;
    for (int i = 0; i < 1000 && after.status != 429; ++i) after = co_await get();
    EXPECT_EQ(after.status, 429);
    // And a gateway begun anew hears of it with the lease.
    bool is_drained = false;
    world.gateway->drain(std::chrono::milliseconds(0), [&] { is_drained = true; });
    const bool has_ended = co_await world.until([&] { return is_drained; });
    EXPECT_TRUE(has_ended);
    world.restart_gateway(0, 0);
    const Answer anew = co_await get();
    EXPECT_EQ(anew.status, 429);
  };
  run(story());
}

TEST_F(LimitsTest, a_changed_policy_holds_once_its_leases_are_refreshed) {
  auto story = [&]() -> io::Task<void> {
    const Answer before = co_await get();
    EXPECT_EQ(before.status, 200);
    policy().deny = {rule("GET /v1beta/models")};
    world.side->refresh(world.vault.entry(kGeminiPass).key);
    Answer after;
    for (int i = 0; i < 1000 && after.status != 403; ++i) after = co_await get();
    EXPECT_EQ(after.status, 403);
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
