// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer_head.h"

#include <algorithm>
#include <array>

namespace strongroom::gateway {
namespace {

constexpr std::size_t kShortest = 8;
/// Ours alone: beside the provider's own words for a key that it refuses.
constexpr std::string_view kCode = "strongroom-code";

bool stays_behind(const http::Header& header, std::span<const http::Header> all, bool names_more) {
  if (header.id == http::Name::ContentLength || header.id == http::Name::TransferEncoding)
    return true;
  if (header.id == http::Name::SecWebSocketProtocol) return true;  // written apart
  if (http::is_hop_by_hop(header.id)) return true;
  if (leads_past_gateway(header.name)) return true;
  return names_more && http::is_named_by_connection(all, header.name);
}

/// What a head says of a body's coded octets, and what is not true of the decoded ones.
bool is_of_coded_body(const http::Header& header) {
  static constexpr std::array<std::string_view, 5> kNames = {
      "accept-ranges", "content-digest", "content-md5", "digest", "repr-digest"};
  return header.id == http::Name::ContentEncoding ||
         std::ranges::any_of(kNames, [&](std::string_view name) {
           return http::equals_ignoring_case(header.name, name);
         });
}

/// RFC 9110 8.8.1: a strong validator tells apart what differs in its octets.
bool is_strong_tag(const http::Header& header) {
  return http::equals_ignoring_case(header.name, "etag") && !header.value.starts_with("W/");
}

bool is_zero(std::string_view number) {
  return number.find_first_not_of('0') == std::string_view::npos;
}

void add_location(const AnswerHead& parts, const http::Header& header, HeadBuffer& out) {
  const bool is_local = header.value.starts_with('/') && !header.value.starts_with("//");
  if (is_local) {
    out.add(header.name).add(": ").add(parts.route.prefix).add(header.value).add("\r\n");
    return;
  }
  const auto rewritten =
      parts.links.rewrite(header.value, parts.base, *parts.route.service, parts.authority.host(),
                          parts.admission.pass.hash(), Links::Carries::Pass);
  out.add_header(header.name, rewritten ? std::string_view(*rewritten) : header.value);
}

bool add_rewritten(const AnswerHead& parts, const http::Header& header, HeadBuffer& out) {
  const auto& rewrites = parts.route.service->rewrite_headers;
  const bool is_named = std::any_of(rewrites.begin(), rewrites.end(), [&](const auto& each) {
    return http::equals_ignoring_case(each.header, header.name);
  });
  if (!is_named) return false;
  const auto rewritten =
      parts.links.rewrite(header.value, parts.base, *parts.route.service, parts.authority.host(),
                          parts.admission.pass.hash(), Links::Carries::Token);
  out.add_header(header.name, rewritten ? std::string_view(*rewritten) : header.value);
  return true;
}

/// The sub-protocol the client sees: the provider's choice; its own entry where that one carried
/// the pass.
void add_subprotocol(const AnswerHead& parts, HeadBuffer& out) {
  const auto* chosen = parts.response.headers.find(http::Name::SecWebSocketProtocol);
  const std::string_view own = parts.admission.subprotocol_entry;
  const bool was_offered =
      chosen != nullptr && std::ranges::any_of(parts.asked, [&](const http::Header& header) {
        return header.id == http::Name::SecWebSocketProtocol &&
               http::list_has(header.value, chosen->value);
      });
  if (was_offered)
    out.add_header("sec-websocket-protocol", chosen->value);
  else if (!own.empty())
    out.add_header("sec-websocket-protocol", own);
}

}  // namespace

bool build_answer_head(const AnswerHead& parts, HeadBuffer& out) {
  const auto& response = parts.response;
  const bool is_upgrade = response.status == 101;
  const bool names_more = !is_upgrade && response.headers.find(http::Name::Connection) != nullptr;
  out.clear();
  out.add("HTTP/1.1 ")
      .add_number(static_cast<std::uint64_t>(response.status))
      .add(" ")
      .add(response.reason)
      .add("\r\n");
  for (const auto& header : response.headers) {
    if (stays_behind(header, response.headers.all(), names_more)) continue;
    if (parts.is_decoded && is_of_coded_body(header)) continue;
    if (parts.is_decoded && is_strong_tag(header))
      out.add(header.name).add(": W/").add(header.value).add("\r\n");
    else if (header.id == http::Name::Location)
      add_location(parts, header, out);
    else if (!add_rewritten(parts, header, out))
      out.add_header(header.name, header.value);
  }
  if (parts.key_is_rejected) out.add_header(kCode, "key_rejected");
  if (is_upgrade) {
    add_subprotocol(parts, out);
    out.add("connection: upgrade\r\nupgrade: websocket\r\n");
  } else if (parts.closes) {
    out.add("connection: close\r\n");
  }
  if (parts.framing.kind == http::BodyKind::Chunked) out.add("transfer-encoding: chunked\r\n");
  if (parts.framing.kind == http::BodyKind::Length)
    out.add("content-length: ").add_number(parts.framing.length).add("\r\n");
  if (parts.framing.kind == http::BodyKind::None) {
    // HEAD and 304 tell a length of a body that does not follow; a decoded one's is not known.
    const auto* length = response.headers.find(http::Name::ContentLength);
    const bool is_true = length != nullptr && (!parts.is_decoded || is_zero(length->value));
    if (is_true) out.add_header("content-length", length->value);
  }
  out.add("\r\n");
  return !out.has_overflowed();
}

bool leads_past_gateway(std::string_view name) {
  return http::equals_ignoring_case(name, "alt-svc") || http::equals_ignoring_case(name, kCode);
}

std::size_t mask_key(HeadBuffer& out, const Secret& value, std::string_view pass) {
  if (value.size() < kShortest) return 0;
  return value.reveal([&](ByteView plain) {
    return out.contains(text_of(plain)) ? out.replace_all(text_of(plain), pass) : 0;
  });
}

}  // namespace strongroom::gateway
