// SPDX-License-Identifier: Apache-2.0
#include "http/http2/head.h"

#include <algorithm>

#include "http/syntax.h"

namespace strongroom::http {
namespace {

constexpr int kMalformed = 400;
constexpr std::size_t kPerField = 32;

bool is_lower_token(std::string_view name) {
  return is_token(name) && std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_value(std::string_view value) {
  return skip_value_octets(value.data(), value.data() + value.size()) ==
         value.data() + value.size();
}

std::string_view trimmed(std::string_view value) {
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  return value;
}

/// RFC 9113 8.2.2: what belongs to one HTTP/1 connection has no place here.
bool is_connection_specific(Name id) {
  switch (id) {
    case Name::Connection:
    case Name::KeepAlive:
    case Name::ProxyConnection:
    case Name::TransferEncoding:
    case Name::Upgrade:
      return true;
    default:
      return false;
  }
}

bool may_have_body(std::string_view request_method, int status) {
  return request_method != "HEAD" && status >= 200 && status != 204 && status != 304;
}

/// A length of 0 would say that nothing follows, and trailers may.
void leave_open(const ResponseHead& head, std::string& text) {
  const Header& length = *head.headers.find(Name::ContentLength);
  const auto begin = static_cast<std::size_t>(length.name.data() - text.data());
  const char* const end = length.value.data() + length.value.size();
  const auto size = static_cast<std::size_t>(end - length.name.data());
  text.replace(begin, size, "transfer-encoding: chunked");
}

}  // namespace

bool read_trailers(std::string_view lines, Headers& out) {
  out.clear();
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    const auto colon = line.find(':');
    if (end == std::string_view::npos || colon == std::string_view::npos) return false;
    const std::string_view name = line.substr(0, colon);
    if (!out.push(name, trimmed(line.substr(colon + 1)), name_id(name))) return false;
    lines.remove_prefix(end + 2);
  }
  return true;
}

void Http2HeadReader::start(Kind kind) {
  clear();
  kind_ = kind;
}

void Http2HeadReader::clear() {
  verdict_ = {};
  list_size_ = 0;
  has_fields_ = has_length_ = has_authority_ = has_host_ = false;
  status_ = 0;
  for (std::string* part : {&method_, &scheme_text_, &path_, &host_, &cookie_, &fields_}) {
    if (part->capacity() > 1_KiB)
      *part = {};
    else
      part->clear();
  }
}

void Http2HeadReader::refuse(int status, std::string_view why) {
  if (!verdict_.is_bad()) verdict_ = {status, why};
}

void Http2HeadReader::add(std::string_view name, std::string_view value) {
  list_size_ += name.size() + value.size() + kPerField;
  if (verdict_.is_bad()) return;
  if (name.starts_with(':'))
    add_pseudo(name, value);
  else
    add_field(name, value);
}

void Http2HeadReader::set_once(std::string& slot, std::string_view value) {
  if (value.empty()) return refuse(kMalformed, "an empty pseudo-header");
  if (!slot.empty()) return refuse(kMalformed, "a pseudo-header more than once");
  slot = value;
}

void Http2HeadReader::note_status(std::string_view value) {
  if (status_ != 0) return refuse(kMalformed, "a pseudo-header more than once");
  if (value.size() != 3 || !std::ranges::all_of(value, is_digit) || value[0] == '0')
    return refuse(kMalformed, "a malformed status code");
  status_ = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
  // RFC 9113 8.6: HTTP/2 has no 101.
  if (status_ == 101) refuse(kMalformed, "101 in HTTP/2");
}

void Http2HeadReader::add_pseudo(std::string_view name, std::string_view value) {
  if (has_fields_) return refuse(kMalformed, "a pseudo-header after a header");
  if (is_trailers()) return refuse(kMalformed, "a pseudo-header in a trailer");
  if (kind_ == Kind::Answer)
    return name == ":status" ? note_status(value) : refuse(kMalformed, "an unknown pseudo-header");
  if (name == ":method") {
    if (!is_token(value)) return refuse(kMalformed, "a malformed method");
    return set_once(method_, value);
  }
  if (name == ":scheme") return set_once(scheme_text_, value);
  if (name == ":path") {
    if (!std::ranges::all_of(value, is_target_char))
      return refuse(kMalformed, "a malformed request target");
    return set_once(path_, value);
  }
  // :protocol as well (RFC 8441): extended CONNECT was not offered.
  if (name != ":authority") return refuse(kMalformed, "an unknown pseudo-header");
  if (has_authority_) return refuse(kMalformed, "a pseudo-header more than once");
  has_authority_ = true;
  note_host(value);
}

/// Whatever names the host names the same one. The text of a port counts: two names for one request
/// are refused.
void Http2HeadReader::note_host(std::string_view value) {
  if (value.empty() || !std::ranges::all_of(value, is_host_char))
    return refuse(kMalformed, "a malformed authority");
  if (host_.empty())
    host_ = value;
  else if (!equals_ignoring_case(host_, value))
    refuse(kMalformed, "Host differs from :authority");
}

void Http2HeadReader::add_field(std::string_view name, std::string_view value) {
  has_fields_ = true;
  if (!is_lower_token(name)) return refuse(kMalformed, "a malformed header name");
  if (!is_value(value)) return refuse(kMalformed, "a control character in a header's value");
  const std::string_view inner = trimmed(value);
  // RFC 9113 8.2.1: no blanks around a value. Providers' answers are trimmed as in HTTP/1.
  if (kind_ == Kind::Request && inner.size() != value.size())
    return refuse(kMalformed, "blanks around a header's value");
  const Name id = name_id(name);
  if (is_connection_specific(id)) return refuse(kMalformed, "a header of an HTTP/1 connection");
  if (id == Name::Te && inner != "trailers") return refuse(kMalformed, "TE other than trailers");
  if (is_trailers()) {
    const TrailerFate fate = trailer_fate(name);
    const bool may_come = fate == TrailerFate::Goes ||
                          (fate == TrailerFate::Credential && kind_ == Kind::AnswerTrailers);
    if (!may_come) return refuse(kMalformed, "a header that may not be a trailer");
    return append_line(name, inner);
  }
  if (id == Name::ContentLength) has_length_ = true;
  if (kind_ == Kind::Request && id == Name::Host) {
    if (has_host_) return refuse(kMalformed, "Host more than once");
    has_host_ = true;
    return note_host(inner);
  }
  if (kind_ == Kind::Request && id == Name::Cookie) {
    // RFC 9113 8.2.3: crumbs are joined before they leave HTTP/2.
    if (!cookie_.empty()) cookie_ += "; ";
    cookie_ += inner;
    return;
  }
  append_line(name, inner);
}

void Http2HeadReader::append_line(std::string_view name, std::string_view value) {
  fields_.append(name).append(": ").append(value).append("\r\n");
}

Verdict Http2HeadReader::check_pseudo_headers() {
  if (verdict_.is_bad()) return verdict_;
  if (method_.empty()) return {kMalformed, "no :method"};
  if (method_ == "CONNECT") return {501, "CONNECT over HTTP/2"};
  if (scheme_text_ != "https" && scheme_text_ != "http")
    return {kMalformed, "a :scheme other than http and https"};
  scheme_ = scheme_text_ == "https" ? Http2Scheme::Https : Http2Scheme::Http;
  const bool is_asterisk = path_ == "*" && method_ == "OPTIONS";
  if (!path_.starts_with('/') && !is_asterisk)
    return {kMalformed, "a :path that does not start with '/'"};
  if (host_.empty()) return {kMalformed, "no :authority"};
  return {};
}

Verdict Http2HeadReader::finish_request(Http2End end, std::string& text) {
  if (const Verdict verdict = check_pseudo_headers(); verdict.is_bad()) return verdict;
  text.clear();
  text.append(method_).append(" ").append(path_).append(" HTTP/1.1\r\nhost: ").append(host_);
  text.append("\r\n").append(fields_);
  if (!cookie_.empty()) text.append("cookie: ").append(cookie_).append("\r\n");
  if (end == Http2End::Open && !has_length_) text.append("transfer-encoding: chunked\r\n");
  text.append("\r\n");
  RequestHead head;
  std::size_t scanned = 0;
  const ParseOutcome outcome = parse_request(text, head, scanned);
  if (outcome.state == ParseState::Bad) return {outcome.status, outcome.why};
  if (outcome.state != ParseState::Complete || outcome.consumed != text.size())
    return {kMalformed, "a head that does not end where it should"};
  if (end == Http2End::Ends && head.body.length > 0)
    return {kMalformed, "Content-Length without a body"};
  return {};
}

Verdict Http2HeadReader::finish_answer(std::string_view request_method, Http2End end,
                                       std::string& text) {
  if (verdict_.is_bad()) return verdict_;
  if (status_ == 0) return {kMalformed, "no :status"};
  const bool has_ended = end == Http2End::Ends;
  if (status_ < 200 && has_ended) return {kMalformed, "an informational head that ends the stream"};
  text.clear();
  text.append("HTTP/1.1 ").append(std::to_string(status_)).append(" ");
  text.append(reason_phrase(status_)).append("\r\n").append(fields_);
  if (!has_length_ && may_have_body(request_method, status_))
    text.append(has_ended ? "content-length: 0\r\n" : "transfer-encoding: chunked\r\n");
  text.append("\r\n");
  ResponseHead head;
  std::size_t scanned = 0;
  const ParseOutcome outcome = parse_response(text, request_method, head, scanned);
  if (outcome.state == ParseState::Bad) return {outcome.status, outcome.why};
  if (outcome.state != ParseState::Complete || outcome.consumed != text.size())
    return {kMalformed, "a head that does not end where it should"};
  if (has_ended && head.body.length > 0) return {kMalformed, "Content-Length without a body"};
  const bool is_empty = head.body.kind == BodyKind::None && may_have_body(request_method, status_);
  if (!has_ended && is_empty) leave_open(head, text);
  return {};
}

Verdict Http2HeadReader::finish_trailers(std::string& text) {
  constexpr std::size_t kMaxTrailers = 8_KiB;  // as in a chunked body
  if (verdict_.is_bad()) return verdict_;
  if (fields_.size() > kMaxTrailers) return {431, "the trailers are too large"};
  Headers headers;
  if (!read_trailers(fields_, headers)) return {431, "too many trailers"};
  text = fields_;
  return {};
}

}  // namespace strongroom::http
