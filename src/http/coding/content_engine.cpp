// The decoders of zlib, brotli and zstd. SPDX-License-Identifier: Apache-2.0
#include "http/coding/content_engine.h"

// The custom allocator of zstd is outside its stable face, but in every build of it since 1.0.
#define ZSTD_STATIC_LINKING_ONLY
#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <optional>

namespace strongroom::http {
namespace {

void* take(void* memory, std::size_t size) {
  return static_cast<DecoderMemory*>(memory)->take(size);
}
void give(void* memory, void* piece) {
  static_cast<DecoderMemory*>(memory)->give(piece);
}
void* take_items(void* memory, uInt items, uInt size) {
  return take(memory, std::size_t{items} * size);
}

/// zlib's windowBits for a format (32 KiB is the widest there is).
enum class ZlibFormat : int { Gzip = 15 + 16, Zlib = 15, Raw = -15 };

class ZlibEngine final : public ContentEngine {
 public:
  ZlibEngine(ZlibFormat format, DecoderMemory& memory) : has_members_(format == ZlibFormat::Gzip) {
    stream_.zalloc = &take_items;
    stream_.zfree = &give;
    stream_.opaque = &memory;
    is_ready_ = ::inflateInit2(&stream_, static_cast<int>(format)) == Z_OK;
  }
  ~ZlibEngine() override {
    if (is_ready_) ::inflateEnd(&stream_);
  }
  Run run(ByteView input, MutableBytes out) override;
  bool may_end() const override { return has_ended_; }

 private:
  z_stream stream_{};
  bool is_ready_ = false;
  bool has_members_;
  bool has_ended_ = false;
};

ContentEngine::Run ZlibEngine::run(ByteView input, MutableBytes out) {
  // zlib only reads; its face is older than const.
  stream_.next_in =
      const_cast<Bytef*>(input.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  stream_.avail_in = static_cast<uInt>(input.size());
  stream_.next_out = out.data();
  stream_.avail_out = static_cast<uInt>(out.size());
  bool is_bad = !is_ready_;
  while (!is_bad && stream_.avail_out > 0) {
    if (has_ended_) {
      if (stream_.avail_in == 0) break;
      // RFC 1952 2.2: a file is a series of members. What follows anything else is garbage.
      is_bad = !has_members_ || ::inflateReset(&stream_) != Z_OK;
      has_ended_ = false;
      continue;
    }
    const int answer = ::inflate(&stream_, Z_SYNC_FLUSH);
    has_ended_ = answer == Z_STREAM_END;
    if (answer == Z_BUF_ERROR) break;  // neither input nor output is left
    is_bad = answer != Z_OK && answer != Z_STREAM_END;
    if (stream_.avail_in == 0) break;
  }
  return {input.size() - stream_.avail_in, out.size() - stream_.avail_out, is_bad};
}

/// RFC 9110 8.4.1.2: "deflate" is the zlib format; some send the data bare, and browsers take it.
class DeflateEngine final : public ContentEngine {
 public:
  explicit DeflateEngine(DecoderMemory& memory) : memory_(memory) {}
  Run run(ByteView input, MutableBytes out) override;
  bool may_end() const override { return inner_ && inner_->may_end(); }

 private:
  /// RFC 1950 2.2: method 8, a window of at most 32 KiB. Bare data would begin with a stored block
  /// whose padding is not zero.
  [[nodiscard]] bool may_be_zlib() const { return (*first_ & 0x0FU) == 8 && *first_ >> 4U <= 7; }

  DecoderMemory& memory_;
  std::optional<std::uint8_t> first_;
  std::optional<ZlibEngine> inner_;
};

ContentEngine::Run DeflateEngine::run(ByteView input, MutableBytes out) {
  if (inner_) return inner_->run(input, out);
  Run whole;
  if (!first_) {
    if (input.empty()) return whole;
    first_ = input.front();
    input = input.subspan(1);
    whole.consumed = 1;
  }
  if (may_be_zlib() && input.empty()) return whole;
  const bool is_zlib = may_be_zlib() && (*first_ * 256U + input.front()) % 31 == 0;
  inner_.emplace(is_zlib ? ZlibFormat::Zlib : ZlibFormat::Raw, memory_);
  // One octet alone tells nothing yet, so all of `out` is still there.
  whole.is_bad = inner_->run(ByteView(&*first_, 1), out).is_bad;
  if (whole.is_bad) return whole;
  Run rest = inner_->run(input, out);
  rest.consumed += whole.consumed;
  return rest;
}

class BrotliEngine final : public ContentEngine {
 public:
  explicit BrotliEngine(DecoderMemory& memory)
      : state_(::BrotliDecoderCreateInstance(&take, &give, &memory)) {}
  ~BrotliEngine() override {
    if (state_ != nullptr) ::BrotliDecoderDestroyInstance(state_);
  }
  Run run(ByteView input, MutableBytes out) override;
  bool may_end() const override { return has_ended_; }

 private:
  /// RFC 7932 9.1: windows of 23 and 24 bits are the codes 1101 and 1111.
  static bool is_too_wide(std::uint8_t first) {
    return (first & 0x0FU) == 0x0D || (first & 0x0FU) == 0x0F;
  }
  BrotliDecoderState* state_;
  bool has_begun_ = false;
  bool has_ended_ = false;
};

ContentEngine::Run BrotliEngine::run(ByteView input, MutableBytes out) {
  if (state_ == nullptr || has_ended_) return {0, 0, state_ == nullptr || !input.empty()};
  if (!has_begun_ && !input.empty()) {
    has_begun_ = true;
    if (is_too_wide(input.front())) return {0, 0, true};
  }
  const std::uint8_t* next_in = input.data();
  std::uint8_t* next_out = out.data();
  std::size_t left_in = input.size();
  std::size_t left_out = out.size();
  const auto answer =
      ::BrotliDecoderDecompressStream(state_, &left_in, &next_in, &left_out, &next_out, nullptr);
  has_ended_ = answer == BROTLI_DECODER_RESULT_SUCCESS;
  const bool is_bad = answer == BROTLI_DECODER_RESULT_ERROR || (has_ended_ && left_in > 0);
  return {input.size() - left_in, out.size() - left_out, is_bad};
}

/// RFC 8878: frames one after the other, skippable ones among them; windows as RFC 9659 has them.
class ZstdEngine final : public ContentEngine {
 public:
  explicit ZstdEngine(DecoderMemory& memory)
      : state_(::ZSTD_createDCtx_advanced({&take, &give, &memory})) {
    if (state_ == nullptr) return;
    constexpr int kWindowBits = 23;
    const auto answer = ::ZSTD_DCtx_setParameter(state_, ZSTD_d_windowLogMax, kWindowBits);
    is_bad_ = ::ZSTD_isError(answer) != 0;
  }
  ~ZstdEngine() override { ::ZSTD_freeDCtx(state_); }
  Run run(ByteView input, MutableBytes out) override;
  bool may_end() const override { return frame_size_ == 0; }

 private:
  [[nodiscard]] bool begins_right(ByteView input);
  ZSTD_DCtx* state_;
  std::size_t frame_size_ = 0;  ///< octets of the present frame so far
  bool is_skippable_ = false;
  bool may_have_more_ = false;  ///< the last output was full
  bool is_bad_ = false;
};

/// The library as Debian builds it reads the formats before 1.0 as well, whose decoders nobody
/// looks after.
bool ZstdEngine::begins_right(ByteView input) {
  static constexpr std::array<std::uint8_t, 4> kFrame = {0x28, 0xB5, 0x2F, 0xFD};
  static constexpr std::array<std::uint8_t, 4> kSkippable = {0x50, 0x2A, 0x4D, 0x18};
  for (std::size_t at = frame_size_; at < kFrame.size() && at - frame_size_ < input.size(); ++at) {
    std::uint8_t octet = input[at - frame_size_];
    if (at == 0) is_skippable_ = (octet & 0xF0U) == kSkippable.front();
    if (at == 0 && is_skippable_) octet &= 0xF0U;
    if (octet != (is_skippable_ ? kSkippable : kFrame)[at]) return false;
  }
  return true;
}

ContentEngine::Run ZstdEngine::run(ByteView input, MutableBytes out) {
  if (state_ == nullptr || is_bad_) return {0, 0, true};
  ZSTD_inBuffer from{input.data(), input.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  // Asked for nothing too often, the library takes that for an error.
  while (to.pos < to.size && (from.pos < from.size || may_have_more_)) {
    may_have_more_ = false;
    if (!begins_right(input.subspan(from.pos))) return {from.pos, to.pos, true};
    const std::size_t before = from.pos;
    // Where all of a frame and room for all of its content are there, the library takes a way of
    // its own that accepts less. A frame's first octet by itself keeps it from that.
    from.size = frame_size_ == 0 ? std::min(from.pos + 1, input.size()) : input.size();
    const std::size_t answer = ::ZSTD_decompressStream(state_, &to, &from);
    from.size = input.size();
    if (::ZSTD_isError(answer) != 0) return {from.pos, to.pos, true};
    const std::size_t taken = from.pos - before;
    frame_size_ = answer == 0 ? 0 : frame_size_ + taken;
    if (taken == 0) break;
  }
  may_have_more_ = frame_size_ > 0 && to.pos == to.size;
  return {from.pos, to.pos, false};
}

}  // namespace

std::unique_ptr<ContentEngine> make_engine(ContentCoding coding, DecoderMemory& memory) {
  switch (coding) {
    case ContentCoding::Gzip:
      return std::make_unique<ZlibEngine>(ZlibFormat::Gzip, memory);
    case ContentCoding::Deflate:
      return std::make_unique<DeflateEngine>(memory);
    case ContentCoding::Brotli:
      return std::make_unique<BrotliEngine>(memory);
    case ContentCoding::Zstd:
      return std::make_unique<ZstdEngine>(memory);
    case ContentCoding::Identity:
      break;
  }
  return nullptr;
}

}  // namespace strongroom::http
