// For tests of HTTP/2: a server, or a client, whose peer writes frames by hand.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "http/http2/sessions_for_test.h"

namespace strongroom::http {

inline constexpr std::uint32_t kCalm = 11;  ///< ENHANCE_YOUR_CALM

/// A client's stream number `i`.
inline std::uint32_t stream_of(std::uint32_t i) {
  return 2 * i + 1;
}

/// A server that a hostile client writes to.
struct Victim {
  explicit Victim(const Http2Limits& limits = {}) : session(Http2Role::Server, clock, limits) {
    EXPECT_TRUE(feed(client_start()));
  }
  bool feed(std::string_view octets) { return session.feed(bytes_of(octets)).has_value(); }
  /// Feeds `octets` up to `times`; answers how often that went well, reading all output meanwhile.
  std::uint32_t repeat(const std::function<std::string(std::uint32_t)>& octets,
                       std::uint32_t times) {
    for (std::uint32_t i = 0; i < times; ++i) {
      if (!feed(octets(i))) return i;
      output += take_all(session);
      if (!session.status()) return i;
    }
    return times;
  }
  std::string reason() const {
    return session.status() ? std::string("none") : session.status().error().reason;
  }
  /// The code of the GOAWAY that ends the output; 999 without one.
  std::uint32_t goaway() {
    output += take_all(session);
    const auto frames = frames_of(output);
    if (frames.empty() || frames.back().type != 7) return 999;
    return number_at(frames.back().payload, 4);
  }
  void expect_calmed(std::string_view why) {
    EXPECT_EQ(reason(), why);
    EXPECT_EQ(goaway(), kCalm);
    EXPECT_FALSE(feed("x"));
    EXPECT_TRUE(session.is_finished());
  }

  ManualClock clock;
  Http2Session session;
  std::string output;
};

/// A client with one request, whose provider is careless or worse.
struct HostileProvider {
  HostileProvider() : session(Http2Role::Client, clock) {
    const auto opened = session.submit_request(request_head("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                                               Http2Scheme::Https, Http2End::Ends);
    EXPECT_TRUE(opened);
    (void)take_all(session);
    EXPECT_TRUE(feed(http2_frame(4, 0, 0)));
  }
  bool feed(std::string_view octets) { return session.feed(bytes_of(octets)).has_value(); }
  ManualClock clock;
  Http2Session session;
};

}  // namespace strongroom::http
