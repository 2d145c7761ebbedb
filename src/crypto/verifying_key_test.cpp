// CBOR and COSE keys, with keys and signatures that pyca/cryptography made.
// SPDX-License-Identifier: Apache-2.0
#include "crypto/verifying_key.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "crypto/cbor.h"
#include "crypto/sha512.h"

namespace strongroom::crypto {
namespace {

struct Known {
  VerifyingKey::Algorithm algorithm;
  std::string_view cose;
  std::string_view signature;
};
constexpr std::string_view kMessage = "what is signed";
constexpr std::array<Known, 3> kKnown{{
    {VerifyingKey::Algorithm::Es256,
     "a5010203262001215820a1251688a4bf9bf657ccd95ec689b73f2dba9d2b9eeeef1baf7edff90f1a"
     "9afe225820f3996fd82febff94116db294039ab401fac100e89aa46ae9a464d2f34554be39",
     "304402203a155c522c1927297e59855828f143498370d6443cc46fa60877dd69350e255e0220350c"
     "555af73606e109ed4128fbb1435e7b2a8284f17795d8ad3a30df60a1f510"},
    {VerifyingKey::Algorithm::EdDsa,
     "a40101032720062158205e65ddaf1023509d07f37c9abdab63a77baf8470abb73e8a4b2392328365"
     "824e",
     "3519a55d02d27f55a0ea0cb7acc8e395bb15cc6e1e1f22c8ae03ffdcfbff0f520de2428af0854fdf"
     "5a4fce017a194cfba9bb506db6f3f9deee175eab7d7d0b0f"},
    {VerifyingKey::Algorithm::Rs256,
     "a401030339010020590100d0cc70c62bb716922325ed799727e6c3ccb44b775063c1c3dc477fd9a4"
     "609443147a3982e935e3ebb0b42c5fe314288a1d1802d74562110e0a48ec976edd15d8e43b06ac58"
     "78e531c25dbe26d8e4f131809a361a99c8f103e04318d37f69543876d2c0f11e6b5174811160b65b"
     "853fe6d92f039157efe77f1cb4e0106bfece694085c5fedcc6019790f15d5fd54ac4e79de6e4da2e"
     "04f7aa36df0191d3c8430b7c0f4a5f10449055f3bb78e843d100a06b23f38bea13a8f67d26b68f1e"
     "da42c38da8a2874b85b9ec274c64352a16fdefaec2b5dce22f269da34bd8b29a977a5dfc6ac4abe5"
     "9d48fea533b481114ee6afd3b0a98d92a6074c9d4bb52611fb99ef2143010001",
     "371c9e554edc5e88588b1136d0dbfeaacf7f132987f3fc757d487b557ea3e1475f8bc7392a4c187e"
     "d35a39f67431c1ddd651d4ef88b4f3e01f1cce44441d3ae86ac18e9904a4b03f6327de99d86e49e3"
     "650c40ca0b4f21646a016d07e3ece01fc1873ff5bc6e62d0a6346e7a3aa5ecea2ca57c2e7ef366bf"
     "6f43194f05131f162114e94ff6dde8ef7da933c222558d660badf3be3cee9fbb9ce566d9ac143995"
     "6c1518b6ceb47af18ce742a97ec056359087a656ac7cdce5d5f56c05327fee2adff5beb1685d4fc4"
     "75964f146bc110a6eaa04e5c466fa1d959e520676bb0d2b0697aced014dcb790eeee5163bfd1030d"
     "c6b4c2eec6c08a03a71abae131760a77"},
}};

ByteVector octets(std::string_view hex) {
  return *from_hex(hex);
}

TEST(VerifyingKey, H19_keys_of_three_kinds_and_no_other) {
  for (const auto& known : kKnown) {
    const ByteVector cose = octets(known.cose);
    ByteView rest(cose);
    const auto key = VerifyingKey::read_cose(rest);
    ASSERT_TRUE(key);
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(key->algorithm(), known.algorithm);
    ByteVector signature = octets(known.signature);
    EXPECT_TRUE(key->verify(bytes_of(kMessage), signature));
    EXPECT_FALSE(key->verify(bytes_of("what is signee"), signature));
    signature.back() ^= 1;
    EXPECT_FALSE(key->verify(bytes_of(kMessage), signature));
    EXPECT_FALSE(key->verify(bytes_of(kMessage), {}));
    for (const auto& other : kKnown)
      EXPECT_EQ(key->verify(bytes_of(kMessage), octets(other.signature)), &other == &known);
    // Each octet less, and each of the first changed: another key at best, never this one.
    for (std::size_t size = 0; size < cose.size(); ++size) {
      rest = ByteView(cose).first(size);
      EXPECT_FALSE(VerifyingKey::read_cose(rest)) << size;
    }
    for (std::size_t at = 0; at < 10; ++at) {
      ByteVector changed = cose;
      changed[at] ^= 0x55U;
      rest = changed;
      const auto another = VerifyingKey::read_cose(rest);
      EXPECT_FALSE(another && another->verify(bytes_of(kMessage), octets(known.signature))) << at;
    }
  }
  EXPECT_FALSE(VerifyingKey::es256(ByteVector(32, 1), ByteVector(32, 1))) << "not on the curve";
  EXPECT_FALSE(VerifyingKey::rs256(ByteVector(128, 0xFF), octets("010001"))) << "1024 bits";
}

constexpr std::string_view kModulus =
    "9c2f08af38d53783fcb8559fc1f6444d4f4281c57d6b99fdae44a977c04377472cddf5efcd0639a6"
    "d5ad5e10ec39178d7d428208913048aec038685169013ed03e212de18c917fa8091903032cc10ecb"
    "a0337e169dc8c5a90741a4ac2a4c255a55123626acb861cbe818edac47a7c8255dc100c2f51e185e"
    "0486cd1262bd4f1f681e867e8560e0c1149de2c72904e3ad40e1d35f854f996ffa65779080007ba9"
    "37842385c83da69852f3ce9bbf839331c9abfdc335bd3d84866bf9c9e6be5e6c8204dae4d8c2b6c4"
    "6620dfb8bbe5e31d89effff17fcb883ab34a3ff274c551fc8a8b081ce0823db5385b19c1d685dae8"
    "0022d40ff1d5bae58047e523bfdc961f";
constexpr std::string_view kPss =
    "8fb3acb4c2c7ce0efa7cf94267deb8db7f95cf59d14f645dacefebba030fa1f3c99a4e98ea9a6d79"
    "204dc1bda0d31e41c3f4d5b3483cb49d7a0c279443f3d8dd1c4ad9a575eccf8473b1b0193f5797dc"
    "4cb92b91a44cb9c28bc90e0d6fb86fe2018311fd558fb60f958c2021a856d62869d3b694f3864f24"
    "ecf7cccfc40b4f1f80a5ed65ee26178766ec3e3b69a043125a2cc04b12fda4ddf41e18fac5087a74"
    "d1cfccaec8878b7965c5371d56180a96dd1f20d9f54aeba42d6e8aa80c02da48dd4f68b3914d2331"
    "00befdb9c528d349a8a1935b44b634500a37cf71c63e1e0acdd845794967661817d81f013350ae74"
    "031d5513678473a32fc97afa2252942b";
constexpr std::string_view kPssWithoutSalt =
    "208d3c79479ad134f0fbabbf9562d6651a0a58b4c055feb5a399d265551e754c4a5c77286abf2b06"
    "fa74468ef0a7dafb7dfb168ff7b19d97cbdc0e65e9f28766636bc44ba73e4c103ce7cc24a6b4938e"
    "d0e8087a521ee7724694b491a9b75a32c5aa724b335b3b97f91321c670c47bd33bd029c80ac58d8c"
    "ab99fea8eee4bb480e2f06ecb0c2bb3e9477d07320c9a398b4839500ca5d57169240cd7162612b15"
    "7bef42c66f86b7bbd041f720640d6aa8be7d6e45546386dea96408d662f3e224e5c9d2ab820028c4"
    "a6b390ffe178cdfbb6fb4f98dd8acbdf52177bd5cdc37703b2b2fc6b2ef81867e8cafecfef7e5428"
    "d0842f399fa8f0a3244f1c9ff94e0fef";
constexpr std::string_view kPkcs1 =
    "474a74674762541d8daa292272f95450887679ce3fb9d20e78824e33de4665109dbd50e73740cb1e"
    "b69013704ae4f8471881683838e6db144405e3d9e251232a6f807039e35df902b8ec14ec5e0a6ce5"
    "c9782fd1b20d8ab740dd29f8689ed0ceca268d2c5f82682a46363f84f32ae2e1e3b8c67af910ef8e"
    "e292a6f03b30b22e34129886f285e178590a697060c545160a8bbb9ed092beee8291b69619d9eebd"
    "083e1013fca6c8120edc22bb78c3ef1cd377fa050b0b1689b137eb3bb931d0571d683c07587fd584"
    "154fe36800785171ce50283a12ccad07fd5a4f8899a2ccb5e1ef89c0aa27ea4697faddaee4620e06"
    "6ec43fa00306b7162b4e067f361c7dcf";

TEST(VerifyingKey, OfRsaSignsInOneWayAndNeverTheOther) {
  const auto pss = VerifyingKey::ps256(octets(kModulus), octets("010001"));
  const auto pkcs1 = VerifyingKey::rs256(octets(kModulus), octets("010001"));
  ASSERT_TRUE(pss);
  ASSERT_TRUE(pkcs1);
  EXPECT_EQ(pss->algorithm(), VerifyingKey::Algorithm::Ps256);
  EXPECT_TRUE(pss->verify_jose(bytes_of(kMessage), octets(kPss)));
  EXPECT_FALSE(pss->verify_jose(bytes_of("what is signee"), octets(kPss)));
  EXPECT_FALSE(pss->verify_jose(bytes_of(kMessage), octets(kPkcs1)));
  EXPECT_FALSE(pss->verify_jose(bytes_of(kMessage), octets(kPssWithoutSalt)));
  EXPECT_TRUE(pkcs1->verify_jose(bytes_of(kMessage), octets(kPkcs1)));
  EXPECT_FALSE(pkcs1->verify_jose(bytes_of(kMessage), octets(kPss)));
  EXPECT_FALSE(VerifyingKey::ps256(ByteVector(128, 0xFF), octets("010001"))) << "1024 bits";
}

TEST(Sha512, IsAsThePaperHasIt) {
  // FIPS 180-2, C.1.
  EXPECT_EQ(
      to_hex(sha512(bytes_of("abc"))),
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3"
      "feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(CborReader, ReadsWhatIsThere) {
  const ByteVector in = octets(
      "a3"
      "1818"
      "1903e8"
      "24"
      "4101"
      "63c3a478"
      "01");
  CborReader reader(in);
  EXPECT_EQ(reader.map(), 3U);
  EXPECT_EQ(reader.integer(), 24);
  EXPECT_EQ(reader.integer(), 1000);
  EXPECT_EQ(reader.integer(), -5);
  EXPECT_EQ(reader.bytes()->size(), 1U);
  EXPECT_EQ(reader.text(), "\xc3\xa4x");
  EXPECT_EQ(reader.integer(), 1);
  EXPECT_TRUE(reader.is_at_end());
  CborReader whole(in);
  EXPECT_TRUE(whole.skip());
  EXPECT_TRUE(whole.is_at_end());
}

TEST(CborReader, H19_only_the_canonical_form_is_read) {
  for (const char* hex : {
           "",  // nothing
           "1817",
           "190018",
           "1a00000018",
           "1b0000000000000018",  // longer than they need be
           "1c",
           "1f",
           "38",
           "19ff",  // reserved, cut off
           "41",
           "4201",
           "5affffffff",
           "5bffffffffffffffff",  // longer than what is there
           "5f4101ff",
           "7f6101ff",
           "9f01ff",
           "bf0101ff",  // of indefinite length
           "61ff",
           "62c328",  // no UTF-8
           "c000",
           "d818",  // tags
           "f90000",
           "fa00000000",
           "fb0000000000000000",
           "f7",
           "e0",
           "f820",
           "ff",
           "81",
           "a1",
           "a101",
           "9affffffff",
           "bbffffffffffffffff",
           "a30101",
           "8181818181"
           "01",  // too deep
       }) {
    const ByteVector in = octets(hex);
    CborReader reader(in);
    EXPECT_FALSE(reader.skip()) << hex;
    EXPECT_FALSE(reader.is_ok());
    EXPECT_FALSE(reader.integer()) << "for good";
  }
  for (const char* hex : {"f4", "f5", "f6", "81818101", "a16161a0", "3b7fffffffffffffff"}) {
    const ByteVector in = octets(hex);
    CborReader reader(in);
    EXPECT_TRUE(reader.skip()) << hex;
    EXPECT_TRUE(reader.is_at_end());
  }
  const ByteVector large = octets("1b8000000000000000");
  CborReader reader(large);
  EXPECT_FALSE(reader.integer()) << "more than is counted here";
}

}  // namespace
}  // namespace strongroom::crypto
