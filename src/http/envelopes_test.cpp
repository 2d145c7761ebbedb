// SPDX-License-Identifier: Apache-2.0
#include "http/envelopes.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace strongroom::http {
namespace {

std::string message(std::string_view text) {
  const auto size = static_cast<char>(text.size());
  return std::string("\0\0\0\1", 4).replace(3, 1, 1, '\0') + size + std::string(text);
}

TEST(EnvelopeFollower, KnowsWhereMessagesEndWhereverTheyAreCut) {
  const std::string body = message("one") + message("") + message("three");
  const std::set<std::size_t> ends = {0, 8, 13, 23};
  for (std::size_t cut = 0; cut <= body.size(); ++cut) {
    EnvelopeFollower follower;
    follower.feed(bytes_of(std::string_view(body).substr(0, cut)));
    EXPECT_EQ(follower.is_between(), ends.contains(cut)) << cut;
    follower.feed(bytes_of(std::string_view(body).substr(cut)));
    EXPECT_TRUE(follower.is_between()) << cut;
  }
}

TEST(EnvelopeFollower, OfBodiesThatHaveThem) {
  EXPECT_TRUE(has_envelopes("application/grpc"));
  EXPECT_TRUE(has_envelopes("Application/gRPC+proto"));
  EXPECT_TRUE(has_envelopes("application/grpc-web+json"));
  EXPECT_TRUE(has_envelopes("application/connect+json"));
  EXPECT_FALSE(has_envelopes("application/grpc-web-text+proto"));
  EXPECT_FALSE(has_envelopes("application/json"));
  EXPECT_FALSE(has_envelopes(""));
}

}  // namespace
}  // namespace strongroom::http
