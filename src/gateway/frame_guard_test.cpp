// SPDX-License-Identifier: Apache-2.0
#include "gateway/frame_guard.h"
#include "gateway/guard_patterns.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace strongroom::gateway {
namespace {

const std::string kKey = "sk_0123456789abcdefghijklmnopqrstuv";

std::string frame(http::Opcode opcode, bool is_final, const std::string& payload) {
  http::FrameHead head;
  head.opcode = opcode;
  head.is_final = is_final;
  head.length = payload.size();
  std::array<std::uint8_t, http::kMaxFrameHead> out{};
  const std::size_t size = http::write_frame_head(head, out);
  return std::string(text_of(ByteView(out).first(size))) + payload;
}

std::optional<std::string> through(const std::vector<std::string>& pieces, std::size_t* hits) {
  FrameGuard guard(GuardPatterns::make(Secret(bytes_of(std::string_view(kKey)))));
  std::string out;
  for (std::string piece : pieces) {
    const auto now =
        guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(piece.data()), piece.size()));
    if (!now) return std::nullopt;
    out += text_of(*now);
  }
  *hits = guard.hits();
  return out;
}

/// A key in one frame, over two fragments with a ping between, and over three of one octet.
std::string story() {
  using enum http::Opcode;
  return frame(Text, true, "{\"said\":\"" + kKey + "\"}") +
         frame(Binary, false, "ab" + kKey.substr(0, 10)) + frame(Ping, true, "are you there") +
         frame(Continuation, false, kKey.substr(10, 1)) + frame(Continuation, false, "") +
         frame(Continuation, true, kKey.substr(11) + "cd") +
         frame(Text, true, "ends with " + kKey.substr(0, 20)) + frame(Text, true, kKey.substr(20)) +
         frame(Close, true, "");
}

TEST(FrameGuard, C4_no_cut_and_no_fragment_lets_the_key_through) {
  const std::string in = story();
  std::size_t hits = 0;
  const auto expected = through({in}, &hits);
  ASSERT_TRUE(expected);
  EXPECT_EQ(hits, 2U);
  EXPECT_EQ(expected->size(), in.size());
  EXPECT_EQ(expected->find(kKey.substr(0, 10) + "\x89"), std::string::npos) << "over a ping";
  EXPECT_EQ(expected->find(kKey.substr(11) + "cd"), std::string::npos);
  EXPECT_NE(expected->find("are you there"), std::string::npos);
  EXPECT_NE(expected->find("ends with " + kKey.substr(0, 20)), std::string::npos)
      << "messages are apart";
  for (std::size_t cut = 0; cut <= in.size(); ++cut)
    EXPECT_EQ(through({in.substr(0, cut), in.substr(cut)}, &hits), expected) << cut;
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < in.size();) {
      pieces.push_back(in.substr(at, 1 + random() % 7));
      at += pieces.back().size();
    }
    ASSERT_EQ(through(pieces, &hits), expected);
  }
}

TEST(FrameGuard, AFrameGoesOnAtOnce) {
  FrameGuard guard(GuardPatterns::make(Secret(bytes_of(std::string_view(kKey)))));
  std::string half = frame(http::Opcode::Text, true, "hello").substr(0, 5);
  const auto now =
      guard.feed(MutableBytes(reinterpret_cast<std::uint8_t*>(half.data()), half.size()));
  ASSERT_TRUE(now);
  EXPECT_EQ(now->size(), half.size());
}

TEST(FrameGuard, MalformedFramesEndTheConnection) {
  std::size_t hits = 0;
  EXPECT_FALSE(through({"\xff\xff\xff\xff"}, &hits));
  EXPECT_FALSE(through({"\xc1\x01"
                        "a"},
                       &hits))
      << "compressed, which was not negotiated";
}

}  // namespace
}  // namespace strongroom::gateway
