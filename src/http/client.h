// fetch: one HTTP/1.1 request and its answer over a Stream, for control calls and tests. Not the
// gateway's upstream side.
//
// Threads: the stream's loop. Set a deadline on the stream first. Fails: Protocol for a malformed
// answer, TooLarge over the limit, and what the stream says. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/server.h"
#include "io/stream.h"
#include "io/task.h"

namespace strongroom::http {

/// The views outlive the call.
struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";
  std::string host = "localhost";
  TextPairs headers;  ///< beside Host and Content-Length
  std::string_view body;
};

struct ClientResponse {
  int status = 0;
  TextPairs headers;  ///< names in lower case
  std::string body;
  bool keeps_alive = false;
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

/// The answer to a request that was sent. `method` is that request's.
[[nodiscard]] io::Task<Result<ClientResponse>> receive_answer(io::Stream& stream,
                                                              std::string_view method,
                                                              std::size_t max_body);
/// Interim answers (1xx but 101) are passed over. After 101 the stream belongs to the new protocol;
/// the server must wait for the client then.
[[nodiscard]] io::Task<Result<ClientResponse>> fetch(io::Stream& stream,
                                                     const ClientRequest& request,
                                                     std::size_t max_body = 16_MiB);

}  // namespace strongroom::http
