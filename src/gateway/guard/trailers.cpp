// SPDX-License-Identifier: Apache-2.0
#include "gateway/guard/trailers.h"

#include <algorithm>

#include "gateway/admission.h"
#include "gateway/answer_head.h"
#include "http/http2/head.h"

namespace strongroom::gateway {

std::optional<Refusal> check_request_trailers(std::string_view lines,
                                              const catalog::Service& service,
                                              std::string_view inject_name,
                                              const guard::Patterns* passes) {
  http::Headers trailers;
  if (!http::read_trailers(lines, trailers)) return Refusal::HeadTooLarge;
  if (passes != nullptr && guard::holds_any(*passes, bytes_of(lines)))
    return Refusal::PassMisplaced;
  const bool has_credential = std::ranges::any_of(trailers, [&](const http::Header& header) {
    return is_stripped(service, inject_name, header);
  });
  return has_credential ? std::optional(Refusal::PassMisplaced) : std::nullopt;
}

bool build_answer_trailers(std::string_view lines, HeadBuffer& out) {
  http::Headers trailers;
  if (!http::read_trailers(lines, trailers)) return false;
  out.clear();
  out.add("\r\n0\r\n");
  for (const http::Header& header : trailers)
    if (!leads_past_gateway(header.name)) out.add_header(header.name, header.value);
  out.add("\r\n");
  return !out.has_overflowed();
}

}  // namespace strongroom::gateway
