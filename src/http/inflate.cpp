// SPDX-License-Identifier: Apache-2.0
#include "http/inflate.h"

#include <algorithm>
#include <zlib.h>

#include "http/head.h"

namespace strongroom::http {
namespace {

/// zlib's windowBits for a format.
enum class Format : int { Gzip = 15 + 16, Zlib = 15, Raw = -15 };

Result<std::string> inflate_start(Format format, ByteView body, std::size_t limit) {
  z_stream stream{};
  if (::inflateInit2(&stream, static_cast<int>(format)) != Z_OK)
    return fail(Code::Internal, "zlib does not start");
  std::string out(limit, '\0');
  // zlib only reads; its face is older than const.
  stream.next_in =
      const_cast<Bytef*>(body.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(body.size(), 1_MiB));
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int answer = ::inflate(&stream, Z_SYNC_FLUSH);
  out.resize(out.size() - stream.avail_out);
  ::inflateEnd(&stream);
  // Z_BUF_ERROR: no more room, or no more input; both leave a good start.
  if (answer != Z_OK && answer != Z_STREAM_END && answer != Z_BUF_ERROR)
    return fail(Code::Protocol, "a compressed body that does not decode");
  return out;
}

}  // namespace

Result<std::string> decode_start(std::string_view encoding, ByteView body, std::size_t limit) {
  limit = std::min(limit, kMaxInflated);
  if (encoding.empty() || equals_ignoring_case(encoding, "identity"))
    return std::string(text_of(body.first(std::min(limit, body.size()))));
  if (body.empty() || limit == 0) return std::string();
  if (equals_ignoring_case(encoding, "gzip") || equals_ignoring_case(encoding, "x-gzip"))
    return inflate_start(Format::Gzip, body, limit);
  if (!equals_ignoring_case(encoding, "deflate"))
    return fail(Code::Unsupported, "an encoding that is not decoded here");
  // RFC 9110 8.4.1.2: "deflate" is the zlib format; some servers send it bare.
  auto wrapped = inflate_start(Format::Zlib, body, limit);
  return wrapped ? std::move(wrapped) : inflate_start(Format::Raw, body, limit);
}

}  // namespace strongroom::http
