// Fuzzes the decoders of content codings: the same comes out however the octets are cut and however
// little room there is, and what ends well for one cut does for all. The first octet chooses coding
// and cuts. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "base/check.h"
#include "http/coding/content_coding.h"

using namespace strongroom;
using http::ContentCoding;
using http::ContentDecoder;

namespace {

struct Decoded {
  std::string text;
  bool is_whole = false;
  bool is_bad = false;
};

/// No more than kFreeOutput, below which nothing depends on the ratio so far.
Decoded decode(ContentCoding coding, ByteView body, std::size_t piece, std::size_t room) {
  http::DecoderBudget budget(ContentDecoder::kMostMemory);
  ContentDecoder decoder(coding, budget);
  Decoded all;
  ByteVector out(room);
  while (!body.empty()) {
    ByteView now = body.first(std::min(piece, body.size()));
    body = body.subspan(now.size());
    for (;;) {
      const auto step = decoder.feed(now, out);
      STRONGROOM_CHECK(step.consumed <= now.size() && step.produced <= out.size(), "in its bounds");
      all.is_bad = step.state == ContentDecoder::State::Bad;
      if (all.is_bad) {
        STRONGROOM_CHECK(!decoder.may_end(), "what is bad is not whole");
        return all;
      }
      all.text += text_of(ByteView(out).first(step.produced));
      now = now.subspan(step.consumed);
      if (all.text.size() > ContentDecoder::kFreeOutput - out.size()) return all;
      if (step.state == ContentDecoder::State::NeedMore) break;
    }
    STRONGROOM_CHECK(now.empty(), "more is needed only when all is used");
  }
  all.is_whole = decoder.may_end();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr ContentCoding kAll[] = {ContentCoding::Gzip, ContentCoding::Deflate,
                                    ContentCoding::Brotli, ContentCoding::Zstd};
  const ContentCoding coding = kAll[data[0] % 4];
  const std::size_t piece = 1 + (data[0] >> 2U) % 32;
  const ByteView body(data + 1, size - 1);
  const Decoded whole = decode(coding, body, body.size() + 1, 64_KiB);
  if (whole.text.size() > 256_KiB) return 0;  // slow, and the same as before
  const Decoded cut = decode(coding, body, piece, 64_KiB);
  const Decoded narrow = decode(coding, body, piece, 1 + piece * 3);
  for (const Decoded* other : {&cut, &narrow}) {
    STRONGROOM_CHECK(other->is_bad == whole.is_bad && other->is_whole == whole.is_whole,
                     "cuts decide nothing");
    STRONGROOM_CHECK(whole.is_bad || other->text == whole.text, "cuts change nothing");
  }
  return 0;
}
