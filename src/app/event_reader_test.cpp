// SPDX-License-Identifier: Apache-2.0
#include "app/event_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace strongroom::app {
namespace {

constexpr std::string_view kStream =
    ": hello\nretry: 1000\n\nid: a-1\nevent: started\ndata: {\"n\":1}\n\n:\n\n"
    "event:ended\r\ndata: one\r\ndata:two\r\n\r\ndata: cut";

std::vector<std::string> read_in_pieces(std::size_t size) {
  EventReader reader;
  std::vector<std::string> out;
  for (std::string_view rest = kStream; !rest.empty();) {
    const auto piece = rest.substr(0, size);
    rest.remove_prefix(piece.size());
    EXPECT_TRUE(reader.feed(
        piece, [&](const StreamEvent& event) { out.push_back(event.kind + " " + event.data); }));
  }
  return out;
}

TEST(EventReader, ReadsEventsHoweverTheyAreCut) {
  const std::vector<std::string> expected{"started {\"n\":1}", "ended one\ntwo"};
  for (const std::size_t size : {1U, 2U, 7U, 1000U}) EXPECT_EQ(read_in_pieces(size), expected);
}

TEST(EventReader, AnEventHasALimit) {
  EventReader reader;
  const std::string block(300'000, 'x');
  const auto never = [](const StreamEvent&) { FAIL(); };
  EXPECT_TRUE(reader.feed("data: " + block, never));
  EXPECT_TRUE(reader.feed(block + "\ndata: " + block, never));
  EXPECT_FALSE(reader.feed(block, never));
}

}  // namespace
}  // namespace strongroom::app
