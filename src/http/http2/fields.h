// Heads and trailers of HTTP/1 form as the list of fields that HTTP/2 sends. Inside the room only.
//
// What belongs to an HTTP/1 connection stays behind (RFC 9113 8.2.2). Only the names listed in the
// .cpp ever enter HPACK's table: every other value is sent as "never indexed" (RFC 7541 7.1.3), so
// that a key neither stays in the table nor can be guessed through it, whichever header carries it.
// Views into the head given. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/head.h"
#include "http/http2/head.h"

namespace strongroom::http {

class Http2Fields {
 public:
  /// Invalid: no Host, a target other than a path or "*", CONNECT, a malformed name or value.
  [[nodiscard]] Status take_request(const RequestHead& head, Http2Scheme scheme);
  /// Invalid: status 101 or without three digits, a malformed name or value.
  [[nodiscard]] Status take_answer(const ResponseHead& head);
  /// Invalid: a malformed name or value, or one that may not be a trailer.
  [[nodiscard]] Status take_trailers(std::span<const Header> trailers);
  /// As the library wants them; valid while this and the head live.
  [[nodiscard]] std::span<const nghttp2_nv> all() const { return {items_.data(), size_}; }

 private:
  static constexpr std::size_t kMostPseudoHeaders = 4;
  void push(std::string_view name, std::string_view value, bool may_be_indexed);
  [[nodiscard]] Status take_fields(std::span<const Header> headers, bool is_request);
  std::array<nghttp2_nv, kMaxHeaders + kMostPseudoHeaders> items_;
  std::size_t size_ = 0;
  std::array<char, 3> status_{};
};

}  // namespace strongroom::http
