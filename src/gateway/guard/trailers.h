// Trailers (RFC 9110 6.5): fields after a body, as they go on. Framing has been judged before
// (http::BodyFollower). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "catalog/service.h"
#include "gateway/head_buffer.h"
#include "gateway/refusal.h"
#include "guard/patterns.h"

namespace strongroom::gateway {

/// May these fields of the agent go to the provider? PassMisplaced for a pass of the session, or
/// for what would take a credential's place, which nobody looks for behind a body (threats.md D3).
[[nodiscard]] std::optional<Refusal> check_request_trailers(std::string_view lines,
                                                            const catalog::Service& service,
                                                            std::string_view inject_name,
                                                            const guard::Patterns* passes);
/// Fills `out`: the end of the chunk before, the last chunk, the provider's fields without those
/// that would lead the client past the gateway. False when it does not fit.
[[nodiscard]] bool build_answer_trailers(std::string_view lines, HeadBuffer& out);

}  // namespace strongroom::gateway
