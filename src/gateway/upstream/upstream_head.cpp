// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/upstream_head.h"

#include <algorithm>

#include "base/encoding_in_place.h"
#include "catalog/kinds.h"
#include "catalog/settings.h"
#include "http/list.h"

namespace strongroom::gateway {
namespace {

/// With these clients wish for messages that are compressed one by one.
constexpr std::string_view kWishesOfMessages[] = {"grpc-accept-encoding",
                                                  "connect-accept-encoding"};

bool may_travel(ByteView value) {
  return !value.empty() && std::all_of(value.begin(), value.end(),
                                       [](std::uint8_t c) { return c >= 0x20 && c != 0x7f; });
}

/// For what is encoded in place.
auto adder(HeadBuffer& out) {
  return [&out](char c) { out.add(std::string_view(&c, 1)); };
}

void add_query(const UpstreamHead& parts, HeadBuffer& out) {
  const auto& service = *parts.route.service;
  bool is_first = true;
  if (parts.route.has_query) {
    for_each_parameter(parts.route.query, [&](std::string_view parameter) {
      if (is_credential_parameter(service, parameter_name(parameter))) return;
      out.add(is_first ? "?" : "&").add(parameter);
      is_first = false;
    });
  }
  add_key_parameter(service, is_first ? "?" : "&", parts.lease.value, out);
}

/// The agent's sub-protocols without the one that carried the pass.
void add_subprotocols(const http::Header& header, std::string_view without, HeadBuffer& out) {
  std::string_view list = header.value;
  bool is_first = true;
  while (!list.empty()) {
    const std::string_view entry = http::take_item(list);
    if (entry.empty() || entry == without) continue;
    out.add(is_first ? "sec-websocket-protocol: " : ", ").add(entry);
    is_first = false;
  }
  if (!is_first) out.add("\r\n");
}

/// Of the body as a whole, or of the messages in it; or of its characters: a key in UTF-16 is none
/// of the forms that are looked for, and nobody needs to ask for it (RFC 9110 12.5.2).
bool is_wish_for_coding(const http::Header& header) {
  const auto is_named = [&](std::string_view name) {
    return http::equals_ignoring_case(header.name, name);
  };
  return header.id == http::Name::AcceptEncoding || is_named("accept-charset") ||
         std::ranges::any_of(kWishesOfMessages, is_named);
}

void add_wishes_for_plain_body(const http::Headers& asked, HeadBuffer& out) {
  out.add("accept-encoding: identity\r\n");
  for (const std::string_view name : kWishesOfMessages)
    if (asked.find(name) != nullptr) out.add_header(name, "identity");
}

bool is_about_parts(const http::Header& header) {
  return http::equals_ignoring_case(header.name, "range") ||
         http::equals_ignoring_case(header.name, "if-range") ||
         http::equals_ignoring_case(header.name, "request-range");
}

bool stays_behind(const UpstreamHead& parts, std::string_view inject_name, bool names_more,
                  const http::Header& header) {
  if (header.id == http::Name::Host || http::is_hop_by_hop(header.id) ||
      header.id == http::Name::ContentLength)
    return true;
  if (is_stripped(*parts.route.service, inject_name, header)) return true;
  if (parts.asks_for_plain_body && is_wish_for_coding(header)) return true;
  // Parts of an answer could hold a key that no part shows (threats.md C13).
  if (parts.asks_for_whole_body && is_about_parts(header)) return true;
  // With an upgrade that was ignored, whether Connection names it or not.
  if (http::equals_ignoring_case(header.name, "http2-settings")) return true;
  if (parts.asks_for_plain_frames && header.id == http::Name::SecWebSocketExtensions) return true;
  return names_more && http::is_named_by_connection(parts.request.headers.all(), header.name);
}

void add_framing(const http::RequestHead& request, HeadBuffer& out) {
  if (request.body.kind == http::BodyKind::Chunked) out.add("transfer-encoding: chunked\r\n");
  // A length of 0 as well: some servers want one with every POST (411).
  if (request.body.says_length())
    out.add("content-length: ").add_number(request.body.length).add("\r\n");
  if (request.is_websocket_upgrade)
    out.add("connection: upgrade\r\nupgrade: websocket\r\n");
  else if (takes_trailers(request))
    out.add("te: trailers\r\nconnection: te\r\n");
}

}  // namespace

bool takes_trailers(const http::RequestHead& request) {
  const auto* te = request.headers.find(http::Name::Te);
  return te != nullptr && http::list_has(te->value, "trailers");
}

std::string_view resolved(std::string_view text, const lease::Settings& settings) {
  constexpr std::string_view kMark = "{setting:";
  if (!text.starts_with(kMark) || !text.ends_with('}')) return text;
  return catalog::setting_of(settings, text.substr(kMark.size(), text.size() - kMark.size() - 1));
}

std::optional<Refusal> add_key_header(const catalog::Service& service,
                                      const lease::Settings& settings, const Secret& value,
                                      HeadBuffer& out) {
  if (!value.reveal(may_travel)) return Refusal::Internal;
  const auto& place = catalog::placement_of(service, settings, value);
  if (place.slot == catalog::Slot::Query) return std::nullopt;
  const std::string_view name = place.slot == catalog::Slot::Basic
                                    ? std::string_view("authorization")
                                    : resolved(place.name, settings);
  if (!http::is_token(name)) return Refusal::Internal;
  out.add(name).add(": ");
  if (place.slot == catalog::Slot::Basic) {
    out.add("Basic ");
    out.begin_key();
    value.reveal(
        [&](ByteView plain) { put_basic(resolved(place.name, settings), plain, adder(out)); });
  } else {
    const std::string_view scheme = resolved(place.scheme, settings);
    if (!scheme.empty()) out.add(scheme).add(" ");
    out.begin_key();
    value.reveal([&](ByteView plain) { out.add(text_of(plain)); });
  }
  out.end_key();
  out.add("\r\n");
  return std::nullopt;
}

void add_key_parameter(const catalog::Service& service, std::string_view separator,
                       const Secret& value, HeadBuffer& out) {
  if (service.inject.slot != catalog::Slot::Query) return;
  out.add(separator).add(service.inject.name).add("=");
  out.begin_key();
  value.reveal([&](ByteView plain) { put_percent_encoded(plain, adder(out)); });
  out.end_key();
}

std::optional<Refusal> build_upstream_head(const UpstreamHead& parts, HeadBuffer& out) {
  const auto& service = *parts.route.service;
  const std::string_view inject_name = resolved(service.inject.name, parts.lease.settings);
  const bool names_more = parts.request.headers.find(http::Name::Connection) != nullptr;
  out.clear();
  out.add(parts.request.method).add(" ").add(parts.route.path);
  add_query(parts, out);
  out.add(" HTTP/1.1\r\n").add_header("host", parts.authority.host_header());
  for (const auto& header : parts.request.headers) {
    if (stays_behind(parts, inject_name, names_more, header)) continue;
    if (header.id == http::Name::SecWebSocketProtocol)
      add_subprotocols(header, parts.admission.subprotocol_entry, out);
    else
      out.add_header(header.name, header.value);
  }
  if (parts.asks_for_plain_body) add_wishes_for_plain_body(parts.request.headers, out);
  add_framing(parts.request, out);
  if (parts.passes != nullptr && guard::holds_any(*parts.passes, out.bytes()))
    return Refusal::PassMisplaced;
  if (const auto refused = add_key_header(service, parts.lease.settings, parts.lease.value, out))
    return refused;
  out.add("\r\n");
  if (out.has_overflowed()) return Refusal::HeadTooLarge;
  return std::nullopt;
}

}  // namespace strongroom::gateway
