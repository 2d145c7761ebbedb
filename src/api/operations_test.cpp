// The table of operations, the router and the OpenAPI document made from it.
// SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "api/openapi.h"
#include "api/router.h"

namespace strongroom::api {
namespace {

TEST(Operations, EachIsWhole) {
  std::set<std::string_view> names;
  std::set<std::string> places;
  for (const Operation& operation : operations()) {
    EXPECT_TRUE(names.insert(operation.name).second) << operation.name << " is there twice";
    EXPECT_TRUE(
        places.insert(std::string(operation.method) + " " + std::string(operation.path)).second)
        << operation.name;
    EXPECT_NE(operation.direct == nullptr, operation.waiting == nullptr)
        << operation.name << " has one handler";
    EXPECT_TRUE(operation.path.starts_with("/api/v1/")) << operation.name;
    EXPECT_FALSE(operation.summary.empty()) << operation.name;
    if (!operation.request.empty()) (void)schema(operation.request);
    if (!operation.response.empty()) (void)schema(operation.response);
  }
}

TEST(Operations, NoneThatWaitsTakesASecret) {
  for (const Operation& operation : operations()) {
    if (operation.waiting == nullptr || operation.request.empty()) continue;
    for (const Member& member : schema(operation.request).members)
      EXPECT_NE(member.kind, Kind::Secret)
          << operation.name << ": a key's value would live in a coroutine";
  }
}

TEST(Operations, NoneAnswersASecret) {
  for (const Operation& operation : operations()) {
    if (operation.response.empty()) continue;
    for (const Member& member : schema(operation.response).members)
      EXPECT_NE(member.kind, Kind::Secret) << operation.name;
  }
}

TEST(Router, FindsEveryOperationByItsOwnPath) {
  for (const Operation& operation : operations()) {
    std::string path(operation.path);
    for (auto open = path.find('{'); open != std::string::npos; open = path.find('{'))
      path.replace(open, path.find('}') - open + 1, "x%20y");
    const Route route = find_route(operation.method, path);
    ASSERT_NE(route.operation, nullptr) << path;
    EXPECT_EQ(route.operation->name, operation.name);
    for (const auto& [name, value] : route.parameters) EXPECT_EQ(value, "x y");
  }
}

TEST(Router, RefusesOthers) {
  for (const std::string_view path :
       {"/", "/api/v1", "/api/v1/", "/api/v1/keys/", "/api/v1/keys/a/b", "/api/v1/keys//revoke",
        "//api/v1/keys", "/api/v1/keys/%zz", "/api/v1/Keys", "/api/v2/keys", "", "api/v1/keys"}) {
    const Route route = find_route("GET", path);
    EXPECT_EQ(route.operation, nullptr) << path;
    EXPECT_EQ(route.allowed, "") << path;
  }
  const Route wrong_method = find_route("PUT", "/api/v1/keys");
  EXPECT_EQ(wrong_method.operation, nullptr);
  EXPECT_EQ(wrong_method.allowed, "GET, POST");
}

/// Every "$ref" leads to a schema.
void check_references(const json::value& value, const json::object& schemas) {
  if (value.is_array())
    for (const auto& item : value.get_array()) check_references(item, schemas);
  if (!value.is_object()) return;
  for (const auto& item : value.get_object()) {
    if (item.key() != "$ref") {
      check_references(item.value(), schemas);
      continue;
    }
    constexpr std::string_view kStart = "#/components/schemas/";
    const std::string_view target = item.value().get_string();
    ASSERT_TRUE(target.starts_with(kStart)) << target;
    EXPECT_TRUE(schemas.contains(json::string_view(target.substr(kStart.size())))) << target;
  }
}

TEST(OpenApi, HoldsEveryOperationAndNoOther) {
  const json::object document = openapi_document();
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  std::size_t described = 0;
  for (const auto& path : document.at("paths").as_object())
    described += path.value().as_object().size();
  EXPECT_EQ(described, operations().size());
  for (const Operation& operation : operations()) {
    std::string method(operation.method);
    std::ranges::transform(method, method.begin(),
                           [](char c) { return static_cast<char>(c | 0x20); });
    const auto& item =
        document.at("paths").at(json::string_view(operation.path)).at(method).as_object();
    EXPECT_EQ(item.at("operationId").as_string(), json::string_view(operation.name));
    EXPECT_TRUE(item.at("responses").as_object().contains(std::to_string(operation.status)));
  }
  check_references(document, document.at("components").at("schemas").as_object());
}

/// The console's client is made from a copy of the description.
TEST(OpenApi, TheConsolesCopyIsWhatIsServed) {
  std::ifstream file(STRONGROOM_CONSOLE_API);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const auto copy = parse_json(text);
  ASSERT_TRUE(copy) << STRONGROOM_CONSOLE_API;
  EXPECT_TRUE(*copy == json::value(openapi_document()))
      << "console/openapi.json is of another version: run scripts/describe-api, look at what the "
         "console should make of it, and commit both";
}

TEST(OpenApi, SaysWhatIsRefused) {
  const json::object document = openapi_document();
  const auto& schemas = document.at("components").at("schemas").as_object();
  for (const Operation& operation : operations()) {
    if (operation.request.empty()) continue;
    const auto& schema = schemas.at(json::string_view(operation.request)).as_object();
    EXPECT_FALSE(schema.at("additionalProperties").as_bool()) << operation.request;
  }
  EXPECT_FALSE(schemas.at("Key").as_object().contains("additionalProperties"));
  const auto& parameter =
      document.at("paths").at("/api/v1/keys/{id}").at("get").at("parameters").at(0);
  const std::regex pattern(parameter.at("schema").at("pattern").as_string().c_str());
  EXPECT_TRUE(std::regex_match(KeyId(IdBytes{255, 7}).text(), pattern));
  EXPECT_FALSE(std::regex_match("key_1", pattern));
}

TEST(OpenApi, MarksKeyValuesAsWriteOnly) {
  const json::object document = openapi_document();
  const auto& value =
      document.at("components").at("schemas").at("NewKey").at("properties").at("value").as_object();
  EXPECT_TRUE(value.at("writeOnly").as_bool());
}

TEST(CheckDocument, Table) {
  struct Case {
    const char* text;
    std::string_view schema;
    bool is_fine;
  };
  for (const Case& each : std::initializer_list<Case>{
           {R"({"name":"acme"})", "NewTenant", true},
           {R"({})", "NewTenant", false},
           {R"({"name":5})", "NewTenant", false},
           {R"({"name":null})", "NewTenant", false},
           {R"({"name":"acme","other":1})", "NewTenant", false},
           {R"([])", "NewTenant", false},
           {R"("acme")", "NewTenant", false},
           {R"({"tenant":"a","name":"b","role":"owner"})", "NewMember", true},
           {R"({"tenant":"a","name":"b","role":null})", "NewMember", true},
           {R"({"tenant":"a","name":"b","role":"king"})", "NewMember", false},
           {R"({"tenant":"a","service":"s","value":"v","settings":{"host":"h"}})", "NewKey", true},
           {R"({"tenant":"a","service":"s","value":"v","settings":{"host":5}})", "NewKey", false},
           {R"({"tenant":"a","service":"s","value":["v"]})", "NewKey", false},
           {R"({"tenant":"a","service":"s"})", "NewKey", false},
           {R"({"tenant":"a","member":"m","services":["x"],"time_limit_seconds":5})", "NewSession",
            true},
           {R"({"tenant":"a","member":"m","services":"x"})", "NewSession", false},
           {R"({"tenant":"a","member":"m","services":[1]})", "NewSession", false},
           {R"({"tenant":"a","member":"m","time_limit_seconds":"5"})", "NewSession", false},
           {R"({"tenant":"a","member":"m","time_limit_seconds":1.5})", "NewSession", false},
           {R"({"tenant":"a","deny":["* /x"],"concurrent":5})", "PolicyChange", true},
           {R"({"tenant":"a","deny":"* /x"})", "PolicyChange", false},
           {R"({"tenant":"a","concurrent":1.5})", "PolicyChange", false},
           {R"({})", "Empty", true},
           {R"({"x":1})", "Empty", false}}) {
    const auto document = parse_json(each.text);
    ASSERT_TRUE(document) << each.text;
    EXPECT_EQ(check_document(*document, schema(each.schema)).has_value(), each.is_fine)
        << each.text;
  }
}

TEST(CheckDocument, NeverRepeatsAValue) {
  const auto document =
      parse_json(R"({"tenant":"a","service":"s","value":["sk-secret"],"sk-name":1})");
  const Status status = check_document(*document, schema("NewKey"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message.find("sk-"), std::string::npos);
}

}  // namespace
}  // namespace strongroom::api
