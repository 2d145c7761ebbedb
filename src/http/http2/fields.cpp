// SPDX-License-Identifier: Apache-2.0
#include "http/http2/fields.h"

#include <algorithm>

#include "http/head_rules.h"
#include "http/syntax.h"

namespace strongroom::http {
namespace {

/// Values that are the same from request to request and that nobody keeps secret.
bool may_be_indexed(const Header& header) {
  switch (header.id) {
    case Name::Accept:
    case Name::AcceptEncoding:
    case Name::ContentEncoding:
    case Name::ContentType:
    case Name::Server:
    case Name::Te:
    case Name::Trailer:
    case Name::UserAgent:
      return true;
    default:
      return equals_ignoring_case(header.name, "grpc-accept-encoding") ||
             equals_ignoring_case(header.name, "grpc-encoding") ||
             equals_ignoring_case(header.name, "grpc-status");
  }
}

bool is_well_formed(const Header& header) {
  const char* const end = header.value.data() + header.value.size();
  return is_token(header.name) && skip_value_octets(header.value.data(), end) == end;
}

/// RFC 9113 8.2.2.
bool stays_behind(const Header& header) {
  switch (header.id) {
    case Name::Connection:
    case Name::KeepAlive:
    case Name::ProxyConnection:
    case Name::TransferEncoding:
    case Name::Upgrade:
      return true;
    case Name::Te:
      return header.value != "trailers";
    default:
      return false;
  }
}

std::uint8_t* octets_of(std::string_view text) {
  // The library's type has no const; it copies and never writes here.
  return const_cast<std::uint8_t*>(bytes_of(text).data());
}

}  // namespace

void Http2Fields::push(std::string_view name, std::string_view value, bool may_be_indexed) {
  const auto flags =
      static_cast<std::uint8_t>(may_be_indexed ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX);
  items_[size_++] = {octets_of(name), octets_of(value), name.size(), value.size(), flags};
}

Status Http2Fields::take_request(const RequestHead& head, Http2Scheme scheme) {
  size_ = 0;
  if (!is_token(head.method) || head.method == "CONNECT")
    return fail(Code::Invalid, "This method cannot be sent over HTTP/2.");
  const bool is_asterisk = head.target == "*" && head.method == "OPTIONS";
  if ((!head.target.starts_with('/') && !is_asterisk) ||
      !std::ranges::all_of(head.target, is_target_char))
    return fail(Code::Invalid, "Over HTTP/2 the target must be a path.");
  const Header* host = head.headers.find(Name::Host);
  if (host == nullptr || host->value.empty() || !std::ranges::all_of(host->value, is_host_char))
    return fail(Code::Invalid, "A request over HTTP/2 needs a well-formed Host.");
  push(":method", head.method, true);
  push(":scheme", scheme == Http2Scheme::Https ? "https" : "http", true);
  push(":authority", host->value, true);
  push(":path", head.target, false);  // a query may hold a key
  return take_fields(head.headers.all(), true);
}

Status Http2Fields::take_answer(const ResponseHead& head) {
  size_ = 0;
  if (head.status < 100 || head.status > 999 || head.status == 101)
    return fail(Code::Invalid, "This status cannot be sent over HTTP/2.");
  status_ = {static_cast<char>('0' + head.status / 100),
             static_cast<char>('0' + head.status / 10 % 10),
             static_cast<char>('0' + head.status % 10)};
  push(":status", {status_.data(), status_.size()}, true);
  return take_fields(head.headers.all(), false);
}

Status Http2Fields::take_fields(std::span<const Header> headers, bool is_request) {
  const bool has_connection = std::ranges::any_of(
      headers, [](const Header& header) { return header.id == Name::Connection; });
  for (const Header& header : headers) {
    if (stays_behind(header) || (is_request && header.id == Name::Host)) continue;
    // HTTP/1 names TE in Connection (RFC 9110 10.1.4); HTTP/2 has it without.
    const bool may_be_named = has_connection && header.id != Name::Te;
    if (may_be_named && is_named_by_connection(headers, header.name)) continue;
    if (!is_well_formed(header)) return fail(Code::Invalid, "A header is malformed.");
    push(header.name, header.value, may_be_indexed(header));
  }
  return {};
}

Status Http2Fields::take_trailers(std::span<const Header> trailers) {
  size_ = 0;
  if (trailers.size() > kMaxHeaders) return fail(Code::TooLarge, "There are too many trailers.");
  for (const Header& header : trailers) {
    if (!is_well_formed(header) || !may_be_trailer(header.name))
      return fail(Code::Invalid, "A field is malformed or may not be a trailer.");
    push(header.name, header.value, may_be_indexed(header));
  }
  return {};
}

}  // namespace strongroom::http
