// An HTTP/2 header block becomes the HTTP/1.1 head that says the same, or is refused.
//
// Used by: Http2Session (one reader at a time: header blocks do not interleave). The text that
// comes out has been through parse_request or parse_response, so what an HTTP/2 peer says is judged
// by the one strict parser, and whoever writes it on as HTTP/1 writes what was judged. Without I/O
// and without nghttp2. Fuzzed: tests/fuzz/http2_fuzz.cpp. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.h"
#include "http/head_rules.h"

namespace strongroom::http {

enum class Http2Scheme : std::uint8_t { Http, Https };
/// Does a head, a piece of a body or the like end its direction of the stream?
enum class Http2End : std::uint8_t { Open, Ends };

/// The fields of a trailer section as Http2Session reports it ("name: value" lines), as views into
/// it. False when they are too many.
[[nodiscard]] bool read_trailers(std::string_view lines, Headers& out);

class Http2HeadReader {
 public:
  enum class Kind : std::uint8_t { Request, Answer, Trailers, AnswerTrailers };
  void start(Kind kind);
  /// Forgets the block; keeps no memory of a large one.
  void clear();
  /// One field, in the order of the block. Copies what it keeps.
  void add(std::string_view name, std::string_view value);
  /// Names and values and 32 octets for each field (RFC 9113 6.5.2), refused ones included.
  [[nodiscard]] std::size_t list_size() const { return list_size_; }
  /// The block cannot be accepted; the first reason stays.
  void refuse(int status, std::string_view why);

  /// Each answers a Verdict: the status to refuse with (400: malformed, RFC 9113 8.1.1) and why, or
  /// that `text` is a whole head which its parser takes as Complete. What has no length and does
  /// not end is said to be chunked, and so is an answer with a length of 0 that does not end.
  [[nodiscard]] Verdict finish_request(Http2End end, std::string& text);
  /// `request_method`: decides whether a body follows, as for parse_response.
  [[nodiscard]] Verdict finish_answer(std::string_view request_method, Http2End end,
                                      std::string& text);
  /// "name: value" lines, each with CRLF; none after them. An answer's may hold what is named like
  /// a credential: BodyFollower, which reads them next, leaves it out.
  [[nodiscard]] Verdict finish_trailers(std::string& text);
  /// Of the request just read.
  [[nodiscard]] Http2Scheme scheme() const { return scheme_; }
  /// Of the answer just read, 0 when it has none.
  [[nodiscard]] int status() const { return status_; }

 private:
  [[nodiscard]] bool is_trailers() const {
    return kind_ == Kind::Trailers || kind_ == Kind::AnswerTrailers;
  }
  void add_pseudo(std::string_view name, std::string_view value);
  void add_field(std::string_view name, std::string_view value);
  void set_once(std::string& slot, std::string_view value);
  void note_host(std::string_view value);
  void note_status(std::string_view value);
  void append_line(std::string_view name, std::string_view value);
  [[nodiscard]] Verdict check_pseudo_headers();

  Kind kind_ = Kind::Request;
  Verdict verdict_;
  std::size_t list_size_ = 0;
  bool has_fields_ = false;  ///< a pseudo-header may not follow
  bool has_length_ = false;
  bool has_authority_ = false;
  bool has_host_ = false;
  int status_ = 0;
  Http2Scheme scheme_ = Http2Scheme::Https;
  std::string method_;
  std::string scheme_text_;
  std::string path_;
  std::string host_;
  std::string cookie_;
  std::string fields_;  ///< as they stand in the head
};

}  // namespace strongroom::http
