// SPDX-License-Identifier: Apache-2.0
#include "gateway/guard/frame_guard.h"
#include "guard/value_patterns.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace strongroom::gateway {
namespace {

const std::string kKey = "sk_0123456789abcdefghijklmnopqrstuv";

using http::FrameSender;

/// A client's with a mask of its own.
std::string frame(http::Opcode opcode, bool is_final, const std::string& payload,
                  FrameSender sender = FrameSender::Server) {
  http::FrameHead head;
  head.opcode = opcode;
  head.is_final = is_final;
  head.length = payload.size();
  head.is_masked = sender == FrameSender::Client;
  head.mask = {0x11, 0x22, 0xf3, static_cast<std::uint8_t>(payload.size())};
  std::array<std::uint8_t, http::kMaxFrameHead> out{};
  const std::size_t size = http::write_frame_head(head, out);
  ByteVector body(payload.begin(), payload.end());
  if (head.is_masked) http::apply_mask(body, head.mask, 0);
  return std::string(text_of(ByteView(out).first(size))) + std::string(text_of(body));
}

std::shared_ptr<const guard::Patterns> patterns() {
  return guard::ValuePatterns::make(Secret(bytes_of(std::string_view(kKey))));
}

MutableBytes octets_of(std::string& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

struct Through {
  std::string out;
  std::size_t hits = 0;
  std::uint16_t close_code = 0;
  bool is_between_frames = false;
  bool operator==(const Through&) const = default;
};

Through through(const std::vector<std::string>& pieces, FrameSender sender = FrameSender::Server) {
  FrameGuard guard(sender, patterns());
  Through all;
  for (std::string piece : pieces) {
    const auto fed = guard.feed(octets_of(piece));
    all.out += text_of(fed.free);
    all.close_code = fed.close_code;
    if (fed.close_code != 0) break;
  }
  all.hits = guard.hits();
  all.is_between_frames = guard.is_between_frames();
  return all;
}

/// A key in one frame, over two fragments with a ping between, over three of one octet, in a ping
/// and in the reason of a close.
std::string story(FrameSender sender) {
  using enum http::Opcode;
  return frame(Text, true, "{\"said\":\"" + kKey + "\"}", sender) +
         frame(Binary, false, "ab" + kKey.substr(0, 10), sender) +
         frame(Ping, true, "are you there", sender) +
         frame(Continuation, false, kKey.substr(10, 1), sender) +
         frame(Continuation, false, "", sender) +
         frame(Continuation, true, kKey.substr(11) + "cd", sender) +
         frame(Text, true, "ends with " + kKey.substr(0, 20), sender) +
         frame(Text, true, kKey.substr(20), sender) + frame(Ping, true, "p" + kKey, sender) +
         frame(Close, true, "\x03\xe8" + kKey, sender);
}

/// The payloads of all frames, one after the other.
std::string payloads(const std::string& octets, FrameSender sender) {
  std::string out;
  http::FrameFollower follower(sender, 0);
  std::string copy = octets;
  MutableBytes rest = octets_of(copy);
  while (!rest.empty()) {
    const auto step = follower.feed(rest);
    EXPECT_NE(step.state, http::ParseState::Bad);
    const MutableBytes payload = rest.subspan(step.payload_at, step.payload_size);
    http::apply_mask(payload, follower.frame().mask, step.offset);
    out += text_of(payload);
    rest = rest.subspan(step.consumed);
  }
  return out;
}

TEST(FrameGuard, C4_C6_no_cut_and_no_fragment_lets_the_key_through) {
  for (const auto sender : {FrameSender::Server, FrameSender::Client}) {
    const std::string in = story(sender);
    const Through expected = through({in}, sender);
    EXPECT_EQ(expected.hits, 4U);
    EXPECT_EQ(expected.close_code, 0);
    EXPECT_TRUE(expected.is_between_frames);
    EXPECT_EQ(expected.out.size(), in.size());
    const std::string stars(kKey.size(), '*');
    EXPECT_EQ(payloads(expected.out, sender),
              "{\"said\":\"" + stars + "\"}ab" + stars.substr(0, 10) + "are you there" +
                  stars.substr(10) + "cdends with " + kKey + "p" + stars + "\x03\xe8" + stars);
    for (std::size_t cut = 0; cut <= in.size(); ++cut)
      ASSERT_EQ(through({in.substr(0, cut), in.substr(cut)}, sender), expected) << cut;
    std::mt19937 random(5);
    for (int round = 0; round < 200; ++round) {
      std::vector<std::string> pieces;
      for (std::size_t at = 0; at < in.size();) {
        pieces.push_back(in.substr(at, 1 + random() % 7));
        at += pieces.back().size();
      }
      ASSERT_EQ(through(pieces, sender), expected);
    }
  }
}

TEST(FrameGuard, AFrameGoesOnAtOnce) {
  FrameGuard guard(FrameSender::Server, patterns());
  std::string half = frame(http::Opcode::Text, true, "hello").substr(0, 5);
  EXPECT_EQ(guard.feed(octets_of(half)).free.size(), half.size());
  EXPECT_FALSE(guard.is_between_frames());
}

TEST(FrameGuard, MalformedFramesEndTheConnectionBehindTheLastRightOne) {
  const std::string good = frame(http::Opcode::Text, true, "hello");
  for (const std::string& bad :
       {std::string("\xff\xff\xff\xff"), std::string("\xc1\x01") + "a" /* compressed */,
        std::string("\x81\x81\1\2\3\4") + "a" /* masked by a server */,
        std::string("\x80\x01") + "a" /* a continuation of nothing */,
        std::string("\x09\x01") + "a" /* a ping in fragments */,
        std::string("\x81\x7e\x00\x01", 4) + "a" /* a longer length than needed */}) {
    const Through whole = through({good + bad});
    EXPECT_EQ(whole.out, good);
    EXPECT_EQ(whole.close_code, http::kCloseProtocolError);
    EXPECT_TRUE(whole.is_between_frames);
    const std::string all = good + bad;
    for (std::size_t cut = 0; cut <= all.size(); ++cut)
      EXPECT_EQ(through({all.substr(0, cut), all.substr(cut)}), whole);
  }
}

TEST(FrameGuard, ManySmallFragmentsThatMayBeTheKeyAreNotHeldForEver) {
  FrameGuard guard(FrameSender::Server, patterns());
  std::string start = frame(http::Opcode::Text, false, kKey.substr(0, 8));
  EXPECT_EQ(guard.feed(octets_of(start)).close_code, 0);
  std::uint16_t close_code = 0;
  std::size_t held = 0;
  std::string empty = frame(http::Opcode::Continuation, false, "");
  for (; close_code == 0 && held < (256UL << 10U); held += empty.size())
    close_code = guard.feed(octets_of(empty)).close_code;
  EXPECT_EQ(close_code, http::kCloseTooLarge);
  EXPECT_LE(held, 33UL << 10U) << "each websocket's own, whoever opens thousands";
  EXPECT_FALSE(guard.is_between_frames());
}

}  // namespace
}  // namespace strongroom::gateway
