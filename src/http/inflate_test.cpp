// SPDX-License-Identifier: Apache-2.0
#include "http/inflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace strongroom::http {
namespace {

ByteVector deflated(std::string_view text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  ByteVector out(text.size() + 1000);
  std::string input(text);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

constexpr std::string_view kText = R"({"error":{"message":"API key not valid"}})";

TEST(DecodeStart, KnowsTheEncodings) {
  EXPECT_EQ(decode_start("", bytes_of(kText)).value(), kText);
  EXPECT_EQ(decode_start("Identity", bytes_of(kText)).value(), kText);
  EXPECT_EQ(decode_start("gzip", deflated(kText, 15 + 16)).value(), kText);
  EXPECT_EQ(decode_start("X-GZIP", deflated(kText, 15 + 16)).value(), kText);
  EXPECT_EQ(decode_start("deflate", deflated(kText, 15)).value(), kText);
  EXPECT_EQ(decode_start("deflate", deflated(kText, -15)).value(), kText);
  EXPECT_EQ(decode_start("br", bytes_of(kText)).error().code, Code::Unsupported);
  EXPECT_EQ(decode_start("gzip, gzip", bytes_of(kText)).error().code, Code::Unsupported);
}

TEST(DecodeStart, IsBounded) {
  const std::string bomb(10 << 20, 'a');
  EXPECT_EQ(decode_start("gzip", deflated(bomb, 15 + 16)).value().size(), kMaxInflated);
  EXPECT_EQ(decode_start("gzip", deflated(bomb, 15 + 16), 100).value(), std::string(100, 'a'));
  EXPECT_EQ(decode_start("gzip", deflated(bomb, 15 + 16), 10 << 20).value().size(), kMaxInflated);
  EXPECT_EQ(decode_start("", bytes_of(kText), 7).value(), kText.substr(0, 7));
}

TEST(DecodeStart, TakesWhatIsThereOfACutBody) {
  const ByteVector whole = deflated(kText, 15 + 16);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto start = decode_start("gzip", ByteView(whole).first(size));
    ASSERT_TRUE(start) << size;
    ASSERT_TRUE(kText.starts_with(*start)) << size;
  }
}

TEST(DecodeStart, RefusesWhatIsNotWhatItSays) {
  EXPECT_EQ(decode_start("gzip", bytes_of(kText)).error().code, Code::Protocol);
}

}  // namespace
}  // namespace strongroom::http
