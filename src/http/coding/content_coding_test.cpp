// SPDX-License-Identifier: Apache-2.0
#include "http/coding/content_coding.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "http/coding/coding_for_test.h"

namespace strongroom::http {
namespace {

constexpr std::string_view kText = R"({"error":{"message":"API key not valid"}})";

struct Decoded {
  std::string text;
  bool is_whole = false;
  bool is_bad = false;
};

DecoderBudget& plenty() {
  static DecoderBudget budget(64_MiB);
  return budget;
}

/// Fed in pieces of `piece` octets, with room for `room` at a time.
Decoded decode(ContentCoding coding, std::string_view body, std::size_t piece, std::size_t room) {
  ContentDecoder decoder(coding, plenty());
  Decoded all;
  std::string out(room, '\0');
  const MutableBytes place(reinterpret_cast<std::uint8_t*>(out.data()), out.size());
  while (!body.empty()) {
    std::string_view now = body.substr(0, piece);
    body.remove_prefix(now.size());
    for (;;) {
      const auto step = decoder.feed(bytes_of(now), place);
      all.text.append(out, 0, step.produced);
      now.remove_prefix(step.consumed);
      all.is_bad = step.state == ContentDecoder::State::Bad;
      if (all.is_bad) return all;
      if (step.state == ContentDecoder::State::NeedMore) break;
    }
    EXPECT_TRUE(now.empty());
  }
  all.is_whole = decoder.may_end();
  return all;
}
Decoded decode(ContentCoding coding, std::string_view body) {
  return decode(coding, body, body.size(), 64_KiB);
}

std::string varied(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i)
    text += std::to_string(i * i * 2654435761U) + (i % 7 == 0 ? "\n" : " and so on ");
  return text;
}
std::string joined(const Pieces& pieces) {
  std::string all;
  for (const auto& piece : pieces) all += piece;
  return all;
}

TEST(ContentCoding, IsReadFromAllFields) {
  const auto of = [](const std::vector<std::string_view>& values) {
    Headers headers;
    for (const auto value : values) headers.push("Content-Encoding", value, Name::ContentEncoding);
    return content_coding_of(headers);
  };
  EXPECT_EQ(of({}), ContentCoding::Identity);
  EXPECT_EQ(of({"Identity"}), ContentCoding::Identity);
  EXPECT_EQ(of({""}), ContentCoding::Identity);
  for (const auto& one : kCodings) EXPECT_EQ(of({one.name}), one.coding);
  EXPECT_EQ(of({"identity", " GZIP ,"}), ContentCoding::Gzip);
  EXPECT_EQ(of({"identity", "gzip", "br"}), std::nullopt);
  EXPECT_EQ(of({"gzip, gzip"}), std::nullopt);
  EXPECT_EQ(of({"compress"}), std::nullopt);
  EXPECT_EQ(of({"gzip br"}), std::nullopt);
  EXPECT_EQ(of({"gzip;q=1"}), std::nullopt);
}

TEST(ContentDecoder, GivesTheTextHoweverItIsCut) {
  const std::string text = varied(20000);
  for (const auto& one : kCodings) {
    const std::string body = encoded(one.coding, text);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, body.size()})
      for (const std::size_t room : {std::size_t{1}, std::size_t{333}, std::size_t{64_KiB}}) {
        const Decoded all = decode(one.coding, body, piece, room);
        EXPECT_TRUE(all.is_whole && all.text == text) << one.name << " " << piece << " " << room;
      }
  }
}

TEST(ContentDecoder, LargeBodiesFitItsMemory) {
  const std::string text = varied(10 << 20);
  for (const auto& one : kCodings) {
    const Decoded all = decode(one.coding, encoded(one.coding, text), 64_KiB, 64_KiB);
    EXPECT_TRUE(all.is_whole && all.text == text) << one.name;
  }
  const Decoded widest = decode(ContentCoding::Zstd, joined(zstd_pieces({text, text}, 23)));
  EXPECT_TRUE(widest.is_whole && widest.text == text + text);
}

TEST(ContentDecoder, WhatWasFlushedComesOutAtOnce) {
  const Pieces events = {"data: one\n\n", "data: two\n\n", "data: three\n\n"};
  for (const auto& one : kCodings) {
    const Pieces pieces = encoded_pieces(one.coding, events);
    ContentDecoder decoder(one.coding, plenty());
    std::string out(4096, '\0');
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const auto step =
          decoder.feed(bytes_of(pieces[i]),
                       MutableBytes(reinterpret_cast<std::uint8_t*>(out.data()), out.size()));
      EXPECT_EQ(out.substr(0, step.produced), events[i]) << one.name;
      EXPECT_EQ(step.state, ContentDecoder::State::NeedMore);
      EXPECT_EQ(decoder.may_end(), i + 1 == pieces.size()) << one.name;
    }
    // Pieces without content change nothing, however many there are.
    for (int i = 0; i < 100; ++i)
      EXPECT_EQ(
          decoder.feed({}, MutableBytes(reinterpret_cast<std::uint8_t*>(out.data()), 9)).state,
          ContentDecoder::State::NeedMore);
    EXPECT_TRUE(decoder.may_end());
  }
}

TEST(ContentDecoder, DeflateIsTakenBareAsWell) {
  const std::string text = varied(3000);
  const std::string bare = joined(deflated({text}, kRawBits));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, bare.size()})
    EXPECT_EQ(decode(ContentCoding::Deflate, bare, piece, 100).text, text);
  EXPECT_TRUE(decode(ContentCoding::Deflate, joined(deflated({""}, kRawBits)), 1, 9).is_whole);
  EXPECT_FALSE(decode(ContentCoding::Deflate, "\x78").is_whole);
}

TEST(ContentDecoder, TakesSeveralMembersAndFrames) {
  for (const auto coding : {ContentCoding::Gzip, ContentCoding::Zstd}) {
    const std::string body = encoded(coding, "one ") + encoded(coding, "") + encoded(coding, "two");
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, body.size()}) {
      const Decoded all = decode(coding, body, piece, 3);
      EXPECT_TRUE(all.is_whole);
      EXPECT_EQ(all.text, "one two");
    }
  }
  const std::string skippable("\x53\x2A\x4D\x18\x03\0\0\0abc", 11);
  EXPECT_EQ(decode(ContentCoding::Zstd, skippable + encoded(ContentCoding::Zstd, "x"), 1, 9).text,
            "x");
}

TEST(ContentDecoder, WhatIsCutShortIsNotWhole) {
  for (const auto& one : kCodings) {
    const std::string text = varied(300);
    const std::string body = encoded(one.coding, text);
    EXPECT_TRUE(ContentDecoder(one.coding, plenty()).may_end()) << "an empty body";
    for (std::size_t size = 1; size < body.size(); ++size) {
      const Decoded all = decode(one.coding, body.substr(0, size));
      EXPECT_FALSE(all.is_whole) << one.name << " " << size;
      EXPECT_FALSE(all.is_bad) << one.name << " " << size;
      EXPECT_TRUE(text.starts_with(all.text));
    }
  }
}

TEST(ContentDecoder, RefusesWhatFollows) {
  for (const auto& one : kCodings) {
    const std::string body = encoded(one.coding, "text");
    for (const std::string& garbage :
         {std::string("x"), std::string(1, '\0'), std::string(40, 'y')})
      for (const std::size_t piece : {std::size_t{1}, body.size() + garbage.size()}) {
        const Decoded all = decode(one.coding, body + garbage, piece, 64_KiB);
        EXPECT_FALSE(all.is_whole) << one.name;
        // One octet may still be the first of a member; nothing that ends there is whole.
        EXPECT_TRUE(all.is_bad || garbage.size() == 1) << one.name;
      }
  }
}

TEST(ContentDecoder, RefusesWhatIsNotWhatItSays) {
  for (const auto& one : kCodings) {
    std::string body = encoded(one.coding, varied(300));
    EXPECT_TRUE(decode(one.coding, "not what it says at all").is_bad) << one.name;
    EXPECT_TRUE(decode(one.coding, varied(300)).is_bad) << one.name;
    // Of brotli nothing but its syntax can be checked: it has no sum.
    if (one.coding == ContentCoding::Brotli) continue;
    body[body.size() - 3] = static_cast<char>(body[body.size() - 3] ^ 1);
    EXPECT_FALSE(decode(one.coding, body).is_whole) << one.name;
  }
}

TEST(ContentDecoder, RefusesWindowsThatAreTooWide) {
  const std::string text = varied(100000);
  EXPECT_TRUE(decode(ContentCoding::Zstd, joined(zstd_pieces({text, "x"}, 23))).is_whole);
  EXPECT_TRUE(decode(ContentCoding::Zstd, joined(zstd_pieces({text, "x"}, 24))).is_bad);
  EXPECT_TRUE(decode(ContentCoding::Brotli, joined(brotli_pieces({text, "x"}, 22))).is_whole);
  for (const int bits : {23, 24, 25})
    EXPECT_TRUE(decode(ContentCoding::Brotli, joined(brotli_pieces({text, "x"}, bits))).is_bad);
}

TEST(ContentDecoder, RefusesZstdFromBeforeItWasOne) {
  for (const char version : {'\x25', '\x26', '\x27'})
    EXPECT_TRUE(decode(ContentCoding::Zstd, version + std::string("\xB5\x2F\xFD")).is_bad);
}

TEST(ContentDecoder, ZstdIsTheSameWithRoomForAllOfIt) {
  // A frame that promises 52,555 octets, and one empty block: whole or not, but always the same.
  const std::string frame("\x28\xB5\x2F\xFD\x40\x28\x4B\xCC\x01\0\0", 11);
  for (const std::string& body : {frame, frame + "[", frame + frame}) {
    const Decoded wide = decode(ContentCoding::Zstd, body, body.size(), 64_KiB);
    const Decoded narrow = decode(ContentCoding::Zstd, body, body.size(), 97);
    const Decoded cut = decode(ContentCoding::Zstd, body, 1, 64_KiB);
    EXPECT_TRUE(wide.is_bad == narrow.is_bad && wide.is_bad == cut.is_bad);
    EXPECT_TRUE(wide.is_whole == narrow.is_whole && wide.is_whole == cut.is_whole);
  }
}

TEST(ContentDecoder, ABombEndsSoon) {
  const std::string bomb(64 << 20, 'a');
  for (const auto& one : kCodings) {
    // zlib reaches 1032 at best, and so a little later.
    const Decoded all = decode(one.coding, encoded(one.coding, bomb), 4096, 64_KiB);
    EXPECT_TRUE(all.is_bad) << one.name;
    EXPECT_LT(all.text.size(), 32_MiB) << one.name;
  }
  // What is small may be as dense as it likes.
  const std::string dense(1 << 20, 'a');
  for (const auto& one : kCodings)
    EXPECT_TRUE(decode(one.coding, encoded(one.coding, dense), 4096, 64_KiB).is_whole) << one.name;
}

TEST(DecoderMemory, HasABottom) {
  DecoderBudget budget(2_MiB - 256_KiB);
  DecoderMemory memory(1_MiB, budget);
  void* const small = memory.take(1000);
  void* const large = memory.take(512_KiB);
  ASSERT_TRUE(small != nullptr && large != nullptr);
  std::fill_n(static_cast<char*>(small), 1000, 'x');
  std::fill_n(static_cast<char*>(large), 512_KiB, 'x');
  EXPECT_EQ(memory.take(512_KiB), nullptr);
  EXPECT_EQ(memory.take(SIZE_MAX), nullptr);
  memory.give(large);
  void* const again = memory.take(512_KiB);
  EXPECT_NE(again, nullptr);
  DecoderMemory other(64_MiB, budget);
  EXPECT_EQ(other.take(2_MiB), nullptr);
  void* const rest = other.take(1_MiB);
  EXPECT_NE(rest, nullptr);
  EXPECT_EQ(memory.take(480_KiB), nullptr) << "of one's own there would be enough";
  other.give(rest);
  memory.give(again);
  memory.give(small);
  memory.give(nullptr);
  EXPECT_EQ(budget.left(), 2_MiB - 256_KiB);
}

TEST(ContentDecoder, WithoutMemoryEverythingIsBad) {
  for (const auto& one : kCodings) {
    const std::string body = encoded(one.coding, varied(1000));
    for (const std::size_t most : {std::size_t{0}, std::size_t{4000}}) {
      DecoderBudget budget(most);
      {
        ContentDecoder decoder(one.coding, budget);
        ByteVector out(4096);
        EXPECT_EQ(decoder.feed(bytes_of(body), out).state, ContentDecoder::State::Bad) << one.name;
        EXPECT_FALSE(decoder.may_end());
      }
      EXPECT_EQ(budget.left(), most) << one.name;
    }
    EXPECT_EQ(plenty().left(), 64_MiB) << "whatever was decoded before";
  }
}

TEST(DecodeStart, KnowsTheEncodings) {
  EXPECT_EQ(decode_start("", bytes_of(kText)).value(), kText);
  EXPECT_EQ(decode_start("Identity", bytes_of(kText)).value(), kText);
  for (const auto& one : kCodings)
    EXPECT_EQ(decode_start(one.name, bytes_of(encoded(one.coding, std::string(kText)))).value(),
              kText);
  EXPECT_EQ(decode_start("gzip, gzip", bytes_of(kText)).error().code, Code::Unsupported);
  EXPECT_EQ(decode_start("gzip", bytes_of(kText)).error().code, Code::Protocol);
}

TEST(DecodeStart, IsBounded) {
  const std::string bomb = encoded(ContentCoding::Gzip, std::string(10 << 20, 'a'));
  EXPECT_EQ(decode_start("gzip", bytes_of(bomb)).value().size(), kMaxDecodedStart);
  EXPECT_EQ(decode_start("gzip", bytes_of(bomb), 100).value(), std::string(100, 'a'));
  EXPECT_EQ(decode_start("gzip", bytes_of(bomb), 10 << 20).value().size(), kMaxDecodedStart);
  EXPECT_EQ(decode_start("", bytes_of(kText), 7).value(), kText.substr(0, 7));
}

TEST(DecodeStart, TakesWhatIsThereOfACutBody) {
  const std::string whole = encoded(ContentCoding::Gzip, std::string(kText));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto start = decode_start("gzip", bytes_of(std::string_view(whole).substr(0, size)));
    ASSERT_TRUE(start) << size;
    ASSERT_TRUE(kText.starts_with(*start)) << size;
  }
}

}  // namespace
}  // namespace strongroom::http
