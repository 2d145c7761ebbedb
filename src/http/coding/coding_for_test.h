// Bodies in each content coding, as the usual libraries make them. For tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>
#include <string_view>
#include <vector>

#include "http/coding/content_coding.h"

namespace strongroom::http {

/// What a server sends that flushes after each piece; the last one ends the body.
using Pieces = std::vector<std::string>;

inline constexpr int kGzipBits = 15 + 16;
inline constexpr int kZlibBits = 15;
inline constexpr int kRawBits = -15;

inline Pieces deflated(const Pieces& pieces, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Pieces all;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::string input = pieces[i];
    std::string out(input.size() + 1000, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const bool is_last = i + 1 == pieces.size();
    EXPECT_EQ(::deflate(&stream, is_last ? Z_FINISH : Z_SYNC_FLUSH), is_last ? Z_STREAM_END : Z_OK);
    out.resize(out.size() - stream.avail_out);
    all.push_back(out);
  }
  ::deflateEnd(&stream);
  return all;
}

inline Pieces brotli_pieces(const Pieces& pieces, int window_bits = 22) {
  BrotliEncoderState* const state = ::BrotliEncoderCreateInstance(nullptr, nullptr, nullptr);
  ::BrotliEncoderSetParameter(state, BROTLI_PARAM_LARGE_WINDOW, window_bits > 24 ? 1 : 0);
  ::BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, static_cast<std::uint32_t>(window_bits));
  ::BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, 5);
  Pieces all;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::string out(pieces[i].size() + 1000, '\0');
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(pieces[i].data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
    std::size_t left_in = pieces[i].size();
    std::size_t left_out = out.size();
    const auto what = i + 1 == pieces.size() ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH;
    EXPECT_TRUE(::BrotliEncoderCompressStream(state, what, &left_in, &next_in, &left_out, &next_out,
                                              nullptr));
    out.resize(out.size() - left_out);
    all.push_back(out);
  }
  ::BrotliEncoderDestroyInstance(state);
  return all;
}

/// 0: the window that the library chooses.
inline Pieces zstd_pieces(const Pieces& pieces, int window_bits = 0) {
  ZSTD_CCtx* const state = ::ZSTD_createCCtx();
  ::ZSTD_CCtx_setParameter(state, ZSTD_c_windowLog, window_bits);
  ::ZSTD_CCtx_setParameter(state, ZSTD_c_checksumFlag, 1);
  Pieces all;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::string out(::ZSTD_compressBound(pieces[i].size()) + 1000, '\0');
    ZSTD_inBuffer from{pieces[i].data(), pieces[i].size(), 0};
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    EXPECT_EQ(::ZSTD_compressStream2(state, &to, &from,
                                     i + 1 == pieces.size() ? ZSTD_e_end : ZSTD_e_flush),
              0U);
    out.resize(to.pos);
    all.push_back(out);
  }
  ::ZSTD_freeCCtx(state);
  return all;
}

inline Pieces encoded_pieces(ContentCoding coding, const Pieces& pieces) {
  switch (coding) {
    case ContentCoding::Gzip:
      return deflated(pieces, kGzipBits);
    case ContentCoding::Deflate:
      return deflated(pieces, kZlibBits);
    case ContentCoding::Brotli:
      return brotli_pieces(pieces);
    case ContentCoding::Zstd:
      return zstd_pieces(pieces);
    case ContentCoding::Identity:
      break;
  }
  return pieces;
}

inline std::string encoded(ContentCoding coding, const std::string& text) {
  return encoded_pieces(coding, {text}).front();
}

struct CodingCase {
  ContentCoding coding;
  const char* name;
};
inline constexpr CodingCase kCodings[] = {{ContentCoding::Gzip, "gzip"},
                                          {ContentCoding::Gzip, "X-GZIP"},
                                          {ContentCoding::Deflate, "deflate"},
                                          {ContentCoding::Brotli, "br"},
                                          {ContentCoding::Zstd, "zstd"}};

}  // namespace strongroom::http
