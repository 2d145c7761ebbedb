// SPDX-License-Identifier: Apache-2.0
#include "api/relying_party.h"

#include <gtest/gtest.h>

#include <tuple>

namespace strongroom::api {
namespace {

TEST(RelyingParty, IsTheConsolesOwnAddress) {
  for (const auto& [url, id, origin] : {
           std::tuple{"https://Strongroom.Example/", "strongroom.example",
                      "https://strongroom.example"},
           {"https://a.example:8443/console/", "a.example", "https://a.example:8443"},
           {"https://a.example:443", "a.example", "https://a.example"},
           {"http://127.0.0.1:8700/", "localhost", "http://localhost:8700"},
           {"http://[::1]:8700/", "localhost", "http://localhost:8700"},
           {"http://localhost:80/", "localhost", "http://localhost"},
           {"http://vault.localhost:1/", "vault.localhost", "http://vault.localhost:1"},
       }) {
    const auto party = relying_party_of(url);
    ASSERT_TRUE(party) << url;
    EXPECT_EQ(party->id, id);
    EXPECT_EQ(party->origin, origin);
  }
}

TEST(RelyingParty, AnAddressWithoutANameOrTlsHasNone) {
  for (const char* url :
       {"", "strongroom.example", "http://strongroom.example/", "https://192.0.2.1/",
        "https://[2001:db8::1]:8700/", "https://", "https://a b/", "https://user@a.example/",
        "http://192.168.0.7:8700/", "https://0x7f.1/", "https://a.example./", "ftp://a.example/"}) {
    const auto party = relying_party_of(url);
    ASSERT_FALSE(party) << url << " " << party->id;
    EXPECT_EQ(party.error().reason, "passkeys_unavailable");
  }
}

}  // namespace
}  // namespace strongroom::api
