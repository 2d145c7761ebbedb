// The head that goes back to the agent: the provider's, without what belongs to the hop, with
// absolute URLs of the provider led back here, and never with the key (threats.md C1).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gateway/admission.h"
#include "gateway/authority.h"
#include "gateway/head_buffer.h"
#include "gateway/links.h"
#include "http/head.h"
#include "lease/holder.h"

namespace strongroom::gateway {

struct AnswerHead {
  const http::ResponseHead& response;
  const Route& route;
  const Authority& authority;
  const Admission& admission;
  const Links& links;
  const Links::Base& base;
  http::BodyFraming framing;     ///< as the client gets it
  bool closes = false;           ///< tell the client that the connection ends
  const http::Headers& asked;    ///< the client's headers
  bool key_is_rejected = false;  ///< known for that, and this answer may say so too
  bool is_decoded = false;       ///< the body goes on with other octets than it came in
};
/// Fills `out`; false when it does not fit.
[[nodiscard]] bool build_answer_head(const AnswerHead& parts, HeadBuffer& out);
/// A header that no provider may send to an agent: it would lead past the gateway (threats.md B7),
/// or is ours alone.
[[nodiscard]] bool leads_past_gateway(std::string_view name);
/// Puts the pass where the key stands; the answer says how often. Values under 8 octets are left
/// alone (threats.md C11).
std::size_t mask_key(HeadBuffer& out, const Secret& value, std::string_view pass);

}  // namespace strongroom::gateway
