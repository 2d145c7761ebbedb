// ContentEngine: one library's decoder behind one face. ContentDecoder adds the limits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "http/coding/content_coding.h"
#include "http/coding/decoder_memory.h"

namespace strongroom::http {

class ContentEngine {
 public:
  ContentEngine() = default;
  ContentEngine(const ContentEngine&) = delete;
  ContentEngine& operator=(const ContentEngine&) = delete;
  virtual ~ContentEngine() = default;

  struct Run {
    std::size_t consumed = 0;
    std::size_t produced = 0;
    bool is_bad = false;
  };
  /// Goes on until the input is used up or `out` is full (neither over 1 MiB). All that the input
  /// so far can tell has then come out.
  [[nodiscard]] virtual Run run(ByteView input, MutableBytes out) = 0;
  /// All that was begun is complete.
  [[nodiscard]] virtual bool may_end() const = 0;
};

/// Null for Identity. Without memory, every run is bad. `memory` outlives the engine.
[[nodiscard]] std::unique_ptr<ContentEngine> make_engine(ContentCoding coding,
                                                         DecoderMemory& memory);

}  // namespace strongroom::http
