// SPDX-License-Identifier: Apache-2.0
#include "issuer/tailscale_devices.h"

#include <gtest/gtest.h>

namespace strongroom::issuer {
namespace {

using dynamic::Job;

constexpr std::string_view kMine = "strongroom-00000000000000aa";
constexpr std::string_view kOther = "strongroom-00000000000000bb";

WallTime at(int minute) {
  return *parse_time("2026-11-28T09:00:00Z") + std::chrono::minutes(minute);
}

/// A session since 09:10, with a neighbour since 09:05.
Job some_job() {
  Job job;
  job.settings = {{"tags", "tag:agents,tag:ci"}};
  job.name = kMine;
  job.created = at(10);
  job.neighbours = {{std::string(kOther), at(5)}};
  return job;
}

struct Removing : testing::Test {
  std::vector<Device> ours;
  Duration offset{};
  void add(std::string id, std::string_view name, int minute) {
    ours.push_back({std::move(id), std::string(name), at(minute)});
  }
  std::vector<std::string> removed() { return to_remove(ours, some_job(), offset); }
};
using Ids = std::vector<std::string>;

TEST(Devices, are_ours_by_all_tags_and_not_said_to_stay) {
  const auto list = parse_json(R"({"devices":[
    {"nodeId":"n1","hostname":"a","tags":["tag:ci","tag:agents","tag:x"],"isEphemeral":true,"created":"2026-11-28T09:00:00Z"},
    {"nodeId":"n2","hostname":"b","tags":["tag:agents"],"isEphemeral":true},
    {"nodeId":"n3","hostname":"c","tags":["tag:agents","tag:ci"],"isEphemeral":false},
    {"id":"4","hostname":"d","tags":["tag:agents","tag:ci"],"created":""},
    {"nodeId":"n5","hostname":"e","isEphemeral":true}]})");
  ASSERT_TRUE(list);
  const auto ours = our_devices(*list, tags_of(some_job()));
  ASSERT_TRUE(ours);
  ASSERT_EQ(ours->size(), 2U);
  EXPECT_EQ((*ours)[0].id, "n1");
  EXPECT_EQ((*ours)[0].created, at(0));
  EXPECT_EQ((*ours)[1].id, "4");
  EXPECT_FALSE((*ours)[1].created);
}

TEST(Devices, that_are_not_understood_are_no_empty_list) {
  for (const auto* text : {"null", "[]", "{}", R"({"devices":{}})", R"({"devices":[1]})",
                           R"({"devices":[{"nodeId":"../keys","tags":["tag:agents","tag:ci"]}]})",
                           R"({"devices":[{"tags":["tag:agents","tag:ci"]}]})"}) {
    const auto list = parse_json(text);
    ASSERT_TRUE(list);
    EXPECT_FALSE(our_devices(*list, tags_of(some_job()))) << text;
  }
}

TEST_F(Removing, takes_what_goes_by_the_sessions_name) {
  add("n1", kMine, 11);
  add("n2", kOther, 6);
  EXPECT_EQ(removed(), Ids{"n1"});
}

TEST_F(Removing, takes_what_goes_by_no_sessions_name) {
  add("n1", "laptop", 11);
  add("n2", kOther, 6);
  EXPECT_EQ(removed(), Ids{"n1"});
}

TEST_F(Removing, leaves_what_is_older_than_the_session) {
  add("n1", "laptop", 8);
  EXPECT_EQ(removed(), Ids{});
}

TEST_F(Removing, believes_no_name_that_two_go_by) {
  add("n1", kOther, 6);
  add("n2", kOther, 12);
  EXPECT_EQ(removed(), Ids{"n2"});
}

TEST_F(Removing, believes_no_name_of_a_session_that_is_younger) {
  Job job = some_job();
  job.neighbours = {{std::string(kOther), at(30)}};
  add("n1", kOther, 12);
  EXPECT_EQ(to_remove(ours, job, offset), Ids{"n1"});
}

TEST_F(Removing, takes_what_does_not_say_its_time) {
  ours.push_back({"n1", "laptop", std::nullopt});
  EXPECT_EQ(removed(), Ids{"n1"});
}

TEST_F(Removing, goes_by_the_sources_clock) {
  offset = -std::chrono::minutes(20);
  add("n1", "laptop", -9);
  EXPECT_EQ(removed(), Ids{"n1"});
  offset = std::chrono::minutes(20);
  ours.clear();
  add("n2", "laptop", 15);
  EXPECT_EQ(removed(), Ids{});
}

}  // namespace
}  // namespace strongroom::issuer
