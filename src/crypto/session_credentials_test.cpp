// SPDX-License-Identifier: Apache-2.0
#include "crypto/session_credentials.h"

#include <gtest/gtest.h>

#include "crypto/crypto.h"

namespace strongroom::crypto {
namespace {

TEST(SessionCredentials, NameTheirSessionAndNoOther) {
  const Secret key = random_secret(32);
  const auto session = random_id<SessionId>();
  const auto credential = proxy_credential(key, session);
  EXPECT_EQ(session_of(key, credential), session);
  EXPECT_EQ(proxy_credential_of(to_text(credential)), credential);
  EXPECT_FALSE(session_of(random_secret(32), credential)) << "another installation";
  for (std::size_t i = 0; i < credential.size(); ++i) {
    auto changed = credential;
    changed[i] ^= 1;
    EXPECT_FALSE(session_of(key, changed)) << "octet " << i;
  }
  EXPECT_FALSE(session_of(key, ByteView(credential).first(31)));
}

TEST(SessionCredentials, TextsOfAnotherShapeAreNone) {
  for (const std::string_view text : {"", "srx_", "srx_AAAA", "srp_", "srx_\xff", "nonsense"})
    EXPECT_FALSE(proxy_credential_of(text)) << text;
}

TEST(SessionCredentials, EachSessionHasASeedOfItsOwn) {
  const Secret key = random_secret(32);
  const auto octets = [](const Secret& secret) {
    return secret.reveal([](ByteView view) { return ByteVector(view.begin(), view.end()); });
  };
  const auto one = random_id<SessionId>();
  EXPECT_EQ(octets(session_authority_seed(key, one)), octets(session_authority_seed(key, one)));
  EXPECT_NE(octets(session_authority_seed(key, one)),
            octets(session_authority_seed(key, random_id<SessionId>())));
}

}  // namespace
}  // namespace strongroom::crypto
