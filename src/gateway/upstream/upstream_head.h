// The head that goes to the provider: the agent's, without anything that is a credential or belongs
// to the hop, and with the key in its one place. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "gateway/admission.h"
#include "gateway/authority.h"
#include "gateway/head_buffer.h"
#include "gateway/refusal.h"
#include "guard/patterns.h"
#include "http/head.h"
#include "lease/holder.h"

namespace strongroom::gateway {

struct UpstreamHead {
  const http::RequestHead& request;
  const Route& route;
  const Authority& authority;
  const Admission& admission;
  const lease::GrantedLease& lease;
  const guard::Patterns* passes;     ///< of the session; null: none
  bool asks_for_plain_body = false;  ///< an answer that is rewritten must not come compressed
  bool asks_for_whole_body = false;  ///< and not for parts of it
  bool asks_for_plain_frames =
      false;  ///< a websocket whose first message is looked into offers no extension
};

/// Fills `out`. PassMisplaced when a pass would still be in it; HeadTooLarge when it does not
/// fit; Internal when the stored value cannot travel in a head (threats.md E4).
[[nodiscard]] std::optional<Refusal> build_upstream_head(const UpstreamHead& parts,
                                                         HeadBuffer& out);
/// Does the request say so (RFC 9110 6.5.1)? It is the one TE that goes on.
[[nodiscard]] bool takes_trailers(const http::RequestHead& request);
/// The key alone, for a check: "name: scheme value\r\n" or nothing when it travels elsewhere.
[[nodiscard]] std::optional<Refusal> add_key_header(const catalog::Service& service,
                                                    const lease::Settings& settings,
                                                    const Secret& value, HeadBuffer& out);
/// The key as a parameter, "name=value" after `separator`; nothing when it travels elsewhere.
void add_key_parameter(const catalog::Service& service, std::string_view separator,
                       const Secret& value, HeadBuffer& out);
/// A placement's name or scheme with {setting:NAME} filled in.
[[nodiscard]] std::string_view resolved(std::string_view text, const lease::Settings& settings);

}  // namespace strongroom::gateway
