// Content codings (RFC 9110 8.4.1): gzip, deflate, br and zstd, decoded as they come.
//
// Used by: gateway, to search what a provider compressed although it was asked not to. Without I/O;
// whoever calls holds no more than one piece of output at a time. Threads: values. Fuzzed:
// tests/fuzz/coding_fuzz.cpp. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "http/coding/decoder_memory.h"
#include "http/head.h"

namespace strongroom::http {

enum class ContentCoding : std::uint8_t { Identity, Gzip, Deflate, Brotli, Zstd };

/// What all Content-Encoding fields of a head say together. Nothing for a coding that is not known
/// here, and for several one over the other.
[[nodiscard]] std::optional<ContentCoding> content_coding_of(const Headers& headers);
/// The same for one field's value.
[[nodiscard]] std::optional<ContentCoding> content_coding_of(std::string_view value);

class ContentEngine;

/// Decodes one body. Whatever a piece of input can tell comes out at once. Bad is for ever:
/// malformed, garbage after the end, a window beyond 8 MiB (zstd) or 4 MiB (br), more memory than
/// kMostMemory, or more output than kMostRatio octets for each octet of input.
class ContentDecoder {
 public:
  static constexpr std::size_t kMostMemory = 12_MiB;
  /// Honest bodies of any size stay far below it; zlib cannot even go beyond 1032.
  static constexpr std::uint64_t kMostRatio = 1000;
  /// As long as no more than this has come out, the ratio is not looked at.
  static constexpr std::uint64_t kFreeOutput = 1_MiB;

  /// Not for Identity. Where `budget` is spent, everything is Bad.
  ContentDecoder(ContentCoding coding, DecoderBudget& budget);
  ContentDecoder(const ContentDecoder&) = delete;
  ContentDecoder& operator=(const ContentDecoder&) = delete;
  ~ContentDecoder();

  enum class State : std::uint8_t { NeedMore, CallAgain, Bad };
  struct Step {
    State state = State::NeedMore;
    std::size_t consumed = 0;  ///< all of the input when NeedMore
    std::size_t produced = 0;  ///< octets at the start of `out`
  };
  /// CallAgain: there may be more; give the rest of the input, which may be empty, and new room.
  [[nodiscard]] Step feed(ByteView input, MutableBytes out);
  /// The body may end here: what was begun is complete, or nothing came at all.
  [[nodiscard]] bool may_end() const;

 private:
  DecoderMemory memory_;
  std::unique_ptr<ContentEngine> engine_;
  std::uint64_t consumed_ = 0;
  std::uint64_t produced_ = 0;
  bool is_bad_ = false;
};

/// The most that decode_start gives.
inline constexpr std::size_t kMaxDecodedStart = 64_KiB;

/// The first octets of a body with this Content-Encoding, at most `limit` (never over
/// kMaxDecodedStart). A body cut short gives what was there. Unsupported for another encoding,
/// Protocol when it is not what it says.
[[nodiscard]] Result<std::string> decode_start(std::string_view encoding, ByteView body,
                                               std::size_t limit = kMaxDecodedStart);

}  // namespace strongroom::http
