// What tests of whole exchanges over HTTP/2 ask and answer. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/http2/sessions_for_test.h"

namespace strongroom::http {

inline constexpr std::string_view kGet = "GET /v1/models?a=b HTTP/1.1\r\nHost: a.example\r\n\r\n";
inline constexpr std::string_view kPost =
    "POST /v1/chat HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";
inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Answers how many octets were taken.
inline std::size_t send(Http2Session& session, Http2StreamId id, std::string_view text,
                        Http2End end = Http2End::Open) {
  const auto taken = session.send_data(id, bytes_of(text), end);
  EXPECT_TRUE(taken.has_value()) << taken.error().message;
  return taken.value_or(0);
}

}  // namespace strongroom::http
