// HTTP/1.1 message heads, parsed strictly (RFC 9112) and without I/O or allocation.
//
// Used by: gateway (hot path), http::Server, http::fetch. What is ambiguous is refused, never
// repaired: bare LF, obs-fold, space before a colon, unknown bytes in names, NUL or CR in values,
// more than one Host, Content-Length with Transfer-Encoding, differing or repeated Content-Length,
// any transfer coding but a final single "chunked", HTTP/0.9, HTTP/2 prefaces. Views point into the
// caller's buffer. Fuzzed: tests/fuzz/http_fuzz.cpp. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace strongroom::http {

inline constexpr std::size_t kMaxHead =
    32UL << 10U;  ///< octets of a head, start line and final blank line included
inline constexpr std::size_t kMaxHeaders = 96;
inline constexpr std::size_t kMaxTarget = 16UL << 10U;

/// Header names that code asks for, interned while parsing (letter case ignored).
enum class Name : std::uint8_t {
  Other,
  Host,
  ContentLength,
  TransferEncoding,
  Connection,
  KeepAlive,
  ProxyConnection,
  ProxyAuthorization,
  ProxyAuthenticate,
  Te,
  Trailer,
  Upgrade,
  Expect,
  Authorization,
  Cookie,
  ContentType,
  ContentEncoding,
  AcceptEncoding,
  Location,
  Date,
  SecWebSocketKey,
  SecWebSocketProtocol,
  SecWebSocketVersion,
  SecWebSocketExtensions,
  SecWebSocketAccept,
  Forwarded,
  XForwardedFor,
  XForwardedHost,
  XForwardedProto,
  UserAgent,
  Accept,
  Server,
};

struct Header {
  std::string_view name;   ///< as received
  std::string_view value;  ///< surrounding blanks removed
  Name id = Name::Other;
};

enum class BodyKind : std::uint8_t {
  None,     ///< no body
  Length,   ///< exactly `length` octets
  Chunked,  ///< as many as come; where a length is said, that many in all
  UntilEnd  ///< responses only: until the connection ends
};
struct BodyFraming {
  BodyKind kind = BodyKind::None;
  std::uint64_t length = 0;
  bool says_empty = false;  ///< requests: of kind None, by a length of 0 in the head
  [[nodiscard]] constexpr bool says_length() const { return length > 0 || says_empty; }
};

template <std::size_t Capacity>
class HeaderList {
 public:
  [[nodiscard]] std::span<const Header> all() const { return {items_.data(), size_}; }
  [[nodiscard]] auto begin() const { return items_.data(); }
  [[nodiscard]] auto end() const { return items_.data() + size_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// First of that name.
  [[nodiscard]] const Header* find(Name id) const {
    for (std::size_t i = 0; i < size_; ++i)
      if (items_[i].id == id) return &items_[i];
    return nullptr;
  }
  [[nodiscard]] const Header* find(std::string_view name) const;  ///< letter case ignored
  bool push(const Header& header) {
    if (size_ == Capacity) return false;
    items_[size_++] = header;
    return true;
  }
  /// The same, written in place: the parser's inner loop.
  bool push(std::string_view name, std::string_view value, Name id) {
    if (size_ == Capacity) return false;
    Header& slot = items_[size_++];
    slot.name = name;
    slot.value = value;
    slot.id = id;
    return true;
  }
  void clear() { size_ = 0; }

 private:
  std::array<Header, Capacity> items_;
  std::size_t size_ = 0;
};
using Headers = HeaderList<kMaxHeaders>;

struct RequestHead {
  std::string_view method;
  std::string_view target;  ///< as received: origin-form, absolute-form, authority-form or "*"
  int minor_version = 1;    ///< HTTP/1.0 or 1.1
  Headers headers;
  BodyFraming body;
  bool keeps_alive = true;  ///< what Connection and the version say
  bool expects_continue = false;
  bool is_websocket_upgrade =
      false;  ///< GET, HTTP/1.1, Connection: upgrade, Upgrade: websocket, version 13, a valid key
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  int minor_version = 1;
  Headers headers;
  BodyFraming body;  ///< for the request method given to the parser
  bool keeps_alive = true;
};

enum class ParseState : std::uint8_t { Complete, NeedMore, Bad };
struct ParseOutcome {
  ParseState state = ParseState::NeedMore;
  std::size_t consumed = 0;  ///< octets of the head when Complete
  int status = 0;  ///< what to answer when Bad: 400, 414, 417, 431, 501, 505; 502 for a response
  std::string_view why;  ///< static text, never input
};

/// Tries the whole head at the start of `buffer`. `scanned` may be kept by the caller between calls
/// to avoid re-reading (0 at first).
[[nodiscard]] ParseOutcome parse_request(std::string_view buffer, RequestHead& out,
                                         std::size_t& scanned);
/// `request_method` decides whether a body follows (HEAD, CONNECT, 1xx, 204, 304).
[[nodiscard]] ParseOutcome parse_response(std::string_view buffer, std::string_view request_method,
                                          ResponseHead& out, std::size_t& scanned);

[[nodiscard]] bool is_token(std::string_view text);  ///< RFC 9110 5.6.2
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] bool starts_ignoring_case(std::string_view text, std::string_view start);
/// Of a Content-Type, without its parameters (RFC 9110 8.3.1); letters as they came.
[[nodiscard]] std::string_view media_type(std::string_view content_type);
/// Does a comma-separated list (Connection, Upgrade, ...) hold this token?
[[nodiscard]] bool list_has(std::string_view list, std::string_view token);
/// RFC 9110 7.6.1 and friends: never passed on. What Connection names as well.
[[nodiscard]] bool is_hop_by_hop(Name id);
/// In any of its lines: they are one list.
[[nodiscard]] bool is_named_by_connection(std::span<const Header> headers, std::string_view name);
/// The standard phrase; "" when unknown.
[[nodiscard]] std::string_view reason_phrase(int status);

template <std::size_t Capacity>
const Header* HeaderList<Capacity>::find(std::string_view name) const {
  for (std::size_t i = 0; i < size_; ++i)
    if (equals_ignoring_case(items_[i].name, name)) return &items_[i];
  return nullptr;
}

}  // namespace strongroom::http
