// Starting sessions, for the operations that do. Inside the room only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/operations.h"

namespace strongroom::api {

/// Whoever started the session looks after its workroom.
inline constexpr std::string_view kExternal = "external";
/// Its runner was started by a platform, with a ticket.
inline constexpr std::string_view kAttached = "attached";

/// What the body asks for.
[[nodiscard]] vault::SessionRequest session_request(const Call& call);
/// What a person can mend is said together with where.
[[nodiscard]] Error with_link(Error error, const ControlOptions& options);
/// Starts it, with the socket that the body asks for; `session` is set where that worked.
[[nodiscard]] io::Task<Answer> answer_start(Call& call, vault::SessionRequest request,
                                            SessionId& session);

}  // namespace strongroom::api
