// SPDX-License-Identifier: Apache-2.0
#include "crypto/password_verifiers.h"

#include <gtest/gtest.h>

namespace strongroom::crypto {

TEST(PasswordVerifiers, ScramIsThatOfRfc7677) {
  // RFC 7677 3: user "user", password "pencil", 4096 iterations.
  const ByteVector salt{0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e,
                        0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81};
  EXPECT_EQ(scram_sha256_verifier(Secret(bytes_of("pencil")), salt),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
            "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

TEST(PasswordVerifiers, MysqlsIsThatOfItsManual) {
  EXPECT_EQ(mysql_native_verifier(Secret(bytes_of("password"))),
            "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
}

}  // namespace strongroom::crypto
