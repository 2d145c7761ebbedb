// How: one pass from left to right over whole lines. Values are scanned eight octets at a time,
// everything else by a table of classes. What follows the last LF is never judged, so the outcome
// is the same however the head was split. SPDX-License-Identifier: Apache-2.0
#include "http/head.h"

#include <algorithm>
#include <cstring>

#include "http/head_rules.h"
#include "http/syntax.h"

namespace strongroom::http {
namespace {

enum class Scan : std::uint8_t { Done, More, Bad };

/// A cursor over one head; remembers the first thing that was wrong.
class HeadReader {
 public:
  explicit HeadReader(std::string_view text)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

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
  if (const Scan line = end_of_line("a control character in a header's value"); line != Scan::Done)
    return line;
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
    if (*at_ != ':' || name.empty())
      return bad(400, "a header line without a name directly before its colon");
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
  const bool has_form = text.size() == 8 && text.starts_with(kPrefix) && is_digit(text[5]) &&
                        text[6] == '.' && is_digit(text[7]);
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
  // RFC 9112 4: the blank before the phrase is required; many servers leave it out with the phrase,
  // which is not ambiguous.
  if (*at_ != ' ' && *at_ != '\r') return bad(502, "a malformed status line");
  return value(out.reason);
}

ParseOutcome outcome_of(int status, std::string_view why) {
  return {ParseState::Bad, 0, status, why};
}

/// Nothing new can be said before another line is complete.
bool is_hopeless_before_more(std::string_view head, std::size_t scanned) {
  return scanned > 0 && scanned <= head.size() &&
         head.find('\n', scanned) == std::string_view::npos;
}

template <class Lines, class Judge>
ParseOutcome parse(std::string_view buffer, std::size_t& scanned, int status_when_large,
                   Lines lines, Judge judge) {
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
  if (scan == Scan::Bad && reader.has_rest_of_line())
    return outcome_of(reader.status(), reader.why());
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
  const bool has_start_line =
      outcome.status != 431 || buffer.substr(0, kMaxHead).find('\n') != std::string_view::npos;
  if (!has_start_line) outcome.status = 414;
  return outcome;
}

ParseOutcome parse_response(std::string_view buffer, std::string_view request_method,
                            ResponseHead& out, std::size_t& scanned) {
  const auto lines = [&out](HeadReader& reader) {
    out.headers.clear();
    const Scan scan = reader.status_line(out);
    return scan == Scan::Done ? reader.headers(out.headers) : scan;
  };
  ParseOutcome outcome =
      parse(buffer, scanned, 502, lines, [&] { return judge_response(out, request_method); });
  if (outcome.state == ParseState::Bad) outcome.status = 502;
  return outcome;
}

}  // namespace strongroom::http
