// What policies say of findings, and of routes that the catalogue leaves to the tenant.
// SPDX-License-Identifier: Apache-2.0
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

constexpr const char* kPath = "/gemini/v1beta/models/m:generateContent";

class Findings : public GatewayTest {
 protected:
  void set(const std::string& pass, const catalog::Policy& policy) {
    lease::GrantedPolicy granted;
    granted.id = PolicyId(IdBytes{1});
    granted.scope = lease::PolicyScope::Service;
    granted.policy = policy;
    world.vault.entry(pass).policies = {granted};
  }
  io::Task<void> expect_finding(std::string what) {
    (void)co_await world.until([&] { return !world.vault.findings.empty(); });
    EXPECT_EQ(world.vault.findings, std::vector<std::string>{what});
    world.vault.findings.clear();
  }
};

TEST_F(Findings, AnEchoIsCutWhereAPolicyWantsIt) {
  catalog::Policy policy;
  policy.on_echo = catalog::OnEcho::Cut;
  set(kGeminiPass, policy);
  const std::string key = kRealKey;
  const std::string long_body = std::string(200'000, 'x') + key;
  const std::vector<std::string> all = {ok("fine", "x-echo: " + key + "\r\n"), ok("a " + key),
                                        ok(long_body)};
  auto story = [&]() -> io::Task<void> {
    for (std::size_t i = 0; i < all.size(); ++i) {
      world.provider.answer = [&](const Provider::Seen&) { return all[i]; };
      const Answer answer = co_await ask(request("GET", kPath, with_pass()));
      EXPECT_FALSE(answer.says(key));
      EXPECT_FALSE(answer.says("***"));
      if (i < 2) {
        EXPECT_EQ(answer.status, 502) << i;
        EXPECT_TRUE(answer.says("key_echoed"));
      } else {
        EXPECT_FALSE(answer.is_whole);
        EXPECT_LE(answer.body.size(), 200'000U);
      }
    }
    co_await expect_finding("key_echoed");
  };
  run(story());
}

TEST_F(Findings, D8_a_misplaced_pass_is_masked_where_a_policy_wants_it) {
  catalog::Policy policy;
  policy.on_misplaced = catalog::OnMisplaced::Mask;
  set(kGeminiPass, policy);
  auto story = [&]() -> io::Task<void> {
    const std::string octets =
        request("POST", kPath, with_pass(), "my environment: " + kElevenPass + "; help");
    const Answer answer = co_await ask(octets, "POST");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(last_seen().body,
              "my environment: " + std::string(kElevenPass.size(), '*') + "; help");
    co_await expect_finding("pass_misplaced");
    const Answer in_head =
        co_await ask(request("GET", kPath, with_pass() + "x-note: " + kElevenPass + "\r\n"));
    EXPECT_EQ(in_head.status, 400);
  };
  run(story());
}

TEST_F(Findings, AClosedRouteIsOpenOnlyWhereThePolicySaysSoAndTheCatalogueAllowsIt) {
  auto story = [&]() -> io::Task<void> {
    const std::string agents = request("POST", "/gemini/v1beta/agents", with_pass(), "{}");
    const Answer closed = co_await ask(agents, "POST");
    EXPECT_EQ(closed.status, 403);
    EXPECT_TRUE(closed.says("denied_path"));
    EXPECT_TRUE(closed.says("policy set --open")) << "what would mend it";
    co_await expect_finding("denied_path");
    catalog::Policy policy;
    policy.open = {*catalog::parse_rule("POST /v1beta/agents"),
                   *catalog::parse_rule("* /v1beta/auth_tokens")};
    set(kGeminiPass, policy);
    world.restart_gateway(0, 0);
    const Answer open = co_await ask(agents, "POST");
    EXPECT_EQ(open.status, 200);
    co_await expect_finding("opened_route");
    const Answer other = co_await ask(request("DELETE", "/gemini/v1beta/agents/1", with_pass()));
    EXPECT_EQ(other.status, 403) << "another method";
    const Answer minting =
        co_await ask(request("POST", "/gemini/v1beta/auth_tokens", with_pass(), "{}"), "POST");
    EXPECT_EQ(minting.status, 403) << "nobody can open that";
    EXPECT_FALSE(minting.says("--open"));
  };
  run(story());
}

/// Otherwise nobody's record shows it, and one tenant's hides another's.
TEST_F(Findings, WhatAPassDoesNotOpenIsItsSessionsFinding) {
  auto story = [&]() -> io::Task<void> {
    for (const std::string what : {"not_connected", "not_granted", "pass_wrong_service"}) {
      world.vault.denial = what;
      world.restart_gateway(0, 0);
      const Answer answer = co_await ask(
          request("GET", "/elevenlabs/v1/user", "xi-api-key: " + kGeminiPass + "\r\n"));
      EXPECT_EQ(answer.status, 403);
      EXPECT_TRUE(answer.says(what)) << answer.body;
      co_await expect_finding(what);
      EXPECT_EQ(world.vault.finding_sessions, std::vector<SessionId>{kSessionOfAll}) << what;
      world.vault.finding_sessions.clear();
    }
    // The path is closed to whoever asks; the pass is another service's.
    const Answer closed = co_await ask(
        request("DELETE", "/gemini/v1beta/auth_tokens", "x-goog-api-key: " + kElevenPass + "\r\n"));
    EXPECT_EQ(closed.status, 403);
    co_await expect_finding("denied_path");
    EXPECT_EQ(world.vault.finding_sessions, std::vector<SessionId>{kSessionOfAll});
  };
  run(story());
}

TEST_F(Findings, TwoPassesAreAFindingOfEachSessionThatOneIsOf) {
  const SessionId other_session(IdBytes{8});
  const std::string other_pass = pass_for("AIza", 'q');
  TinyVault::Entry other = world.vault.entry(kGeminiPass);
  other.session = other_session;
  world.vault.passes[crypto::sha256(bytes_of(other_pass))] = other;
  auto story = [&]() -> io::Task<void> {
    const std::string octets =
        request("GET", std::string(kPath) + "?key=" + other_pass, with_pass());
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 400);
    EXPECT_TRUE(answer.says("Two different passes")) << answer.body;
    (void)co_await world.until([&] { return world.vault.finding_sessions.size() == 2; });
    EXPECT_EQ(world.vault.findings, std::vector<std::string>(2, "pass_misplaced"));
    const auto& told = world.vault.finding_sessions;
    EXPECT_EQ(std::set(told.begin(), told.end()), (std::set{kSessionOfAll, other_session}));
    // One of them alone is known: it is that session's, whichever it is.
    for (const auto& [first, second] : {std::pair(kGeminiPass, pass_for("AIza", 'u')),
                                        std::pair(pass_for("AIza", 'u'), kGeminiPass)}) {
      world.vault.finding_sessions.clear();
      world.restart_gateway(0, 0);
      const std::string half = request("GET", std::string(kPath) + "?key=" + second,
                                       "x-goog-api-key: " + first + "\r\n");
      (void)co_await ask(half);
      (void)co_await world.until([&] { return !world.vault.finding_sessions.empty(); });
      EXPECT_EQ(world.vault.finding_sessions, std::vector<SessionId>{kSessionOfAll});
    }
  };
  run(story());
}

TEST_F(Findings, WhatIsRedactedNeverComesBack) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets =
        request("GET", "/elevenlabs/v1/user", "xi-api-key: " + kElevenPass + "\r\n");
    world.provider.answer = [](const Provider::Seen&) {
      return ok("{\"name\":\"x\",\"xi_api_key\":\"another account's key\"}",
                "content-type: text/plain\r\n");
    };
    const Answer answer = co_await ask(octets);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "{\"name\":\"x\",\"xi_api_key\":\"***\"}");
    for (const std::string body : {"[{\"xi_api_key\":\"other\"}]", "{\"xi_api_key\":\"other"}) {
      world.provider.answer = [&](const Provider::Seen&) { return ok(body); };
      const Answer withheld = co_await ask(octets);
      EXPECT_EQ(withheld.status, 502) << body;
      EXPECT_FALSE(withheld.says("other"));
    }
  };
  run(story());
}

TEST_F(Findings, ASignedWebsocketUrlLeadsBackHereAndIsGoodByItself) {
  catalog::Policy policy;
  policy.open = {*catalog::parse_rule("GET /v1/convai/conversation/get-signed-url")};
  set(kElevenPass, policy);
  auto story = [&]() -> io::Task<void> {
    world.provider.answer = [](const Provider::Seen&) {
      return ok("{\"signed_url\":\"wss://api.elevenlabs.io/v1/convai/conversation?sig=abc\"}",
                "content-type: application/json\r\n");
    };
    const Answer answer =
        co_await ask(request("GET", "/elevenlabs/v1/convai/conversation/get-signed-url",
                             "xi-api-key: " + kElevenPass + "\r\n"));
    EXPECT_EQ(answer.status, 200);
    const std::string start = "{\"signed_url\":\"ws://gateway.test:8701";
    EXPECT_EQ(answer.body.substr(0, start.size()), start) << answer.body;
    std::string target = answer.body.substr(start.size());
    target.resize(target.find('"'));
    world.provider.answer = [](const Provider::Seen&) { return ok(); };
    const Answer followed = co_await ask(request("GET", target));
    EXPECT_EQ(followed.status, 200);
    EXPECT_NE(last_seen().head.find(kRealKey), std::string::npos);
    EXPECT_EQ(last_seen().head.substr(0, 43), "GET /v1/convai/conversation?sig=abc HTTP/1.");
  };
  run(story());
}

}  // namespace
}  // namespace strongroom::gateway
