// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "scim/documents.h"
#include "scim/filter.h"
#include "scim/patch.h"
#include "scim/resource.h"

namespace strongroom::scim {
namespace {

json::object object(std::string_view text) {
  auto parsed = parse_json(text);
  EXPECT_TRUE(parsed) << text;
  return parsed->get_object();
}

json::object ann() {
  return object(
      R"({"userName":"Ann@acme.test","externalId":"X-1","active":true,"name":{"givenName":"Ann"},
          "emails":[{"value":"ann@acme.test","type":"work","primary":true},{"value":"a@home.test","type":"home"}]})");
}

bool does_match(std::string_view filter) {
  const auto parsed = parse_filter(user_type(), filter);
  EXPECT_TRUE(parsed) << filter;
  return parsed && matches(*parsed, ann());
}

TEST(ScimFilter, BindsAndBeforeOrAndNotFirst) {
  EXPECT_TRUE(does_match(R"(active eq true or active eq false and userName eq "nobody")"));
  EXPECT_FALSE(does_match(R"((active eq true or active eq false) and userName eq "nobody")"));
  EXPECT_TRUE(does_match(R"(not (userName eq "nobody") and active eq true)"));
}

TEST(ScimFilter, ComparesByWhatTheAttributeIs) {
  EXPECT_TRUE(does_match(R"(USERNAME EQ "ANN@ACME.TEST")"));
  EXPECT_FALSE(does_match(R"(externalId eq "x-1")"));
  EXPECT_TRUE(does_match(R"(userName gt "am" and userName lt "b")"));
  EXPECT_TRUE(does_match("displayName eq null"));
  EXPECT_TRUE(does_match(R"(displayName ne "x")"));
  EXPECT_FALSE(does_match("displayName pr"));
}

TEST(ScimFilter, TakesBothPartsOfTheSameValueInBrackets) {
  EXPECT_TRUE(does_match(R"(emails[type eq "work" and value ew "acme.test"])"));
  EXPECT_FALSE(does_match(R"(emails[type eq "home" and value ew "acme.test"])"));
  EXPECT_TRUE(does_match(R"(emails.type eq "home" and emails.value ew "acme.test")"));
}

TEST(ScimFilter, RefusesWhatIsDeepLongOrMalformed) {
  const std::string deep = std::string(40, '(') + "active pr" + std::string(40, ')');
  const std::string lengthy = "userName eq \"" + std::string(kLongestFilter, 'x') + "\"";
  for (const std::string& text :
       {deep, lengthy, std::string("active"), std::string("active gt true"),
        std::string("emails[type eq \"work\""), std::string("userName eq \"\\"),
        std::string("name[givenName[x pr]]")}) {
    const auto parsed = parse_filter(user_type(), text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().reason, "invalidFilter");
  }
}

json::object after(std::string_view operations) {
  auto done = patched(user_type(), ann(), {{"Operations", *parse_json(operations)}});
  EXPECT_TRUE(done) << operations << (done ? "" : done.error().message);
  return done ? *done : json::object();
}

std::string why_not(std::string_view operations) {
  const auto done = patched(user_type(), ann(), {{"Operations", *parse_json(operations)}});
  return done ? std::string() : done.error().reason;
}

TEST(ScimPatch, KeepsOnePreferredValue) {
  const auto changed =
      after(R"([{"op":"add","path":"emails","value":[{"value":"new@acme.test","primary":true}]}])");
  const auto& emails = changed.at("emails").get_array();
  ASSERT_EQ(emails.size(), 3U);
  EXPECT_FALSE(emails[0].get_object().at("primary").get_bool());
  EXPECT_TRUE(emails[2].get_object().at("primary").get_bool());
}

TEST(ScimPatch, ChangesTheValuesThatAPathMeans) {
  const auto changed = after(
      R"([{"op":"replace","path":"emails[type eq \"home\"].value","value":"b@home.test"},
          {"op":"remove","path":"emails[type eq \"work\"]"}])");
  EXPECT_EQ(to_text(changed.at("emails")), R"([{"value":"b@home.test","type":"home"}])");
}

TEST(ScimPatch, AnOperationThatFailsLeavesNothingDone) {
  EXPECT_EQ(why_not(R"([{"op":"remove","path":"name"},{"op":"remove","path":"userName"}])"),
            "mutability");
  EXPECT_EQ(why_not(R"([{"op":"replace","path":"emails[type eq \"other\"].value","value":"x"}])"),
            "noTarget");
}

TEST(ScimPatch, WhatIsNotKeptIsReadOver) {
  EXPECT_EQ(after(R"([{"op":"add","path":"password","value":"hunter2"},
                      {"op":"add","path":"phoneNumbers[type eq \"work\"].value","value":"1"},
                      {"op":"add","value":{"title":"boss"}}])"),
            *written(user_type(), ann()));
}

TEST(ScimResource, KeepsWhatTheTableNamesUnderItsNames) {
  const auto kept = written(
      user_type(),
      object(
          R"({"USERNAME":"a","Active":"False","password":"hunter2","id":"mine","emails":["b@c"],"groups":[{"value":"g"}]})"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(to_text(*kept), R"({"userName":"a","active":false,"emails":[{"value":"b@c"}]})");
}

TEST(ScimResource, RefusesTwoPreferredValuesAndOtherTypes) {
  for (
      const std::string_view text :
      {R"({"userName":"a","active":true,"emails":[{"value":"a","primary":true},{"value":"b","primary":true}]})",
       R"({"userName":7,"active":true})", R"({"userName":"a","active":true,"name":"b"})",
       R"({"displayName":"a","active":true})", R"({"userName":"a"})"})
    EXPECT_EQ(written(user_type(), object(text)).error().reason, "invalidValue") << text;
}

TEST(ScimResource, ShowsThePartsThatWereAskedFor) {
  json::object whole = ann();
  whole["id"] = "pvu_1";
  EXPECT_EQ(
      to_text(projected(user_type(), whole, "name.givenName, emails.value", {})),
      R"({"id":"pvu_1","name":{"givenName":"Ann"},"emails":[{"value":"ann@acme.test"},{"value":"a@home.test"}]})");
  EXPECT_FALSE(projected(user_type(), whole, {}, "emails,id").contains("emails"));
  EXPECT_TRUE(projected(user_type(), whole, {}, "emails,id").contains("id"));
}

}  // namespace
}  // namespace strongroom::scim
