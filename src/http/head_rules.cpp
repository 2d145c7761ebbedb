// SPDX-License-Identifier: Apache-2.0
#include "http/head_rules.h"

#include <algorithm>

#include "base/small_letters.h"
#include "http/syntax.h"

namespace strongroom::http {
namespace {

/// RFC 9110 6.5.1: fields that may not travel in a trailer, because they would change framing,
/// routing, credentials or content.
bool id_may_be_trailer(Name id) {
  switch (id) {
    case Name::Other:
    case Name::Date:
    case Name::Server:
    case Name::UserAgent:
      return true;
    default:
      return false;
  }
}

/// Services name the headers of their keys as they like; what sounds like one does not travel where
/// nobody looks for it (threats.md D3).
bool sounds_like_a_credential(std::string_view name) {
  static constexpr std::string_view kWords[] = {"key",    "auth",   "token", "secret",
                                                "cookie", "passwo", "pass-", "credential"};
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c == '_' ? '-' : small_letter(c); });
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

/// What the framing headers of a head said.
struct Framing {
  std::uint64_t length = 0;
  bool has_length = false;
  bool is_chunked = false;
};

bool read_length(std::string_view text, std::uint64_t& out) {
  constexpr std::uint64_t kMost = 1ULL << 62U;
  if (text.empty() || text.size() > 19) return false;
  std::uint64_t length = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  out = length;
  return length <= kMost;
}

Verdict note_coding(std::string_view value, int minor_version, Framing& framing) {
  if (framing.is_chunked) return {400, "Transfer-Encoding more than once"};
  if (minor_version == 0) return {400, "Transfer-Encoding in HTTP/1.0"};
  if (!equals_ignoring_case(value, "chunked")) {
    const bool ends_chunked =
        value.size() > 7 && equals_ignoring_case(value.substr(value.size() - 7), "chunked");
    return ends_chunked ? Verdict{501, "a transfer coding other than chunked"}
                        : Verdict{400, "a Transfer-Encoding that is not chunked"};
  }
  framing.is_chunked = true;
  return {};
}

Verdict note_length(std::string_view value, Framing& framing) {
  if (framing.has_length) return {400, "Content-Length more than once"};
  if (!read_length(value, framing.length)) return {400, "a malformed Content-Length"};
  framing.has_length = true;
  return {};
}

/// What Connection said, over all its lines.
struct Persistence {
  bool wants_close = false;
  bool wants_keep = false;
  bool wants_upgrade = false;
  void note(std::string_view value) {
    if (equals_ignoring_case(value, "keep-alive")) {  // nearly always
      wants_keep = true;
      return;
    }
    wants_close = wants_close || list_has(value, "close");
    wants_keep = wants_keep || list_has(value, "keep-alive");
    wants_upgrade = wants_upgrade || list_has(value, "upgrade");
  }
  [[nodiscard]] bool keeps_alive(int minor_version) const {
    return !wants_close && (minor_version == 1 || wants_keep);
  }
};

/// RFC 9110 7.2: uri-host and perhaps a port; no user, no list, no empty port.
bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 260 || !std::ranges::all_of(text, is_host_char)) return false;
  std::string_view port;
  if (text[0] == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    if (!std::ranges::all_of(text.substr(1, close - 1),
                             [](char c) { return is_hex_char(c) || c == ':' || c == '.'; }))
      return false;
    port = text.substr(close + 1);
  } else {
    if (text.find_first_of("[]") != std::string_view::npos || text[0] == ':') return false;
    const auto colon = text.find(':');
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  return port.empty() || (port[0] == ':' && is_port(port.substr(1)));
}

/// RFC 9112 3.2: exactly one form for each method.
Verdict check_target(const RequestHead& head, std::string_view host) {
  const std::string_view target = head.target;
  if (head.method == "CONNECT") {
    const auto colon = target.rfind(':');
    const bool has_port = colon != std::string_view::npos && is_port(target.substr(colon + 1));
    return has_port && is_host(target) ? Verdict{} : Verdict{400, "CONNECT without host:port"};
  }
  if (target[0] == '/') return {};
  if (target == "*")
    return head.method == "OPTIONS" ? Verdict{}
                                    : Verdict{400, "target * with a method other than OPTIONS"};
  std::string_view rest = target;
  std::string_view default_port = ":80";
  if (rest.size() > 8 && starts_ignoring_case(rest, "https://")) {
    rest.remove_prefix(8);
    default_port = ":443";
  } else if (rest.size() > 7 && starts_ignoring_case(rest, "http://")) {
    rest.remove_prefix(7);
  } else {
    return {400, "a malformed request target"};
  }
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (!is_host(authority)) return {400, "a malformed authority in the target"};
  // RFC 9112 3.2.2 lets a proxy ignore Host here; two names for one request are refused instead.
  if (authority.ends_with(default_port)) authority.remove_suffix(default_port.size());
  if (host.ends_with(default_port)) host.remove_suffix(default_port.size());
  if (!host.empty() && !equals_ignoring_case(authority, host))
    return {400, "Host differs from the target"};
  return {};
}

/// 16 octets in base64, as RFC 6455 4.1 wants them.
bool is_websocket_key(std::string_view text) {
  return text.size() == 24 && text.ends_with("==") &&
         std::ranges::all_of(text.substr(0, 22), is_base64_char);
}

struct WebSocketMarks {
  bool upgrade = false;
  bool version = false;
  int keys = 0;
  bool key = false;
};

struct RequestMarks {
  Framing framing;
  Persistence persistence;
  WebSocketMarks websocket;
  std::string_view host;
  bool has_host = false;
};

Verdict note_request_header(const Header& header, RequestHead& head, RequestMarks& marks) {
  switch (header.id) {
    case Name::Host:
      if (marks.has_host) return {400, "Host more than once"};
      if (!is_host(header.value)) return {400, "a malformed Host"};
      marks.has_host = true;
      marks.host = header.value;
      return {};
    case Name::ContentLength:
      return note_length(header.value, marks.framing);
    case Name::TransferEncoding:
      return note_coding(header.value, head.minor_version, marks.framing);
    case Name::Connection:
      marks.persistence.note(header.value);
      return {};
    case Name::Expect:
      if (!equals_ignoring_case(header.value, "100-continue"))
        return {417, "an unknown expectation"};
      head.expects_continue = head.minor_version == 1;
      return {};
    case Name::Upgrade:
      marks.websocket.upgrade = marks.websocket.upgrade || list_has(header.value, "websocket");
      return {};
    case Name::SecWebSocketVersion:
      marks.websocket.version = header.value == "13";
      return {};
    case Name::SecWebSocketKey:
      ++marks.websocket.keys;
      marks.websocket.key = is_websocket_key(header.value);
      return {};
    default:
      return {};
  }
}

}  // namespace

Verdict judge_request(RequestHead& head) {
  RequestMarks marks;
  head.expects_continue = false;
  for (const Header& header : head.headers) {
    if (header.id == Name::Other) continue;
    if (const Verdict verdict = note_request_header(header, head, marks); verdict.is_bad())
      return verdict;
  }
  if (!marks.has_host && head.minor_version == 1) return {400, "no Host"};
  if (marks.framing.is_chunked && marks.framing.has_length)
    return {400, "Content-Length with Transfer-Encoding"};
  if (const Verdict verdict = check_target(head, marks.host); verdict.is_bad()) return verdict;
  head.body = {};
  if (marks.framing.is_chunked) head.body.kind = BodyKind::Chunked;
  if (marks.framing.has_length && marks.framing.length > 0)
    head.body = {BodyKind::Length, marks.framing.length};
  head.body.says_empty = marks.framing.has_length && marks.framing.length == 0;
  if (head.method == "CONNECT" && head.body.kind != BodyKind::None)
    return {400, "CONNECT with a body"};
  head.keeps_alive = marks.persistence.keeps_alive(head.minor_version);
  const WebSocketMarks& ws = marks.websocket;
  head.is_websocket_upgrade = head.method == "GET" && head.minor_version == 1 &&
                              marks.persistence.wants_upgrade && ws.upgrade && ws.version &&
                              ws.key && ws.keys == 1 && head.body.kind == BodyKind::None;
  return {};
}

Verdict judge_response(ResponseHead& head, std::string_view request_method) {
  Framing framing;
  Persistence persistence;
  for (const Header& header : head.headers) {
    Verdict verdict;
    if (header.id == Name::ContentLength) verdict = note_length(header.value, framing);
    if (header.id == Name::TransferEncoding)
      verdict = note_coding(header.value, head.minor_version, framing);
    if (header.id == Name::Connection) persistence.note(header.value);
    if (verdict.is_bad()) return {502, verdict.why};
  }
  if (framing.is_chunked && framing.has_length)
    return {502, "Content-Length with Transfer-Encoding"};
  head.keeps_alive = persistence.keeps_alive(head.minor_version);
  head.body = {};
  const bool is_never_followed = head.status < 200 || head.status == 204;
  const bool is_tunnel = request_method == "CONNECT" && head.status < 300;
  if (is_never_followed || is_tunnel) {
    // RFC 9112 6.3: no body, whatever the headers say. A server that announces one may send it: the
    // connection ends.
    if (framing.is_chunked || framing.length > 0) head.keeps_alive = false;
    return {};
  }
  if (request_method == "HEAD" || head.status == 304) return {};
  if (framing.is_chunked) {
    head.body.kind = BodyKind::Chunked;
  } else if (framing.has_length) {
    if (framing.length > 0) head.body = {BodyKind::Length, framing.length};
  } else {
    head.body.kind = BodyKind::UntilEnd;
    head.keeps_alive = false;
  }
  return {};
}

TrailerFate trailer_fate(std::string_view name) {
  if (name.size() > kMaxTrailerName) return TrailerFate::Bad;
  if (sounds_like_a_credential(name)) return TrailerFate::Credential;
  return id_may_be_trailer(name_id(name)) ? TrailerFate::Goes : TrailerFate::Bad;
}

}  // namespace strongroom::http
