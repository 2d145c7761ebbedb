// Known answers from the RFCs, and records that must not open. SPDX-License-Identifier: Apache-2.0
#include "crypto/crypto.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/encoding.h"
#include "crypto/mac_key.h"
#include "crypto/record.h"

namespace strongroom::crypto {
namespace {

ByteVector hex(std::string_view text) {
  return from_hex(text).value();
}
std::string hex_of(const Secret& secret) {
  return secret.reveal([](ByteView plain) { return to_hex(plain); });
}

TEST(Crypto, sha256_of_fips_180) {
  EXPECT_EQ(to_hex(sha256(bytes_of("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Crypto, hmac_of_rfc_4231) {
  EXPECT_EQ(to_hex(hmac_sha256(Secret(bytes_of("Jefe")), bytes_of("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const Secret long_key{ByteView(ByteVector(131, 0xaa))};
  EXPECT_EQ(to_hex(hmac_sha256(long_key,
                               bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"))),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/// Of every length about a block's, so that no octet of key or message is left out.
TEST(Crypto, a_mac_key_gives_what_hmac_gives) {
  for (std::size_t size = 1; size <= 140; ++size) {
    ByteVector octets(size);
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i * 7 + size);
    const Secret key{ByteView(octets)};
    const MacKey mac_key(key);
    EXPECT_EQ(mac_key.of(octets), hmac_sha256(key, octets)) << size;
    EXPECT_EQ(mac_key.duplicate().of(octets), mac_key.of(octets)) << "again, and another's";
    octets.back() ^= 1U;
    EXPECT_NE(MacKey(Secret(ByteView(octets))).of(octets), mac_key.of(octets)) << size;
  }
}

TEST(Crypto, hotp_of_rfc_6238) {
  const Secret key{bytes_of("12345678901234567890")};
  const auto code_at = [&](std::uint64_t time) { return hotp(key, time / 30) % 100'000'000; };
  EXPECT_EQ(code_at(59), 94287082U);
  EXPECT_EQ(code_at(1111111109), 7081804U);
  EXPECT_EQ(code_at(1111111111), 14050471U);
  EXPECT_EQ(code_at(1234567890), 89005924U);
  EXPECT_EQ(code_at(2000000000), 69279037U);
  EXPECT_EQ(code_at(20000000000), 65353130U);
}

TEST(Crypto, hkdf_of_rfc_5869) {
  const Secret input{ByteView(ByteVector(22, 0x0b))};
  EXPECT_EQ(hex_of(hkdf_sha256(input, hex("000102030405060708090a0b0c"),
                               hex("f0f1f2f3f4f5f6f7f8f9"), 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(hex_of(hkdf_sha256(input, {}, {}, 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
  const auto counting = [](std::uint8_t from) {
    ByteVector octets(80);
    for (auto& octet : octets) octet = from++;
    return octets;
  };
  EXPECT_EQ(hex_of(hkdf_sha256(Secret(counting(0)), counting(0x60), counting(0xb0), 82)),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41"
            "c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
}

TEST(Crypto, ed25519_of_rfc_8032) {
  const Secret key{
      ByteView(hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))};
  const auto message = hex("72");
  EXPECT_EQ(to_hex(public_key_of(key)),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const auto signature = sign(key, message);
  EXPECT_EQ(to_hex(signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
            "13d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(verify(public_key_of(key), message, signature));
  EXPECT_FALSE(verify(public_key_of(key), hex("73"), signature));
}

TEST(Crypto, argon2id_refuses_weak_parameters) {
  const Secret passphrase(bytes_of("password"));
  const auto salt = bytes_of("0123456789abcdef");
  const auto derived = argon2id(passphrase, salt, {8192, 1, 1});
  ASSERT_TRUE(derived);
  EXPECT_TRUE(derived->equals(*argon2id(passphrase, salt, {8192, 1, 1})));
  EXPECT_FALSE(derived->equals(*argon2id(passphrase, salt, {8192, 2, 1})));
  EXPECT_FALSE(argon2id(passphrase, bytes_of("short"), {8192, 1, 1}));
  EXPECT_FALSE(argon2id(passphrase, salt, {4096, 1, 1}));
  EXPECT_FALSE(argon2id(passphrase, salt, {8192, 0, 1}));
}

class Record : public ::testing::Test {
 protected:
  Secret key = random_secret(32);
  ByteVector context = {1, 2, 3};
  Secret plain{bytes_of("sk-canary-0123456789")};
};

TEST_F(Record, opens_where_it_was_sealed) {
  const auto record = seal_record(key, context, plain);
  EXPECT_EQ(record.size(), plain.size() + kRecordOverhead);
  const auto opened = open_record(key, context, record);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->equals(plain));
  EXPECT_NE(record, seal_record(key, context, plain));
}

TEST_F(Record, L3_no_bit_may_change) {
  auto record = seal_record(key, context, plain);
  for (std::size_t i = 0; i < record.size() * 8; ++i) {
    record[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
    ASSERT_FALSE(open_record(key, context, record)) << "bit " << i;
    record[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
  }
  EXPECT_TRUE(open_record(key, context, record));
}

TEST_F(Record, L1_belongs_to_its_context_and_key) {
  const auto record = seal_record(key, context, plain);
  EXPECT_FALSE(open_record(key, ByteVector{1, 2, 4}, record));
  EXPECT_FALSE(open_record(key, {}, record));
  EXPECT_FALSE(open_record(random_secret(32), context, record));
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(open_record(key, context, ByteView(record).first(size)));
  auto longer = record;
  longer.push_back(0);
  EXPECT_FALSE(open_record(key, context, longer));
}

/// Made by another implementation (python-cryptography): the format does not drift.
/// What a record has of chance is asked of the kernel each time: nothing that a fork could copy. (A
/// child has no key to seal with: secrets are not in it.)
TEST(Crypto, L4_a_forked_process_repeats_no_chance) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  std::array<std::uint8_t, 44> own{};
  random(own);
  const pid_t child = ::fork();
  random(own);
  if (child == 0) ::_exit(::write(ends[1], own.data(), own.size()) == 44 ? 0 : 1);
  std::array<std::uint8_t, 44> other{};
  ASSERT_EQ(::read(ends[0], other.data(), other.size()), 44);
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(own, other);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(Record, opens_a_record_made_elsewhere) {
  const Secret other{
      ByteView(hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"))};
  const auto opened = open_record(other, bytes_of("context"),
                                  hex(
#include "crypto/record_vector_for_test.h"
                                      ));
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE(opened->equals(Secret(bytes_of("made elsewhere"))));
}

}  // namespace
}  // namespace strongroom::crypto
