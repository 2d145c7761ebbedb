// What dials to providers teach the pool. SPDX-License-Identifier: Apache-2.0
#include "gateway/world_for_test.h"

namespace strongroom::gateway {
namespace {

class PoolDials : public GatewayTest {
 public:
  [[nodiscard]] io::DialHint hint(std::string_view authority) {
    return world.gateway->pool().known().hint(authority, loop.clock().steady());
  }
};

TEST_F(PoolDials, an_address_whose_connection_is_verified_is_remembered) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request("GET", "/gemini/v1beta/models", with_pass());
    (void)co_await ask(octets);
  };
  const std::string authority = std::string(kGeminiHost) + ":443";
  EXPECT_EQ(hint(authority).address, "");
  run(story());
  EXPECT_EQ(hint(authority).address, world.provider.address());
  EXPECT_TRUE(hint(authority).has_worked);
}

TEST_F(PoolDials, an_address_whose_certificate_is_wrong_comes_last) {
  auto story = [&]() -> io::Task<void> {
    const std::string octets = request("GET", "/elevenlabs@api.us.elevenlabs.io/v1/models",
                                       "xi-api-key: " + kElevenPass + "\r\n");
    (void)co_await ask(octets);
  };
  run(story());
  EXPECT_EQ(hint("api.us.elevenlabs.io:443").address, world.provider.address());
  EXPECT_FALSE(hint("api.us.elevenlabs.io:443").has_worked);
}

}  // namespace
}  // namespace strongroom::gateway
