// SPDX-License-Identifier: Apache-2.0
#include "http/coding/content_coding.h"

#include <algorithm>

#include "base/check.h"
#include "http/coding/content_engine.h"
#include "http/list.h"

namespace strongroom::http {
namespace {

/// Of one call of an engine; zlib counts in 32 bits.
constexpr std::size_t kMostAtOnce = 1_MiB;

std::optional<ContentCoding> coding_named(std::string_view name) {
  if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip"))
    return ContentCoding::Gzip;
  if (equals_ignoring_case(name, "deflate")) return ContentCoding::Deflate;
  if (equals_ignoring_case(name, "br")) return ContentCoding::Brotli;
  if (equals_ignoring_case(name, "zstd")) return ContentCoding::Zstd;
  return std::nullopt;
}

/// Adds the codings of one field's list; false when that cannot be decoded any more.
bool add_codings(std::string_view list, ContentCoding& sum) {
  while (!list.empty()) {
    const std::string_view name = take_item(list);
    if (name.empty() || equals_ignoring_case(name, "identity")) continue;
    const auto coding = coding_named(name);
    if (!coding || sum != ContentCoding::Identity) return false;
    sum = *coding;
  }
  return true;
}

}  // namespace

std::optional<ContentCoding> content_coding_of(const Headers& headers) {
  ContentCoding sum = ContentCoding::Identity;
  for (const Header& header : headers)
    if (header.id == Name::ContentEncoding && !add_codings(header.value, sum)) return std::nullopt;
  return sum;
}

std::optional<ContentCoding> content_coding_of(std::string_view value) {
  ContentCoding sum = ContentCoding::Identity;
  if (!add_codings(value, sum)) return std::nullopt;
  return sum;
}

ContentDecoder::ContentDecoder(ContentCoding coding, DecoderBudget& budget)
    : memory_(kMostMemory, budget), engine_(make_engine(coding, memory_)) {
  STRONGROOM_CHECK(engine_ != nullptr, "there is something to decode");
}
ContentDecoder::~ContentDecoder() = default;

ContentDecoder::Step ContentDecoder::feed(ByteView input, MutableBytes out) {
  if (is_bad_) return {State::Bad, 0, 0};
  const ByteView now = input.first(std::min(input.size(), kMostAtOnce));
  const MutableBytes room = out.first(std::min(out.size(), kMostAtOnce));
  const auto run = engine_->run(now, room);
  consumed_ += run.consumed;
  produced_ += run.produced;
  is_bad_ = run.is_bad || (produced_ > kFreeOutput && produced_ / kMostRatio > consumed_);
  const bool may_have_more = run.produced == room.size() || run.consumed < input.size();
  const State state = is_bad_ ? State::Bad : may_have_more ? State::CallAgain : State::NeedMore;
  return {state, run.consumed, run.produced};
}

bool ContentDecoder::may_end() const {
  return !is_bad_ && (consumed_ == 0 || engine_->may_end());
}

Result<std::string> decode_start(std::string_view encoding, ByteView body, std::size_t limit) {
  const auto coding = content_coding_of(encoding);
  if (!coding) return fail(Code::Unsupported, "an encoding that is not decoded here");
  limit = std::min(limit, kMaxDecodedStart);
  if (*coding == ContentCoding::Identity)
    return std::string(text_of(body.first(std::min(limit, body.size()))));
  std::string out(limit, '\0');
  MutableBytes room(reinterpret_cast<std::uint8_t*>(out.data()), out.size());
  DecoderBudget budget(ContentDecoder::kMostMemory);
  ContentDecoder decoder(*coding, budget);
  while (!room.empty() && !body.empty()) {
    const auto step = decoder.feed(body, room);
    if (step.state == ContentDecoder::State::Bad)
      return fail(Code::Protocol, "a compressed body that does not decode");
    body = body.subspan(step.consumed);
    room = room.subspan(step.produced);
  }
  out.resize(out.size() - room.size());
  return out;
}

}  // namespace strongroom::http
