// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace strongroom::http {
namespace {

using namespace std::string_view_literals;

struct Followed {
  ParseState state = ParseState::NeedMore;
  std::size_t consumed = 0;
  std::string content;
};

/// Feeds pieces cut after `cut` octets, each as often as it takes.
Followed follow(BodyFraming framing, std::string_view text, std::size_t cut) {
  BodyFollower follower;
  follower.start(framing);
  Followed result;
  std::size_t given = cut;
  for (;;) {
    const auto step = follower.feed(text.substr(result.consumed, given - result.consumed));
    result.content.append(step.content);
    result.consumed += step.consumed;
    result.state = step.state;
    if (step.state != ParseState::NeedMore) return result;
    if (result.consumed == given && given == text.size()) return result;
    if (result.consumed == given) given = text.size();
  }
}

constexpr BodyFraming kChunked{BodyKind::Chunked, 0};

struct ChunkCase {
  std::string_view name;
  std::string_view text;
  ParseState state;
  std::string_view content;
  std::size_t after = 0;  ///< octets that are not the body's
};

const std::string kLongExtension = "1;" + std::string(300, 'x') + "\r\na\r\n0\r\n\r\n";
const std::string kLongName = "0\r\n" + std::string(65, 'x') + ": 1\r\n\r\n";
const std::string kLongTrailer = "0\r\nX: " + std::string(9000, 'x') + "\r\n\r\n";

const std::vector<ChunkCase>& chunk_cases() {
  static const std::vector<ChunkCase> cases = {
      {"two chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"sv, ParseState::Complete,
       "hello world"},
      {"empty", "0\r\n\r\n"sv, ParseState::Complete, ""},
      {"hex in both cases",
       "aB\r\n"
       "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
       "123456789"
       "01234567890123456789012345678901234567890123456789012345678901234567890"
       "\r\n0\r\n\r\n"sv,
       ParseState::Complete,
       "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
       "123456789"
       "01234567890123456789012345678901234567890123456789012345678901234567890"},
      {"leading zeros", "0005\r\nhello\r\n0000\r\n\r\n"sv, ParseState::Complete, "hello"},
      {"extension", "5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n"sv, ParseState::Complete, "hello"},
      {"trailers", "1\r\na\r\n0\r\nX-Sum: 1\r\nDate: now\r\n\r\n"sv, ParseState::Complete, "a"},
      {"CRLF within content", "4\r\n\r\n\r\n\r\n0\r\n\r\n"sv, ParseState::Complete, "\r\n\r\n"},
      {"followed by another request", "1\r\na\r\n0\r\n\r\nGET /"sv, ParseState::Complete, "a", 5},
      {"unfinished", "5\r\nhel"sv, ParseState::NeedMore, "hel"},
      {"unfinished end", "1\r\na\r\n0\r\n\r"sv, ParseState::NeedMore, "a"},
      {"no size", "\r\nhello\r\n"sv, ParseState::Bad, ""},
      {"not hex", "g\r\nhello\r\n"sv, ParseState::Bad, ""},
      {"0x", "0x5\r\nhello\r\n"sv, ParseState::Bad, ""},
      {"minus", "-1\r\nhello\r\n"sv, ParseState::Bad, ""},
      {"plus", "+5\r\nhello\r\n"sv, ParseState::Bad, ""},
      {"blank before size", " 5\r\nhello\r\n"sv, ParseState::Bad, ""},
      {"blank after size", "5 \r\nhello\r\n"sv, ParseState::Bad, ""},
      {"blank before extension", "5 ;a\r\nhello\r\n"sv, ParseState::Bad, ""},
      {"over 2^62", "4000000000000001\r\n"sv, ParseState::Bad, ""},
      {"over 2^64", "10000000000000005\r\nhello\r\n"sv, ParseState::Bad, ""},
      {"many zeros", "00000000000000005\r\nhello\r\n"sv, ParseState::Bad, ""},
      {"LF after size", "5\nhello\r\n0\r\n\r\n"sv, ParseState::Bad, ""},
      {"CR alone after size", "5\rhello\r\n0\r\n\r\n"sv, ParseState::Bad, ""},
      {"LF in extension", "5;a\nhello\r\n0\r\n\r\n"sv, ParseState::Bad, ""},
      {"CR alone in extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"sv, ParseState::Bad, ""},
      {"NUL in extension", "5;a\0\r\nhello\r\n0\r\n\r\n"sv, ParseState::Bad, ""},
      {"extension too long", kLongExtension, ParseState::Bad, ""},
      {"data longer than its size", "3\r\nhello\r\n0\r\n\r\n"sv, ParseState::Bad, "hel"},
      {"data shorter than its size", "6\r\nhello\r\n0\r\n\r\n"sv, ParseState::Bad, "hello\r"},
      {"LF after data", "5\r\nhello\n0\r\n\r\n"sv, ParseState::Bad, "hello"},
      {"no CRLF after data", "5\r\nhello0\r\n\r\n"sv, ParseState::Bad, "hello"},
      {"LF as the end", "0\r\n\n"sv, ParseState::Bad, ""},
      {"obs-fold in trailer", "0\r\nX: a\r\n b\r\n\r\n"sv, ParseState::Bad, ""},
      {"trailer without colon", "0\r\nnonsense\r\n\r\n"sv, ParseState::Bad, ""},
      {"blank before trailer colon", "0\r\nX : a\r\n\r\n"sv, ParseState::Bad, ""},
      {"empty trailer name", "0\r\n: a\r\n\r\n"sv, ParseState::Bad, ""},
      {"NUL in trailer", "0\r\nX: \0\r\n\r\n"sv, ParseState::Bad, ""},
      {"LF in trailer", "0\r\nX: a\n\r\n"sv, ParseState::Bad, ""},
      {"Content-Length as trailer", "0\r\nContent-Length: 5\r\n\r\n"sv, ParseState::Bad, ""},
      {"Transfer-Encoding as trailer", "0\r\ntransfer-encoding: chunked\r\n\r\n"sv, ParseState::Bad,
       ""},
      {"Authorization as trailer", "0\r\nAUTHORIZATION: Bearer x\r\n\r\n"sv, ParseState::Bad, ""},
      {"D3 a provider's own header as trailer", "0\r\nX-Goog-Api-Key: x\r\n\r\n"sv, ParseState::Bad,
       ""},
      {"D3 with underscores", "0\r\nxi_API_key: x\r\n\r\n"sv, ParseState::Bad, ""},
      {"a trailer's name too long", kLongName, ParseState::Bad, ""},
      {"gRPC's trailers", "0\r\ngrpc-status: 0\r\ngrpc-message: a\r\n\r\n"sv, ParseState::Complete,
       ""},
      {"Host as trailer", "0\r\nX: a\r\nHost: b\r\n\r\n"sv, ParseState::Bad, ""},
      {"trailers too long", kLongTrailer, ParseState::Bad, ""},
  };
  return cases;
}

TEST(BodyFollower, ChunkTableWhereverItIsCut) {
  for (const ChunkCase& each : chunk_cases()) {
    for (std::size_t cut = 0; cut <= each.text.size(); ++cut) {
      const Followed got = follow(kChunked, each.text, cut);
      ASSERT_EQ(got.state, each.state) << each.name << " cut at " << cut;
      ASSERT_EQ(got.content, each.content) << each.name << " cut at " << cut;
      if (each.state == ParseState::Complete)
        ASSERT_EQ(got.consumed, each.text.size() - each.after) << each.name;
    }
  }
}

TEST(BodyFollower, ChunksOfAStatedLengthHoldThatMany) {
  const BodyFraming five{BodyKind::Chunked, 5};
  struct Case {
    std::string_view text;
    ParseState state;
    std::string_view content;
  };
  const std::vector<Case> cases = {
      {"5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n"sv, ParseState::Complete, "hello"},
      {"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"sv, ParseState::Complete, "hello"},
      {"4\r\nhell\r\n0\r\n\r\n"sv, ParseState::Bad, "hell"},
      {"0\r\n\r\n"sv, ParseState::Bad, ""},
      {"6\r\nhello \r\n0\r\n\r\n"sv, ParseState::Bad, ""},
      {"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"sv, ParseState::Bad, "hello"},
  };
  for (const Case& each : cases) {
    for (std::size_t cut = 0; cut <= each.text.size(); ++cut) {
      const Followed got = follow(five, each.text, cut);
      ASSERT_EQ(got.state, each.state) << each.text << " cut at " << cut;
      ASSERT_EQ(got.content, each.content) << each.text << " cut at " << cut;
    }
  }
}

TEST(BodyFollower, ChunksOfALengthOf0HoldNone) {
  const BodyFraming none{BodyKind::Chunked, 0, true};
  EXPECT_EQ(follow(none, "0\r\nx-sum: 1\r\n\r\n"sv, 4).state, ParseState::Complete);
  const Followed some = follow(none, "1\r\n!\r\n0\r\n\r\n"sv, 0);
  EXPECT_EQ(some.state, ParseState::Bad);
  EXPECT_EQ(some.content, "");
}

TEST(BodyFollower, TrailersAreKeptWhereverTheyAreCut) {
  constexpr std::string_view kBody = "2\r\nhi\r\n0\r\n";
  constexpr std::string_view kFields = "grpc-status: 0\r\nX-Sum:  1 \r\n";
  const std::string text = std::string(kBody) + std::string(kFields) + "\r\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    BodyFollower follower;
    follower.start(kChunked);
    std::size_t at = 0;
    std::size_t of_trailers = 0;
    for (const std::size_t end : {cut, text.size()}) {
      while (at < end) {
        const auto step = follower.feed(std::string_view(text).substr(at, end - at));
        ASSERT_NE(step.state, ParseState::Bad) << cut;
        at += step.consumed;
        of_trailers += step.of_trailers;
      }
    }
    EXPECT_TRUE(follower.is_done());
    EXPECT_EQ(follower.trailers(), kFields) << cut;
    EXPECT_EQ(of_trailers, kFields.size() + 2) << cut;
    follower.start(kChunked);
    EXPECT_EQ(follower.trailers(), "");
  }
}

TEST(BodyFollower, C6_what_sounds_like_a_credential_is_left_out_of_an_answers_trailers) {
  constexpr std::string_view kText =
      "2\r\nhi\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=b\r\nx-token-count: 7\r\nx-last: 2\r\n\r\n";
  for (std::size_t cut = 0; cut <= kText.size(); ++cut) {
    BodyFollower follower;
    follower.start(kChunked, BodyFollower::Credentials::LeftOut);
    std::size_t at = 0;
    for (const std::size_t end : {cut, kText.size()})
      while (at < end) {
        const auto step = follower.feed(kText.substr(at, end - at));
        ASSERT_NE(step.state, ParseState::Bad) << cut;
        at += step.consumed;
      }
    EXPECT_TRUE(follower.is_done());
    EXPECT_EQ(follower.trailers(), "X-Sum: 1\r\nx-last: 2\r\n") << cut;
    EXPECT_TRUE(follower.has_left_out());
    follower.start(kChunked, BodyFollower::Credentials::LeftOut);
    EXPECT_FALSE(follower.has_left_out());
    EXPECT_EQ(follower.feed("0\r\nContent-Length: 5\r\n\r\n").state, ParseState::Bad);
  }
}

TEST(BodyFollower, Length) {
  for (std::size_t cut = 0; cut <= 8; ++cut) {
    const Followed got = follow({BodyKind::Length, 5}, "hello...", cut);
    EXPECT_EQ(got.state, ParseState::Complete);
    EXPECT_EQ(got.consumed, 5U);
    EXPECT_EQ(got.content, "hello");
  }
  BodyFollower follower;
  follower.start({BodyKind::Length, 5});
  (void)follower.feed("hel");
  EXPECT_FALSE(follower.is_done());
  EXPECT_FALSE(follower.end_of_input());
}

TEST(BodyFollower, UntilTheEnd) {
  BodyFollower follower;
  follower.start({BodyKind::UntilEnd, 0});
  EXPECT_EQ(follower.feed("some").content, "some");
  EXPECT_FALSE(follower.is_done());
  EXPECT_TRUE(follower.end_of_input());
  EXPECT_TRUE(follower.is_done());
}

TEST(BodyFollower, NoBodyIsDoneAtOnce) {
  BodyFollower follower;
  follower.start({});
  EXPECT_TRUE(follower.is_done());
  const auto step = follower.feed("GET /");
  EXPECT_EQ(step.state, ParseState::Complete);
  EXPECT_EQ(step.consumed, 0U);
  EXPECT_TRUE(follower.end_of_input());
}

TEST(BodyFollower, ChunkedCutShortIsNotAnEnd) {
  BodyFollower follower;
  follower.start(kChunked);
  (void)follower.feed("5\r\nhello\r\n");
  EXPECT_FALSE(follower.end_of_input());
}

TEST(BodyFollower, StaysBad) {
  BodyFollower follower;
  follower.start(kChunked);
  EXPECT_EQ(follower.feed("zz").state, ParseState::Bad);
  EXPECT_EQ(follower.feed("5\r\nhello").state, ParseState::Bad);
}

}  // namespace
}  // namespace strongroom::http
