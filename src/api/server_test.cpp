// The control API over real sockets, against a real vault on a temporary database.
// SPDX-License-Identifier: Apache-2.0
#include "api/control_fixture.h"

namespace strongroom::api {
namespace {

TEST_F(ControlServerTest, TheWholeStory) {
  run([](ControlServerTest& test) -> io::Task<void> {
    json::value body = json::object{{"name", "acme"}};
    Said said = co_await test.call("POST", "/api/v1/tenants", body);
    EXPECT_EQ(said.status, 201);
    said = co_await test.call("POST", "/api/v1/tenants", body);
    EXPECT_EQ(said.status, 409) << "the same name again";
    body = json::object{{"tenant", "acme"}, {"name", "alice"}};
    said = co_await test.call("POST", "/api/v1/members", body);
    EXPECT_EQ(said.status, 201);
    EXPECT_EQ(optional_string(said.document.as_object(), "role"), "member");
    body = json::object{
        {"tenant", "acme"}, {"service", "gemini"}, {"value", json::string_view(kFirstValue)}};
    said = co_await test.call("POST", "/api/v1/keys", body);
    EXPECT_EQ(said.status, 201) << said.raw.body;
    const std::string key = id_of(said);
    EXPECT_EQ(optional_string(said.document.as_object(), "delivery"), "proxied");
    body = json::object{{"tenant", "acme"},
                        {"service", "github"},
                        {"member", "alice"},
                        {"value", json::string_view(kGitValue)}};
    said = co_await test.call("POST", "/api/v1/keys", body);
    EXPECT_EQ(said.status, 201) << said.raw.body;
    EXPECT_EQ(optional_string(said.document.as_object(), "owner"), "alice");
    said = co_await test.call("GET", "/api/v1/keys?tenant=acme");
    EXPECT_EQ(said.document.as_array().size(), 2U);
    body = json::object{{"value", json::string_view(kSecondValue)}};
    std::string path = "/api/v1/keys/" + key;
    said = co_await test.call("POST", path + "/rotate", body);
    EXPECT_EQ(said.status, 200);
    EXPECT_EQ(said.document.as_object().at("version").as_int64(), 2);
    body = json::object();
    said = co_await test.call("POST", path + "/check", body);
    EXPECT_EQ(optional_string(said.document.as_object(), "verdict"), "rejected");
    body =
        json::object{{"tenant", "acme"}, {"name", "narrate"}, {"services", json::array{"gemini"}}};
    said = co_await test.call("POST", "/api/v1/skills", body);
    EXPECT_EQ(said.status, 201) << said.raw.body;
    said = co_await test.call("GET", "/api/v1/skills?tenant=acme");
    EXPECT_EQ(said.document.as_array().size(), 1U);
    body = json::object{{"tenant", "acme"},
                        {"member", "alice"},
                        {"skills", json::array{"narrate"}},
                        {"services", json::array{"github"}}};
    said = co_await test.call("POST", "/api/v1/sessions", body);
    EXPECT_EQ(said.status, 201) << said.raw.body;
    EXPECT_EQ(said.document.at("passes").as_array().size(), 1U);
    EXPECT_EQ(said.document.at("injected").as_array().size(), 1U);
    const std::string session(said.document.at("session").at("id").as_string());
    said = co_await test.call("GET", "/api/v1/sessions/" + session);
    EXPECT_EQ(optional_string(said.document.as_object(), "state"), "open");
    body = json::object();
    said = co_await test.call("POST", path + "/revoke", body);
    EXPECT_EQ(said.status, 200) << said.raw.body;
    const std::string public_key = test.vault_->receipt_public_key();
    EXPECT_TRUE(vault::verify_receipt(said.raw.body, public_key));
    said = co_await test.call("GET", path);
    EXPECT_EQ(optional_string(said.document.as_object(), "state"), "revoked");
    said = co_await test.call("POST", "/api/v1/sessions/" + session + "/end", body);
    EXPECT_EQ(said.status, 200) << said.raw.body;
    said = co_await test.call("GET", "/api/v1/receipts");
    EXPECT_EQ(said.document.as_array().size(), 2U);
    const std::string receipt(said.document.as_array().at(0).at("id").as_string());
    said = co_await test.call("GET", "/api/v1/receipts/" + receipt);
    EXPECT_TRUE(vault::verify_receipt(said.raw.body, public_key));
    said = co_await test.call("GET", "/api/v1/audit?tenant=acme&limit=50");
    EXPECT_GE(said.document.as_array().size(), 6U);
    for (const auto& entry : said.document.as_array())
      EXPECT_EQ(optional_string(entry.as_object(), "tenant"), "acme") << to_text(entry);
    said = co_await test.call("GET", "/api/v1/audit?key=" + key);
    EXPECT_GE(said.document.as_array().size(), 3U);
    said = co_await test.call("POST", "/api/v1/audit/verify", body);
    EXPECT_EQ(said.status, 200) << said.raw.body;
    said = co_await test.call("DELETE", "/api/v1/skills/narrate?tenant=acme");
    EXPECT_EQ(said.status, 204) << said.raw.body;
    said = co_await test.call("DELETE", "/api/v1/members/alice?tenant=acme");
    EXPECT_EQ(said.status, 200) << said.raw.body;
    said = co_await test.call("DELETE", "/api/v1/tenants/acme");
    EXPECT_EQ(said.status, 200) << said.raw.body;
    for (const char* list :
         {"/api/v1/tenants", "/api/v1/services", "/api/v1/keys", "/api/v1/sessions",
          "/api/v1/audit", "/api/v1/installation", "/api/v1/openapi.json"}) {
      said = co_await test.call("GET", list);
      EXPECT_EQ(said.status, 200) << list << ": " << said.raw.body;
    }
  }(*this));
  EXPECT_NE(metrics_.text().find(
                "strongroom_control_requests_total{operation=\"key.add\",status=\"201\"} 2"),
            std::string::npos);
}

TEST_F(ControlServerTest, PoliciesAreSetShownChangedAndLifted) {
  run([](ControlServerTest& test) -> io::Task<void> {
    json::value body = json::object{{"name", "acme"}};
    Said said = co_await test.call("POST", "/api/v1/tenants", body);
    body = json::object{
        {"tenant", "acme"}, {"service", "gemini"}, {"value", json::string_view(kFirstValue)}};
    said = co_await test.call("POST", "/api/v1/keys", body);
    const std::string key = id_of(said);
    body = json::object{{"tenant", "acme"},
                        {"key", key},
                        {"deny", json::array{"DELETE /v1/**"}},
                        {"requests_per_minute", 60},
                        {"budget_unit", "tokens"},
                        {"budget_per_day", 1'000'000}};
    said = co_await test.call("POST", "/api/v1/policies", body);
    EXPECT_EQ(said.status, 200) << said.raw.body;
    body = json::object{{"tenant", "acme"}, {"key", key}, {"concurrent", 4}, {"deny", nullptr}};
    said = co_await test.call("POST", "/api/v1/policies", body);
    EXPECT_EQ(said.status, 200) << said.raw.body;
    const std::string shown_path = "/api/v1/policies/acme?key=" + key;
    said = co_await test.call("GET", shown_path);
    EXPECT_EQ(said.status, 200) << said.raw.body;
    const auto& shown = said.document.as_object();
    EXPECT_EQ(shown.at("deny").as_array().size(), 1U) << "what is not given stays";
    EXPECT_EQ(shown.at("requests_per_minute").as_int64(), 60);
    EXPECT_EQ(shown.at("concurrent").as_int64(), 4);
    EXPECT_EQ(shown.at("units_today").as_int64(), 0);
    body = json::object{{"tenant", "acme"}, {"service", "gemini"}, {"bytes_per_day", 5}};
    said = co_await test.call("POST", "/api/v1/policies", body);
    EXPECT_TRUE(said.document.as_object().at("key").is_null());
    said = co_await test.call("GET", "/api/v1/policies?tenant=acme");
    EXPECT_EQ(said.document.as_array().size(), 2U);
    said = co_await test.call("DELETE", shown_path);
    EXPECT_EQ(said.status, 204) << said.raw.body;
    said = co_await test.call("GET", shown_path);
    EXPECT_EQ(said.status, 404);
    for (const char* wrong :
         {R"({"tenant":"acme","service":"gemini","deny":["delete /x"]})",
          R"({"tenant":"acme","service":"gemini","concurrent":-1})",
          R"({"tenant":"acme","service":"gemini","bytes_per_day":18446744073709551615})",
          R"({"tenant":"acme","service":"gemini","budget_unit":"bananas","budget_per_day":1})",
          R"({"tenant":"acme","key":"nonsense","concurrent":1})", R"({"tenant":"acme"})"}) {
      body = *parse_json(wrong);
      said = co_await test.call("POST", "/api/v1/policies", body);
      EXPECT_EQ(said.status, 400) << wrong << said.raw.body;
    }
    body = json::object{{"tenant", "acme"}, {"name", "alice"}};
    said = co_await test.call("POST", "/api/v1/members", body);
    body = json::object{
        {"tenant", "acme"}, {"member", "alice"}, {"services", json::array{"anthropic"}}};
    said = co_await test.call("POST", "/api/v1/sessions", body);
    EXPECT_EQ(said.status, 404);
    EXPECT_EQ(error_of(said), "not_connected");
    EXPECT_NE(said.raw.body.find("http://console.test/#keys"), std::string::npos);
    body = json::object{{"tenant", "nobody"}, {"concurrent", 1}};
    said = co_await test.call("POST", "/api/v1/policies", body);
    EXPECT_EQ(said.status, 404);
  }(*this));
}

TEST_F(ControlServerTest, RefusesWithTheRightWord) {
  struct Case {
    std::string method;
    std::string target;
    json::value body;
    int status;
    std::string code;
  };
  const std::string unknown = "/api/v1/keys/" + KeyId(IdBytes{1}).text();
  const std::vector<Case> cases = {
      {"GET", "/api/v1/nothing", nullptr, 404, "not_found"},
      {"PUT", "/api/v1/keys", nullptr, 405, "method_not_allowed"},
      {"GET", unknown, nullptr, 404, "not_found"},
      {"GET", "/api/v1/keys/nonsense", nullptr, 400, "invalid"},
      {"GET", "/api/v1/keys?tenat=acme", nullptr, 400, "invalid"},
      {"GET", "/api/v1/keys?tenant=a&tenant=b", nullptr, 400, "invalid"},
      {"DELETE", "/api/v1/members/alice", nullptr, 400, "invalid"},
      {"GET", "/api/v1/audit?limit=0", nullptr, 400, "invalid"},
      {"GET", "/api/v1/audit?limit=x", nullptr, 400, "invalid"},
      {"GET", "/api/v1/audit?key=nonsense", nullptr, 400, "invalid"},
      {"GET", "/api/v1/audit?tenant=nobody", nullptr, 404, "not_found"},
      {"POST", "/api/v1/tenants", json::object{{"name", "Acme"}}, 400, "invalid"},
      {"POST", "/api/v1/tenants", json::object{{"name", "acme"}, {"x", 1}}, 400, "invalid"},
      {"POST", "/api/v1/tenants", json::object{}, 400, "invalid"},
      {"DELETE", "/api/v1/tenants/acme", json::object{{"x", 1}}, 400, "invalid"},
      {"POST", "/api/v1/keys",
       json::object{
           {"tenant", "nobody"}, {"service", "gemini"}, {"value", json::string_view(kFirstValue)}},
       404, "not_found"},
      {"POST", "/api/v1/keys", json::object{{"tenant", "a"}, {"service", "gemini"}, {"value", ""}},
       400, "invalid"},
      {"POST", "/api/v1/keys",
       json::object{{"tenant", "a"}, {"service", "gemini"}, {"value", std::string(65537, 'x')}},
       413, "too_large"},
      {"POST", unknown + "/rotate", json::object{{"value", json::string_view(kFirstValue)}}, 404,
       "not_found"},
      {"POST", unknown + "/revoke", json::object{}, 404, "not_found"},
      {"POST", "/api/v1/sessions/" + SessionId(IdBytes{1}).text() + "/attach", nullptr, 400,
       "upgrade_required"},
      {"POST", "/api/v1/sessions",
       json::object{{"tenant", "a"}, {"member", "b"}, {"time_limit_seconds", 0}}, 400, "invalid"},
  };
  run([](ControlServerTest& test, const std::vector<Case>& all) -> io::Task<void> {
    for (const Case& each : all) {
      std::string method = each.method;
      std::string target = each.target;
      json::value body = each.body;
      const Said said = co_await test.call(std::move(method), std::move(target), std::move(body));
      EXPECT_EQ(said.status, each.status)
          << each.method << " " << each.target << ": " << said.raw.body.substr(0, 300);
      EXPECT_EQ(error_of(said), each.code)
          << each.method << " " << each.target << ": " << said.raw.body.substr(0, 300);
      EXPECT_EQ(said.raw.header("content-type"), "application/json");
    }
  }(*this, cases));
}

TEST_F(ControlServerTest, RefusesWhoMayNotCall) {
  struct Case {
    const char* name;
    std::string host;
    http::TextPairs headers;
    int status;
  };
  const std::string host = "127.0.0.1:" + std::to_string(port_);
  const std::pair<std::string, std::string> good{"Authorization", "Bearer " + token_};
  const std::vector<Case> cases = {
      {"no token", host, {}, 401},
      {"wrong token", host, {{"Authorization", "Bearer sro_x"}}, 401},
      {"rebound name", "attacker.example", {good}, 403},
      {"cross-site", host, {good, {"Origin", "http://attacker.example"}}, 403},
      {"own page",
       host,
       {good, {"Origin", "http://" + host}, {"Sec-Fetch-Site", "same-origin"}},
       200},
  };
  run([](ControlServerTest& test, const std::vector<Case>& all) -> io::Task<void> {
    for (const std::string target : {"/api/v1/keys", "/api/v1/openapi.json"})
      for (const Case& each : all) {
        http::ClientRequest request;
        request.target = target;
        request.host = each.host;
        request.headers = each.headers;
        const Said said = co_await test.send(std::move(request));
        EXPECT_EQ(said.status, each.status) << each.name << " " << target;
        if (each.status == 401)
          EXPECT_EQ(said.raw.header("www-authenticate"), "Bearer realm=\"strongroom\"");
      }
    http::ClientRequest form;
    form.method = "POST";
    form.target = "/api/v1/tenants";
    form.host = all[0].host;
    form.headers = {{"Authorization", "Bearer " + test.token_}, {"Content-Type", "text/plain"}};
    form.body = R"({"name":"acme"})";
    const Said said = co_await test.send(std::move(form));
    EXPECT_EQ(error_of(said), "unsupported_media_type");
  }(*this, cases));
}

TEST_F(ControlServerTest, TheOwnerNeedsNoTokenAtTheSocket) {
  run([](ControlServerTest& test) -> io::Task<void> {
    std::string path = test.folder_ + "/control.sock";
    auto stream = co_await io::dial_unix(test.loop_, std::move(path));
    EXPECT_TRUE(stream);
    http::ClientRequest request;
    request.target = "/api/v1/installation";
    const auto response = co_await http::fetch(*stream, request);
    EXPECT_TRUE(response);
    EXPECT_EQ(response->status, 200) << response->body;
  }(*this));
}

TEST_F(ControlServerTest, HandsARunnerItsChannel) {
  run([](ControlServerTest& test) -> io::Task<void> {
    json::value body = json::object{{"name", "acme"}};
    Said said = co_await test.call("POST", "/api/v1/tenants", body);
    body = json::object{{"tenant", "acme"}, {"name", "alice"}};
    said = co_await test.call("POST", "/api/v1/members", body);
    body = json::object{{"tenant", "acme"},
                        {"service", "github"},
                        {"member", "alice"},
                        {"value", json::string_view(kGitValue)}};
    said = co_await test.call("POST", "/api/v1/keys", body);
    body =
        json::object{{"tenant", "acme"}, {"member", "alice"}, {"services", json::array{"github"}}};
    said = co_await test.call("POST", "/api/v1/sessions", body);
    EXPECT_EQ(said.status, 201) << said.raw.body;
    if (said.status != 201) co_return;
    const std::string session(said.document.at("session").at("id").as_string());
    std::string path = test.folder_ + "/control.sock";
    auto stream = co_await io::dial_unix(test.loop_, std::move(path));
    EXPECT_TRUE(stream);
    const std::string head = "POST /api/v1/sessions/" + session +
                             "/attach HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                             "Upgrade: strongroom-lease/1\r\nContent-Length: 0\r\n\r\n";
    const ByteView octets = bytes_of(head);
    (void)co_await stream->write_all(octets);
    std::string text;
    std::array<std::uint8_t, 512> block{};
    const MutableBytes room(block);
    while (!text.ends_with("lease channel")) {
      const auto got = co_await stream->read_some(room);
      if (got.value_or(0) == 0) break;
      text.append(text_of(ByteView(block).first(*got)));
    }
    EXPECT_TRUE(text.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << text;
    EXPECT_NE(text.find("Upgrade: strongroom-lease/1\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("\r\n\r\nlease channel")) << text;
    EXPECT_EQ(test.attached_.text(), session);
  }(*this));
}

/// The address that follows `before` in a page.
std::string linked(std::string_view page, std::string_view before) {
  const std::size_t begin = page.find(before);
  if (begin == std::string_view::npos) return {};
  page.remove_prefix(begin + before.size());
  return std::string(page.substr(0, page.find('"')));
}

TEST_F(ControlServerTest, ServesTheConsole) {
  run([](ControlServerTest& test) -> io::Task<void> {
    http::ClientRequest request;
    request.target = "/";
    const Said page = co_await test.send(request);
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.raw.body.find("<title>Strongroom</title>"), std::string::npos);
    EXPECT_EQ(page.raw.header("cache-control"), "no-cache");
    struct File {
      std::string path;
      const char* type;
      const char* holds;
    };
    for (const File& each :
         {File{"/", "text/html; charset=utf-8", "id=\"root\""},
          File{linked(page.raw.body, "src=\""), "text/javascript; charset=utf-8", "How your keys"},
          File{linked(page.raw.body, "<link rel=\"stylesheet\" crossorigin href=\""),
               "text/css; charset=utf-8", "prefers-color-scheme"},
          File{"/icon.svg", "image/svg+xml", "<svg"}}) {
      request = http::ClientRequest();
      request.target = each.path;
      Said said = co_await test.send(request);
      EXPECT_EQ(said.status, 200) << each.path;
      EXPECT_EQ(said.raw.header("content-type"), each.type);
      EXPECT_NE(said.raw.body.find(each.holds), std::string::npos) << each.path;
      EXPECT_TRUE(said.raw.header("content-security-policy").starts_with("default-src 'self';"));
      EXPECT_EQ(said.raw.header("content-encoding"), "");
      const std::size_t plain = said.raw.body.size();
      request.headers.emplace_back("Accept-Encoding", "br, gzip");
      said = co_await test.send(request);
      EXPECT_EQ(said.raw.header("content-encoding"), "gzip") << each.path;
      EXPECT_LT(said.raw.body.size(), plain) << each.path;
      request.headers.emplace_back("If-None-Match", std::string(said.raw.header("etag")));
      said = co_await test.send(request);
      EXPECT_EQ(said.status, 304) << each.path;
    }
    for (const char* path :
         {"/console", "/../seal.key", "/.git/config", "/index.html/", "/assets/", "/icon.svg.gz"}) {
      request = http::ClientRequest();
      request.target = path;
      const Said said = co_await test.send(std::move(request));
      EXPECT_EQ(said.status, 404) << path;
    }
  }(*this));
}

}  // namespace
}  // namespace strongroom::api
