// What a whole head must satisfy, and what it says about its body and its connection. Inside the
// room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "http/head.h"

namespace strongroom::http {

struct Verdict {
  int status = 0;
  std::string_view why;
  [[nodiscard]] bool is_bad() const { return status != 0; }
};

/// Sets what follows from the headers: body, keeps_alive, expects_continue, is_websocket_upgrade.
[[nodiscard]] Verdict judge_request(RequestHead& head);
[[nodiscard]] Verdict judge_response(ResponseHead& head, std::string_view request_method);

inline constexpr std::size_t kMaxTrailerName = 64;
/// What becomes of a field of this name (a token) in a trailer.
enum class TrailerFate : std::uint8_t {
  Goes,
  Credential,  ///< sounds like one: refused in a request, left out of an answer
  Bad          ///< frames or routes
};
[[nodiscard]] TrailerFate trailer_fate(std::string_view name);
/// May it stand in a trailer that is sent?
[[nodiscard]] inline bool may_be_trailer(std::string_view name) {
  return trailer_fate(name) == TrailerFate::Goes;
}

}  // namespace strongroom::http
