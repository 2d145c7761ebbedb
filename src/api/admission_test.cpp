// Who may speak to the control API (threats H3, H5, H6). SPDX-License-Identifier: Apache-2.0
#include "api/admission.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strongroom::api {
namespace {

constexpr std::string_view kToken = "sro_for-this-test-only";

ControlOptions options() {
  ControlOptions out;
  out.token_hash = crypto::sha256(bytes_of(kToken));
  out.owner_uid = 1000;
  out.allowed_hosts = {"vault.example"};
  return out;
}

http::ServerRequest tcp_request(const http::TextPairs& headers) {
  http::ServerRequest request;
  request.method = "GET";
  request.path = "/api/v1/keys";
  request.headers = headers;
  request.peer.address = "127.0.0.1:5";
  return request;
}

TEST(CheckHost, OnlyOwnNames) {
  struct Case {
    std::string host;
    bool is_fine;
  };
  for (const Case& each : std::vector<Case>{{"127.0.0.1:8700", true},
                                            {"localhost", true},
                                            {"LOCALHOST:8700", true},
                                            {"[::1]:8700", true},
                                            {"vault.example:8700", true},
                                            {"Vault.Example", true},
                                            {"attacker.example:8700", false},
                                            {"127.0.0.1.attacker.example", false},
                                            {"localhost.attacker.example", false},
                                            {"vault.example.attacker.example", false},
                                            {"", false},
                                            {"10.0.0.1", false},
                                            {"[::2]", false}}) {
    const Status status = check_host(tcp_request({{"host", each.host}}), options());
    EXPECT_EQ(status.has_value(), each.is_fine) << each.host;
  }
}

TEST(CheckHost, NothingInTheClearFromAnotherMachine) {
  http::ServerRequest request = tcp_request({{"host", "vault.example:8700"}});
  request.is_private = false;
  const Status refused = check_host(request, options());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "tls_required");
  ControlOptions lifted = options();
  lifted.plain_http_from_afar = true;
  EXPECT_TRUE(check_host(request, lifted));
}

TEST(CheckHost, ALocalSocketHasNoName) {
  http::ServerRequest request = tcp_request({{"host", "anything.example"}});
  request.peer.unix_uid = 1000;
  EXPECT_TRUE(check_host(request, options()));
}

TEST(CheckCaller, OverTcp) {
  const std::string good = "Bearer " + std::string(kToken);
  struct Case {
    const char* name;
    http::TextPairs headers;
    Code code;
    bool is_fine;
  };
  const std::vector<Case> cases = {
      {"the token", {{"host", "a"}, {"authorization", good}}, Code::Internal, true},
      {"the token, scheme in capitals",
       {{"authorization", "BEARER " + std::string(kToken)}},
       Code::Internal,
       true},
      {"none", {{"host", "a"}}, Code::Unauthorized, false},
      {"empty", {{"authorization", ""}}, Code::Unauthorized, false},
      {"scheme alone", {{"authorization", "Bearer "}}, Code::Unauthorized, false},
      {"another", {{"authorization", "Bearer sro_another"}}, Code::Unauthorized, false},
      {"a start of it",
       {{"authorization", good.substr(0, good.size() - 1)}},
       Code::Unauthorized,
       false},
      {"more than it", {{"authorization", good + "x"}}, Code::Unauthorized, false},
      {"Basic", {{"authorization", "Basic " + std::string(kToken)}}, Code::Unauthorized, false},
      {"twice", {{"authorization", good}, {"authorization", good}}, Code::Unauthorized, false},
      {"own page",
       {{"host", "127.0.0.1:8700"},
        {"authorization", good},
        {"origin", "http://127.0.0.1:8700"},
        {"sec-fetch-site", "same-origin"}},
       Code::Internal,
       true},
      {"typed in",
       {{"host", "a"}, {"authorization", good}, {"sec-fetch-site", "none"}},
       Code::Internal,
       true},
      {"another site's page",
       {{"host", "127.0.0.1:8700"}, {"authorization", good}, {"origin", "http://attacker.example"}},
       Code::Refused,
       false},
      {"another port's page",
       {{"host", "127.0.0.1:8700"}, {"authorization", good}, {"origin", "http://127.0.0.1:9000"}},
       Code::Refused,
       false},
      {"https origin",
       {{"host", "a"}, {"authorization", good}, {"origin", "https://a"}},
       Code::Refused,
       false},
      {"null origin",
       {{"host", "a"}, {"authorization", good}, {"origin", "null"}},
       Code::Refused,
       false},
      {"cross-site",
       {{"host", "a"}, {"authorization", good}, {"sec-fetch-site", "cross-site"}},
       Code::Refused,
       false},
      {"same site, other origin",
       {{"host", "a"}, {"authorization", good}, {"sec-fetch-site", "same-site"}},
       Code::Refused,
       false},
  };
  for (const Case& each : cases) {
    const Status status = check_operator(tcp_request(each.headers), options());
    ASSERT_EQ(status.has_value(), each.is_fine) << each.name;
    if (!status) EXPECT_EQ(status.error().code, each.code) << each.name;
  }
}

TEST(CheckCaller, AtTheSocket) {
  struct Case {
    int uid;
    bool is_fine;
  };
  for (const Case& each : {Case{1000, true}, Case{0, true}, Case{1001, false}, Case{-1, false}}) {
    http::ServerRequest request = tcp_request({});
    request.peer.unix_uid = each.uid;
    EXPECT_EQ(check_operator(request, options()).has_value(), each.is_fine) << each.uid;
  }
}

TEST(CheckCaller, RefusalsLookAlike) {
  const Status none = check_operator(tcp_request({}), options());
  const Status wrong =
      check_operator(tcp_request({{"authorization", "Bearer sro_wrong"}}), options());
  EXPECT_EQ(none.error().message, wrong.error().message);
  EXPECT_EQ(none.error().reason, wrong.error().reason);
}

}  // namespace
}  // namespace strongroom::api
