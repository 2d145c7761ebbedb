// What an authorization server answers, made sense of: JSON or a form, errors with any status.
// Used by: login.cpp. Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "dynamic/job.h"
#include "http/client.h"

namespace strongroom::issuer {

/// Members of an answer, whatever its form; empty where it is none. Wipes the body.
[[nodiscard]] json::object read_answer(http::ClientResponse& response);
/// Text, or a number as text; empty where it is neither, or not visible ASCII and blanks.
[[nodiscard]] std::string member_of(const json::object& answer, std::string_view name);
/// The server's own word for what is wrong: of RFC 6749, or with {"ok":false} (Slack). Empty: none.
[[nodiscard]] std::string error_of(const json::object& answer);
/// Does this error say that a code or refresh token is of no use, now and for good?
[[nodiscard]] bool is_refusal(std::string_view error);

/// What a token endpoint said. `token_member`: of the answer, that holds the tokens.
[[nodiscard]] dynamic::Outcome outcome_of(int status, const json::object& answer,
                                          std::string_view token_member);

}  // namespace strongroom::issuer
