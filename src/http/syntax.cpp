// SPDX-License-Identifier: Apache-2.0
#include "http/syntax.h"

#include <algorithm>

#include "base/small_letters.h"
#include "http/list.h"

namespace strongroom::http {
namespace {

/// `name` holds token characters only, so that folding by one bit is exact against lower-case
/// letters and '-'.
bool matches(std::string_view name, std::string_view lower) {
  if (name.size() != lower.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i)
    if ((static_cast<std::uint8_t>(name[i]) | 0x20U) != static_cast<std::uint8_t>(lower[i]))
      return false;
  return true;
}

struct Phrase {
  int status;
  std::string_view text;
};
// RFC 9110 15, RFC 6585, RFC 7725; ascending.
constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {511, "Network Authentication Required"},
};

}  // namespace

Name name_id(std::string_view name) {
  const auto one_of = [name](std::string_view lower, Name id) {
    return matches(name, lower) ? id : Name::Other;
  };
  if (name.empty()) return Name::Other;
  const char first = static_cast<char>(static_cast<std::uint8_t>(name[0]) | 0x20U);
  switch (name.size()) {
    case 2: return one_of("te", Name::Te);
    case 4:
      if (first == 'h') return one_of("host", Name::Host);
      return one_of("date", Name::Date);
    case 6:
      if (first == 'a') return one_of("accept", Name::Accept);
      if (first == 'c') return one_of("cookie", Name::Cookie);
      if (first == 'e') return one_of("expect", Name::Expect);
      return one_of("server", Name::Server);
    case 7:
      if (first == 'u') return one_of("upgrade", Name::Upgrade);
      return one_of("trailer", Name::Trailer);
    case 8: return one_of("location", Name::Location);
    case 9: return one_of("forwarded", Name::Forwarded);
    case 10:
      if (first == 'u') return one_of("user-agent", Name::UserAgent);
      if (first == 'k') return one_of("keep-alive", Name::KeepAlive);
      return one_of("connection", Name::Connection);
    case 12: return one_of("content-type", Name::ContentType);
    case 13: return one_of("authorization", Name::Authorization);
    case 14: return one_of("content-length", Name::ContentLength);
    case 15:
      if (first == 'a') return one_of("accept-encoding", Name::AcceptEncoding);
      return one_of("x-forwarded-for", Name::XForwardedFor);
    case 16:
      if (first == 'p') return one_of("proxy-connection", Name::ProxyConnection);
      if (first == 'x') return one_of("x-forwarded-host", Name::XForwardedHost);
      return one_of("content-encoding", Name::ContentEncoding);
    case 17:
      if (first == 't') return one_of("transfer-encoding", Name::TransferEncoding);
      if (first == 'x') return one_of("x-forwarded-proto", Name::XForwardedProto);
      return one_of("sec-websocket-key", Name::SecWebSocketKey);
    case 18: return one_of("proxy-authenticate", Name::ProxyAuthenticate);
    case 19: return one_of("proxy-authorization", Name::ProxyAuthorization);
    case 20: return one_of("sec-websocket-accept", Name::SecWebSocketAccept);
    case 21: return one_of("sec-websocket-version", Name::SecWebSocketVersion);
    case 22: return one_of("sec-websocket-protocol", Name::SecWebSocketProtocol);
    case 24: return one_of("sec-websocket-extensions", Name::SecWebSocketExtensions);
    default: return Name::Other;
  }
}

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, is_digit)) return false;
  unsigned port = 0;
  for (const char c : text) port = port * 10 + static_cast<unsigned>(c - '0');
  return port > 0 && port <= 65535;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return small_letter(x) == small_letter(y); });
}

bool starts_ignoring_case(std::string_view text, std::string_view start) {
  return equals_ignoring_case(text.substr(0, start.size()), start);
}

std::string_view media_type(std::string_view content_type) {
  const std::string_view type = content_type.substr(0, content_type.find(';'));
  return type.substr(0, type.find_last_not_of(' ') + 1);
}

bool list_has(std::string_view list, std::string_view token) {
  while (!list.empty())
    if (equals_ignoring_case(take_item(list), token)) return true;
  return false;
}

bool is_named_by_connection(std::span<const Header> headers, std::string_view name) {
  return std::ranges::any_of(headers, [name](const Header& header) {
    return header.id == Name::Connection && list_has(header.value, name);
  });
}

bool is_hop_by_hop(Name id) {
  switch (id) {
    case Name::Connection:
    case Name::KeepAlive:
    case Name::ProxyConnection:
    case Name::ProxyAuthorization:
    case Name::ProxyAuthenticate:
    case Name::Te:
    case Name::TransferEncoding:
    case Name::Upgrade: return true;
    default: return false;
  }
}

std::string_view reason_phrase(int status) {
  const auto* found = std::ranges::lower_bound(kPhrases, status, {}, &Phrase::status);
  return found != std::end(kPhrases) && found->status == status ? found->text : std::string_view();
}

}  // namespace strongroom::http
