// How: one pass from left to right over whole lines. Values are scanned eight octets at a time, everything else by a table of classes.
// What follows the last LF is never judged, so the outcome is the same however the head was split.
// SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <algorithm>
#include <cstring>

#include "http/syntax.h"

namespace strongroom::http {
namespace {

enum class Scan : std::uint8_t { Done, More, Bad };

/// A cursor over one head; remembers the first thing that was wrong.
class HeadReader {
 public:
  explicit HeadReader(std::string_view text) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  Scan bad(int status, std::string_view why) {
    status_ = status;
    why_ = why;
    return Scan::Bad;
  }
  [[nodiscard]] std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::string_view why() const { return why_; }
  /// Is the line the cursor is in complete?
  [[nodiscard]] bool has_rest_of_line() const {
    return at_ != end_ && std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_)) != nullptr;
  }

  Scan request_line(RequestHead& out);
  Scan status_line(ResponseHead& out);
  Scan headers(Headers& out);

 private:
  template <class Is>
  std::string_view take_while(Is is) {
    const char* from = at_;
    while (at_ != end_ && is(*at_)) ++at_;
    return {from, static_cast<std::size_t>(at_ - from)};
  }
  /// The rest of the line up to CR, and the CRLF.
  [[gnu::always_inline]] Scan value(std::string_view& out);
  Scan end_of_line(std::string_view why);
  Scan version(int& minor, char after);

  const char* begin_;
  const char* at_;
  const char* end_;
  int status_ = 0;
  std::string_view why_;
};

Scan HeadReader::end_of_line(std::string_view why) {
  if (at_ == end_) return Scan::More;
  if (*at_ == '\n') return bad(400, "a line ends in LF without CR");
  if (*at_ != '\r') return bad(400, why);
  if (at_ + 1 == end_) return Scan::More;
  if (at_[1] != '\n') return bad(400, "CR without LF");
  at_ += 2;
  return Scan::Done;
}

inline Scan HeadReader::value(std::string_view& out) {
  while (at_ != end_ && is_blank(*at_)) ++at_;
  const char* from = at_;
  at_ = skip_value_octets(at_, end_);
  const char* to = at_;
  if (const Scan line = end_of_line("a control character in a header's value"); line != Scan::Done) return line;
  while (to != from && is_blank(to[-1])) --to;
  out = {from, static_cast<std::size_t>(to - from)};
  return Scan::Done;
}

Scan HeadReader::headers(Headers& out) {
  for (;;) {
    if (at_ == end_) return Scan::More;
    if (*at_ == '\r') return end_of_line("");
    if (is_blank(*at_)) return bad(400, "a folded header line");
    const char* from = at_;
    at_ = skip_token_octets(at_, end_);
    const std::string_view name(from, static_cast<std::size_t>(at_ - from));
    if (at_ == end_) return Scan::More;
    if (*at_ == '\n') return bad(400, "a line ends in LF without CR");
    if (*at_ != ':' || name.empty()) return bad(400, "a header line without a name directly before its colon");
    ++at_;
    std::string_view text;
    if (const Scan scanned = value(text); scanned != Scan::Done) return scanned;
    if (!out.push(name, text, name_id(name))) {
      --at_;  // stand on the LF: this line is complete
      return bad(431, "too many headers");
    }
  }
}

/// HTTP-version and what must follow it (RFC 9112 2.3: case-sensitive).
Scan HeadReader::version(int& minor, char after) {
  constexpr std::string_view kPrefix = "HTTP/";
  const std::string_view text = take_while([](char c) { return c > ' ' && c < 0x7f; });
  if (at_ == end_) return Scan::More;
  const bool has_form = text.size() == 8 && text.starts_with(kPrefix) && is_digit(text[5]) && text[6] == '.' && is_digit(text[7]);
  if (!has_form) return bad(400, "a malformed HTTP version");
  if (text[5] != '1' || text[7] > '1') return bad(505, "an HTTP version other than 1.0 and 1.1");
  minor = text[7] - '0';
  if (after == '\r') return end_of_line("text after the HTTP version");
  if (*at_ != after) return bad(400, "no blank after the HTTP version");
  ++at_;
  return Scan::Done;
}

Scan HeadReader::request_line(RequestHead& out) {
  constexpr std::size_t kMaxMethod = 32;
  out.method = take_while(is_token_char);
  if (at_ == end_) return Scan::More;
  if (*at_ != ' ' || out.method.empty()) return bad(400, "a malformed method");
  if (out.method.size() > kMaxMethod) return bad(501, "an unknown method");
  ++at_;
  out.target = take_while(is_target_char);
  if (at_ == end_) return Scan::More;
  if (out.target.size() > kMaxTarget) return bad(414, "the target is too long");
  if (*at_ != ' ' || out.target.empty()) return bad(400, "a malformed request target");
  ++at_;
  return version(out.minor_version, '\r');
}

Scan HeadReader::status_line(ResponseHead& out) {
  if (const Scan scanned = version(out.minor_version, ' '); scanned != Scan::Done) return scanned;
  const std::string_view digits = take_while(is_digit);
  if (at_ == end_) return Scan::More;
  if (digits.size() != 3 || digits[0] == '0') return bad(502, "a malformed status code");
  out.status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  // RFC 9112 4: the blank before the phrase is required; many servers leave it out with the phrase, which is not ambiguous.
  if (*at_ != ' ' && *at_ != '\r') return bad(502, "a malformed status line");
  return value(out.reason);
}

/// What the framing headers of a head said.
struct Framing {
  std::uint64_t length = 0;
  bool has_length = false;
  bool is_chunked = false;
};

struct Verdict {
  int status = 0;
  std::string_view why;
  [[nodiscard]] bool is_bad() const { return status != 0; }
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
    const bool ends_chunked = value.size() > 7 && equals_ignoring_case(value.substr(value.size() - 7), "chunked");
    return ends_chunked ? Verdict{501, "a transfer coding other than chunked"} : Verdict{400, "a Transfer-Encoding that is not chunked"};
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
  [[nodiscard]] bool keeps_alive(int minor_version) const { return !wants_close && (minor_version == 1 || wants_keep); }
};

/// RFC 9110 7.2: uri-host and perhaps a port; no user, no list, no empty port.
bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 260 || !std::ranges::all_of(text, is_host_char)) return false;
  std::string_view port;
  if (text[0] == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    if (!std::ranges::all_of(text.substr(1, close - 1), [](char c) { return is_hex_char(c) || c == ':' || c == '.'; })) return false;
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
  if (target == "*") return head.method == "OPTIONS" ? Verdict{} : Verdict{400, "target * with a method other than OPTIONS"};
  std::string_view rest = target;
  std::string_view default_port = ":80";
  if (rest.size() > 8 && equals_ignoring_case(rest.substr(0, 8), "https://")) {
    rest.remove_prefix(8);
    default_port = ":443";
  } else if (rest.size() > 7 && equals_ignoring_case(rest.substr(0, 7), "http://")) {
    rest.remove_prefix(7);
  } else {
    return {400, "a malformed request target"};
  }
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (!is_host(authority)) return {400, "a malformed authority in the target"};
  // RFC 9112 3.2.2 lets a proxy ignore Host here; two names for one request are refused instead.
  if (authority.ends_with(default_port)) authority.remove_suffix(default_port.size());
  if (host.ends_with(default_port)) host.remove_suffix(default_port.size());
  if (!host.empty() && !equals_ignoring_case(authority, host)) return {400, "Host differs from the target"};
  return {};
}

/// 16 octets in base64, as RFC 6455 4.1 wants them.
bool is_websocket_key(std::string_view text) {
  return text.size() == 24 && text.ends_with("==") && std::ranges::all_of(text.substr(0, 22), is_base64_char);
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
    case Name::ContentLength: return note_length(header.value, marks.framing);
    case Name::TransferEncoding: return note_coding(header.value, head.minor_version, marks.framing);
    case Name::Connection: marks.persistence.note(header.value); return {};
    case Name::Expect:
      if (!equals_ignoring_case(header.value, "100-continue")) return {417, "an unknown expectation"};
      head.expects_continue = head.minor_version == 1;
      return {};
    case Name::Upgrade: marks.websocket.upgrade = marks.websocket.upgrade || list_has(header.value, "websocket"); return {};
    case Name::SecWebSocketVersion: marks.websocket.version = header.value == "13"; return {};
    case Name::SecWebSocketKey:
      ++marks.websocket.keys;
      marks.websocket.key = is_websocket_key(header.value);
      return {};
    default: return {};
  }
}

Verdict judge_request(RequestHead& head) {
  RequestMarks marks;
  head.expects_continue = false;
  for (const Header& header : head.headers) {
    if (header.id == Name::Other) continue;
    if (const Verdict verdict = note_request_header(header, head, marks); verdict.is_bad()) return verdict;
  }
  if (!marks.has_host && head.minor_version == 1) return {400, "no Host"};
  if (marks.framing.is_chunked && marks.framing.has_length) return {400, "Content-Length with Transfer-Encoding"};
  if (const Verdict verdict = check_target(head, marks.host); verdict.is_bad()) return verdict;
  head.body = {};
  if (marks.framing.is_chunked) head.body.kind = BodyKind::Chunked;
  if (marks.framing.has_length && marks.framing.length > 0) head.body = {BodyKind::Length, marks.framing.length};
  if (head.method == "CONNECT" && head.body.kind != BodyKind::None) return {400, "CONNECT with a body"};
  head.keeps_alive = marks.persistence.keeps_alive(head.minor_version);
  const WebSocketMarks& ws = marks.websocket;
  head.is_websocket_upgrade = head.method == "GET" && head.minor_version == 1 && marks.persistence.wants_upgrade && ws.upgrade &&
                              ws.version && ws.key && ws.keys == 1 && head.body.kind == BodyKind::None;
  return {};
}

Verdict judge_response(ResponseHead& head, std::string_view request_method) {
  Framing framing;
  Persistence persistence;
  for (const Header& header : head.headers) {
    Verdict verdict;
    if (header.id == Name::ContentLength) verdict = note_length(header.value, framing);
    if (header.id == Name::TransferEncoding) verdict = note_coding(header.value, head.minor_version, framing);
    if (header.id == Name::Connection) persistence.note(header.value);
    if (verdict.is_bad()) return {502, verdict.why};
  }
  if (framing.is_chunked && framing.has_length) return {502, "Content-Length with Transfer-Encoding"};
  head.keeps_alive = persistence.keeps_alive(head.minor_version);
  head.body = {};
  const bool is_never_followed = head.status < 200 || head.status == 204;
  const bool is_tunnel = request_method == "CONNECT" && head.status < 300;
  if (is_never_followed || is_tunnel) {
    // RFC 9112 6.3: no body, whatever the headers say. A server that announces one may send it: the connection ends.
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

ParseOutcome outcome_of(int status, std::string_view why) { return {ParseState::Bad, 0, status, why}; }

/// Nothing new can be said before another line is complete.
bool is_hopeless_before_more(std::string_view head, std::size_t scanned) {
  return scanned > 0 && scanned <= head.size() && head.find('\n', scanned) == std::string_view::npos;
}

template <class Lines, class Judge>
ParseOutcome parse(std::string_view buffer, std::size_t& scanned, int status_when_large, Lines lines, Judge judge) {
  const std::string_view head = buffer.substr(0, kMaxHead);
  const bool is_full = buffer.size() >= kMaxHead;
  if (!is_full && is_hopeless_before_more(head, scanned)) {
    scanned = head.size();
    return {};
  }
  HeadReader reader(head);
  const Scan scan = lines(reader);
  if (scan == Scan::Done) {
    scanned = 0;
    const Verdict verdict = judge();
    if (verdict.is_bad()) return outcome_of(verdict.status, verdict.why);
    return {ParseState::Complete, reader.position(), 0, {}};
  }
  if (scan == Scan::Bad && reader.has_rest_of_line()) return outcome_of(reader.status(), reader.why());
  if (!is_full) {
    scanned = head.size();
    return {};
  }
  return outcome_of(status_when_large, "the head is too large");
}

}  // namespace

ParseOutcome parse_request(std::string_view buffer, RequestHead& out, std::size_t& scanned) {
  const auto lines = [&out](HeadReader& reader) {
    out.headers.clear();
    const Scan scan = reader.request_line(out);
    return scan == Scan::Done ? reader.headers(out.headers) : scan;
  };
  ParseOutcome outcome = parse(buffer, scanned, 431, lines, [&out] { return judge_request(out); });
  const bool has_start_line = outcome.status != 431 || buffer.substr(0, kMaxHead).find('\n') != std::string_view::npos;
  if (!has_start_line) outcome.status = 414;
  return outcome;
}

ParseOutcome parse_response(std::string_view buffer, std::string_view request_method, ResponseHead& out, std::size_t& scanned) {
  const auto lines = [&out](HeadReader& reader) {
    out.headers.clear();
    const Scan scan = reader.status_line(out);
    return scan == Scan::Done ? reader.headers(out.headers) : scan;
  };
  ParseOutcome outcome = parse(buffer, scanned, 502, lines, [&] { return judge_response(out, request_method); });
  if (outcome.state == ParseState::Bad) outcome.status = 502;
  return outcome;
}

}  // namespace strongroom::http
