// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <ostream>
#include <random>
#include <thread>
#include <type_traits>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/time_text.h"
#include "base/url.h"
#include "base/utf8.h"

namespace strongroom {
namespace {

// A leak does not compile.
template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept HasData = requires(const T& value) { value.data(); };
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string> &&
              !std::is_convertible_v<Secret, std::string_view>);
static_assert(!Streamable<Secret> && !HasData<Secret>);
static_assert(!std::is_constructible_v<json::value, const Secret&>);
static_assert(!std::is_constructible_v<LogField, std::string_view, const Secret&>);
static_assert(!std::is_constructible_v<Error, Code, const Secret&>);
// One kind of id is never another.
static_assert(!std::is_convertible_v<TenantId, KeyId> && !std::is_constructible_v<TenantId, KeyId>);

std::string text_of_secret(const Secret& secret) {
  return secret.reveal([](ByteView plain) { return std::string(text_of(plain)); });
}

TEST(Secret, holds_moves_and_shortens) {
  Secret one(bytes_of("canary"));
  const Secret two = std::move(one);
  EXPECT_TRUE(one.is_empty());  // NOLINT(bugprone-use-after-move): that is the test
  EXPECT_EQ(text_of_secret(two), "canary");
  Secret three = two.duplicate();
  three.shrink(3);
  EXPECT_EQ(text_of_secret(three), "can");
  EXPECT_TRUE(two.equals(two.duplicate()));
  EXPECT_FALSE(two.equals(three));
}

TEST(Secret, memory_is_wiped_when_given_back) {
  const std::uint8_t* where = nullptr;
  {
    const Secret secret(bytes_of("the canary sings at dawn, again and again"));
    where = secret.reveal([](ByteView plain) { return plain.data(); });
  }
  // The first octets of a free block link to the next one; all others are zero.
  EXPECT_TRUE(
      std::all_of(where + sizeof(void*), where + 41, [](std::uint8_t c) { return c == 0; }));
}

TEST(Secret, all_sizes_come_and_go) {
  const auto before = secret_arena_use().used_bytes;
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<Secret> many;
    for (int i = 0; i < 8; ++i) many.push_back(Secret::of_size(random() % Secret::kMaxSize));
    for (int i = 0; i < 100; ++i) many.push_back(Secret::of_size(random() % 300));
  }
  const Secret largest = Secret::of_size(Secret::kMaxSize);
  EXPECT_EQ(largest.size(), Secret::kMaxSize);
  EXPECT_EQ(secret_arena_use().used_bytes, before + Secret::kMaxSize);
}

TEST(Secret, threads_share_the_arena) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      for (int i = 0; i < 2000; ++i) {
        const std::string content(static_cast<std::size_t>(i % 500 + 1),
                                  static_cast<char>('a' + t));
        const Secret secret(bytes_of(content));
        if (text_of_secret(secret) != content) std::abort();
      }
    });
  for (auto& thread : threads) thread.join();
}

TEST(Id, is_canonical_text_both_ways) {
  IdBytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 17);
  const KeyId id(bytes);
  EXPECT_TRUE(id.text().starts_with("key_"));
  EXPECT_EQ(*KeyId::parse(id.text()), id);
  for (std::string wrong :
       {std::string("ten_") + id.text().substr(4), id.text() + "a", id.text().substr(0, 29),
        std::string("key_") + std::string(26, 'A'), std::string()})
    EXPECT_FALSE(KeyId::parse(wrong)) << wrong;
  // The last character carries three bits: others would be a second spelling of the same id.
  std::string other = id.text();
  other.back() = other.back() == 'a' ? 'b' : static_cast<char>(other.back() + 1);
  EXPECT_FALSE(KeyId::parse(other));
  for (std::size_t place = 4; place < id.text().size(); ++place)
    for (const char wrong : {'0', '1', '8', 'A', 'Z', '=', '\0', '\xE4'}) {
      std::string text = id.text();
      text[place] = wrong;
      EXPECT_FALSE(KeyId::parse(text)) << place;
    }
}

TEST(Encoding, follows_rfc_4648) {
  EXPECT_EQ(to_base64(bytes_of("f")), "Zg==");
  EXPECT_EQ(to_base64(bytes_of("fo")), "Zm8=");
  EXPECT_EQ(to_base64(bytes_of("foobar")), "Zm9vYmFy");
  EXPECT_EQ(to_base64url(bytes_of("\xfb\xff")), "-_8");
  EXPECT_EQ(to_hex(bytes_of("\x01\xab")), "01ab");
  EXPECT_FALSE(from_base64("Zh=="));
  EXPECT_FALSE(from_base64("Zg="));
  EXPECT_FALSE(from_base64url("Zg=="));
  EXPECT_FALSE(from_hex("0"));
  std::mt19937 random(5);
  for (std::size_t size = 0; size < 100; ++size) {
    ByteVector bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    EXPECT_EQ(*from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(*from_base64url(to_base64url(bytes)), bytes);
    EXPECT_EQ(*from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(*percent_decode(percent_encode(text_of(bytes))), text_of(bytes));
  }
}

TEST(Encoding, a_reader_never_reads_past_the_end) {
  ByteVector out;
  Writer writer(out);
  writer.u8(1);
  writer.u32(77);
  writer.text("text");
  Reader in(out);
  EXPECT_EQ(in.u8(), 1);
  EXPECT_EQ(in.u32(), 77U);
  EXPECT_EQ(in.text(), "text");
  EXPECT_TRUE(in.is_at_end());
  EXPECT_EQ(in.u64(), 0U);
  EXPECT_FALSE(in.is_ok());
  Reader limited(ByteView(out).subspan(5));
  EXPECT_TRUE(limited.blob(3).empty());
  EXPECT_FALSE(limited.is_ok());
}

TEST(Clock, tells_time_as_rfc_3339) {
  EXPECT_EQ(to_rfc3339(from_micros(1'795'444'150'123'456)), "2026-11-23T14:29:10.123Z");
  EXPECT_EQ(to_rfc3339(WallTime{}), "");
  EXPECT_TRUE(Deadline().is_never());
}

TEST(Json, is_strict_and_canonical) {
  EXPECT_FALSE(parse_json("{} x"));
  EXPECT_FALSE(parse_json("{\"a\":1,}"));
  EXPECT_FALSE(parse_json(std::string(100, '[')));
  EXPECT_EQ(to_canonical_text(*parse_json(R"({"b":[1,{"d":null,"c":true}],"a":"x"})")),
            R"({"a":"x","b":[1,{"c":true,"d":null}]})");
}

TEST(Names, have_one_spelling) {
  for (const char* name : {"acme", "a", "alice@example.com", "a-b_c.1"})
    EXPECT_TRUE(checked_name("name", name)) << name;
  for (const char* name : {"", "Acme", "-a", ".a", "a b", "a/b", "\xc3\xa9", "a\n"})
    EXPECT_FALSE(checked_name("name", name)) << name;
  EXPECT_FALSE(checked_name("name", std::string(65, 'a')));
}

TEST(Hosts, A7_A8_A10_have_one_spelling) {
  for (const char* host : {"api.example.com", "localhost", "xn--bcher-kva.example"})
    EXPECT_TRUE(checked_host(host)) << host;
  for (const char* host : {"", "API.example.com", "api.example.com.", "a..b", "-a.com", "a-.com",
                           "api.example.com:443", "user@host", "a b", "127.0.0.1", "0x7f.1",
                           "2130706433", "1.2.3", "[::1]", "a%41.com", "a\tb"})
    EXPECT_FALSE(checked_host(host)) << host;
  EXPECT_TRUE(checked_host("127.0.0.1", AddressLiteral::Allow));
  EXPECT_FALSE(checked_host("127.0.0.256", AddressLiteral::Allow));
}

TEST(Times, AreReadAsTheyAreWritten) {
  for (const char* text :
       {"2027-01-31T12:34:56.789Z", "1970-01-01T00:00:00.001Z", "2024-02-29T23:59:59.000Z"}) {
    const auto time = parse_time(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(to_rfc3339(*time), text);
  }
  EXPECT_EQ(to_rfc3339(*parse_time("2027-01-31T00:00:00Z")), "2027-01-31T00:00:00.000Z");
  for (const char* text :
       {"", "2027-01-31T00:00:00", "2027-02-29T00:00:00Z", "2027-13-01T00:00:00Z",
        "2027-01-31T24:00:00Z", "2027-01-31T00:00:00.Z", "2027-01-31T00:00:00.1234567890Z",
        "+027-01-31T00:00:00Z", "2027-01-31T-1:00:00Z", "2027-01-31T00:00:0 Z"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Url, its_host_is_found_with_a_port_or_without_one) {
  EXPECT_EQ(host_of_url("https://vault.example.com/"), "vault.example.com");
  EXPECT_EQ(host_of_url("https://vault.example.com:8443"), "vault.example.com");
  EXPECT_EQ(host_of_url("http://[::1]:80/console"), "::1");
  EXPECT_EQ(host_of_url("vault.example.com"), "");
  EXPECT_EQ(host_of_url("https://a b/"), "");
}

}  // namespace
}  // namespace strongroom
