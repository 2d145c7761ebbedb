// SPDX-License-Identifier: Apache-2.0
#include "base/wiping.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <string>

namespace strongroom {
namespace {

std::string all_of(ByteView bytes) {
  return std::string(text_of(bytes));
}

TEST(WipedBuffer, AppendsGrowsAndDrops) {
  WipedBuffer buffer;
  for (int i = 0; i < 1000; ++i) buffer.append(bytes_of("0123456789"));
  EXPECT_EQ(buffer.size(), 10'000U);
  const MutableBytes spare = buffer.spare(4);
  std::memcpy(spare.data(), "abcd", 4);
  buffer.grow(2);
  buffer.drop_front(9'995);
  EXPECT_EQ(all_of(buffer.view()), "56789ab");
  WipedBuffer moved = std::move(buffer);
  EXPECT_EQ(moved.text(), "56789ab");
  moved.clear();
  EXPECT_TRUE(moved.is_empty());
}

TEST(WipedBuffer, LeavesNothingBehindItsEnd) {
  WipedBuffer buffer;
  buffer.append(bytes_of("secret-secret"));
  buffer.drop_front(7);
  const MutableBytes behind = buffer.spare(7);
  for (const std::uint8_t octet : behind) EXPECT_EQ(octet, 0);
}

TEST(ParseJsonWiping, ReadsAndRefuses) {
  const auto value = parse_json_wiping(R"({"service":"gemini","value":"a\u00e9\n\"b"})");
  ASSERT_TRUE(value);
  const auto secret = secret_member(value->get_object(), "value");
  ASSERT_TRUE(secret);
  secret->reveal([](ByteView plain) { EXPECT_EQ(all_of(plain), "a\xc3\xa9\n\"b"); });
  EXPECT_EQ(parse_json_wiping("{} {}").error().code, Code::Invalid);
  EXPECT_EQ(parse_json_wiping("").error().code, Code::Invalid);
  EXPECT_EQ(parse_json_wiping(std::string(40, '[')).error().code, Code::Invalid);
}

TEST(SecretMember, RefusesWhatIsNoValue) {
  json::object object{{"empty", ""}, {"number", 5}};
  object["long"] = std::string(Secret::kMaxSize + 1, 'x');
  object["longest"] = std::string(Secret::kMaxSize, 'x');
  EXPECT_EQ(secret_member(object, "absent").error().code, Code::Invalid);
  EXPECT_EQ(secret_member(object, "empty").error().code, Code::Invalid);
  EXPECT_EQ(secret_member(object, "number").error().code, Code::Invalid);
  EXPECT_EQ(secret_member(object, "long").error().code, Code::TooLarge);
  EXPECT_TRUE(secret_member(object, "longest"));
}

/// How often `needle` occurs in this process's writable memory. The needle is kept reversed so that
/// the search finds no copy of its own.
[[maybe_unused]] std::size_t occurrences(const std::string& reversed) {
  std::ifstream maps("/proc/self/maps");
  std::size_t found = 0;
  const auto matches = [&reversed](const char* at) {
    for (std::size_t i = 0; i < reversed.size(); ++i)
      if (at[i] != reversed[reversed.size() - 1 - i]) return false;
    return true;
  };
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" rw-p ") == std::string::npos) continue;
    const auto dash = line.find('-');
    const auto begin = std::stoull(line.substr(0, dash), nullptr, 16);
    const auto end = std::stoull(line.substr(dash + 1), nullptr, 16);
    for (auto at = begin; at + reversed.size() < end; ++at)
      if (matches(reinterpret_cast<const char*>(at))) ++found;
  }
  return found;
}

[[maybe_unused]] [[gnu::noinline]] void parse_one(const std::string& reversed, bool escaped) {
  WipedBuffer body;
  body.append(bytes_of("{\"value\":\""));
  if (escaped) body.append(bytes_of("\\u0041"));
  for (std::size_t i = reversed.size(); i > 0; --i)
    body.append(bytes_of(std::string_view(&reversed[i - 1], 1)));
  body.append(bytes_of("\"}"));
  const auto value = parse_json_wiping(body.text());
  ASSERT_TRUE(value);
  ASSERT_TRUE(secret_member(value->get_object(), "value"));
}

#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer)
TEST(ParseJsonWiping, LeavesNoCopyInMemory) {
  std::string reversed;
  for (int i = 0; i < 40; ++i) reversed.push_back(static_cast<char>('a' + (i * 7 + 3) % 26));
  parse_one(reversed, false);
  parse_one(reversed, true);
  EXPECT_EQ(occurrences(reversed), 0U);
  std::string forward(reversed.rbegin(), reversed.rend());
  EXPECT_EQ(occurrences(reversed), 1U) << "the search finds a copy that is there";
  wipe(forward.data(), forward.size());
}
#endif

}  // namespace
}  // namespace strongroom
