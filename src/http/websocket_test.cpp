// SPDX-License-Identifier: Apache-2.0
#include "http/websocket.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strongroom::http {
namespace {

struct HeadCase {
  const char* name;
  ByteVector octets;
  FrameSender sender;
  std::uint8_t reserved;
  ParseState state;
  std::uint64_t length = 0;
};

constexpr auto kClient = FrameSender::Client;
constexpr auto kServer = FrameSender::Server;

const std::vector<HeadCase>& head_cases() {
  static const std::vector<HeadCase> cases = {
      {"text from server", {0x81, 5}, kServer, 0, ParseState::Complete, 5},
      {"text from client", {0x81, 0x85, 1, 2, 3, 4}, kClient, 0, ParseState::Complete, 5},
      {"126", {0x82, 126, 0, 126}, kServer, 0, ParseState::Complete, 126},
      {"65535", {0x82, 126, 0xff, 0xff}, kServer, 0, ParseState::Complete, 65535},
      {"65536", {0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0}, kServer, 0, ParseState::Complete, 65536},
      {"2^62",
       {0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0},
       kServer,
       0,
       ParseState::Complete,
       1ULL << 62U},
      {"compressed", {0xc1, 5}, kServer, kRsv1, ParseState::Complete, 5},
      {"empty ping", {0x89, 0}, kServer, 0, ParseState::Complete},
      {"longest ping", {0x89, 125}, kServer, 0, ParseState::Complete, 125},
      {"close with code", {0x88, 2}, kServer, 0, ParseState::Complete, 2},
      {"unmasked from client", {0x81, 5}, kClient, 0, ParseState::Bad},
      {"masked from server", {0x81, 0x85, 1, 2, 3, 4}, kServer, 0, ParseState::Bad},
      {"RSV1 not negotiated", {0xc1, 5}, kServer, 0, ParseState::Bad},
      {"RSV2", {0xa1, 5}, kServer, kRsv1, ParseState::Bad},
      {"RSV3", {0x91, 5}, kServer, kRsv1, ParseState::Bad},
      {"RSV1 on a ping", {0xc9, 0}, kServer, kRsv1, ParseState::Bad},
      {"opcode 3", {0x83, 0}, kServer, 0, ParseState::Bad},
      {"opcode 11", {0x8b, 0}, kServer, 0, ParseState::Bad},
      {"fragmented ping", {0x09, 0}, kServer, 0, ParseState::Bad},
      {"long ping", {0x89, 126, 0, 126}, kServer, 0, ParseState::Bad},
      {"close of one octet", {0x88, 1}, kServer, 0, ParseState::Bad},
      {"125 in two octets", {0x82, 126, 0, 125}, kServer, 0, ParseState::Bad},
      {"65535 in eight octets",
       {0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
       kServer,
       0,
       ParseState::Bad},
      {"length with the highest bit",
       {0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0},
       kServer,
       0,
       ParseState::Bad},
      {"over 2^62", {0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 1}, kServer, 0, ParseState::Bad},
      {"one octet", {0x81}, kServer, 0, ParseState::NeedMore},
      {"cut length", {0x82, 127, 0, 0, 0}, kServer, 0, ParseState::NeedMore},
      {"cut mask", {0x81, 0x85, 1, 2, 3}, kClient, 0, ParseState::NeedMore},
  };
  return cases;
}

TEST(FrameHead, Table) {
  for (const HeadCase& each : head_cases()) {
    FrameHead head;
    const FrameOutcome outcome = parse_frame_head(each.octets, each.sender, each.reserved, head);
    EXPECT_EQ(outcome.state, each.state) << each.name << ": " << outcome.why;
    if (each.state == ParseState::Bad)
      EXPECT_EQ(outcome.close_code, kCloseProtocolError) << each.name;
    if (each.state != ParseState::Complete) continue;
    EXPECT_EQ(outcome.consumed, each.octets.size()) << each.name;
    EXPECT_EQ(head.length, each.length) << each.name;
    std::array<std::uint8_t, kMaxFrameHead> written{};
    const std::size_t size = write_frame_head(head, written);
    EXPECT_EQ(ByteVector(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(size)),
              each.octets)
        << each.name;
  }
}

struct Followed {
  std::string events;
  std::string payload;
};

/// What a stream of frames comes to, given in two pieces.
Followed follow(ByteView octets, std::size_t cut, FrameSender sender) {
  FrameFollower follower(sender, 0);
  Followed result;
  std::size_t at = 0;
  std::size_t given = cut;
  while (true) {
    const auto step = follower.feed(octets.subspan(at, given - at));
    ByteVector run(
        octets.begin() + static_cast<std::ptrdiff_t>(at + step.payload_at),
        octets.begin() + static_cast<std::ptrdiff_t>(at + step.payload_at + step.payload_size));
    if (follower.frame().is_masked) apply_mask(run, follower.frame().mask, step.offset);
    result.payload.append(text_of(run));
    at += step.consumed;
    if (step.state == ParseState::Bad) result.events += 'B';
    if (step.state == ParseState::Complete)
      result.events += static_cast<char>('0' + static_cast<int>(follower.frame().opcode));
    if (step.state == ParseState::Bad) return result;
    if (step.state == ParseState::NeedMore && at == given) {
      if (given == octets.size()) return result;
      given = octets.size();
    }
  }
}

TEST(FrameFollower, SameWhereverItIsCut) {
  struct Case {
    const char* name;
    ByteVector octets;
    FrameSender sender;
    std::string events;
    std::string payload;
  };
  const std::vector<Case> cases = {
      {"message, ping, fragments",
       {0x81, 2, 'h', 'i', 0x89, 0, 0x01, 1, 'a', 0x8a, 1, 'p', 0x80, 1, 'b'},
       kServer,
       "19"
       "1:0",
       "hiapb"},
      {"RFC 6455 5.7 masked Hello",
       {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58},
       kClient,
       "1",
       "Hello"},
      {"continuation of nothing", {0x80, 1, 'a'}, kServer, "B", ""},
      {"message within a message", {0x01, 1, 'a', 0x81, 1, 'b'}, kServer, "1B", "a"},
      {"continuation after the end", {0x01, 1, 'a', 0x80, 0, 0x80, 0}, kServer, "10B", "a"},
      {"text, then unmasked", {0x81, 0x81, 0, 0, 0, 0, 'x', 0x81, 0}, kClient, "1B", "x"},
      {"unfinished", {0x81, 5, 'h', 'i'}, kServer, "", "hi"},
  };
  for (const Case& each : cases)
    for (std::size_t cut = 0; cut <= each.octets.size(); ++cut) {
      const Followed got = follow(each.octets, cut, each.sender);
      ASSERT_EQ(got.events, each.events) << each.name << " cut at " << cut;
      ASSERT_EQ(got.payload, each.payload) << each.name << " cut at " << cut;
    }
}

TEST(ApplyMask, AnyOffsetAndSize) {
  const std::array<std::uint8_t, 4> mask = {1, 2, 3, 4};
  for (std::size_t offset = 0; offset < 9; ++offset)
    for (std::size_t size = 0; size < 40; ++size) {
      ByteVector payload(size, 0);
      apply_mask(payload, mask, offset);
      for (std::size_t i = 0; i < size; ++i)
        ASSERT_EQ(payload[i], mask[(offset + i) % 4]) << offset << ' ' << size;
    }
}

TEST(WebSocketAccept, Rfc6455Example) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace strongroom::http
