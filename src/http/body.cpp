// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

#include <algorithm>
#include <charconv>

#include "http/head_rules.h"
#include "http/syntax.h"

namespace strongroom::http {
namespace {

unsigned hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  return (static_cast<unsigned>(static_cast<std::uint8_t>(c)) | 0x20U) - 'a' + 10U;
}

}  // namespace

std::size_t write_chunk_line(std::size_t size, ChunkLine& line) {
  char* end = std::to_chars(line.data(), line.data() + line.size() - 2, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return static_cast<std::size_t>(end - line.data());
}

void BodyFollower::start(BodyFraming framing, Credentials in_trailers) {
  in_trailers_ = in_trailers;
  is_leaving_out_ = has_left_out_ = false;
  total_ = 0;
  left_ = framing.length;
  stated_ = framing.length;
  is_stated_ = framing.says_length();
  digits_ = 0;
  extra_ = 0;
  trailers_.clear();
  switch (framing.kind) {
    case BodyKind::None:
      phase_ = Phase::Done;
      return;
    case BodyKind::Length:
      phase_ = left_ == 0 ? Phase::Done : Phase::Length;
      return;
    case BodyKind::Chunked:
      phase_ = Phase::ChunkSize;
      left_ = 0;
      return;
    case BodyKind::UntilEnd:
      phase_ = Phase::UntilEnd;
      return;
  }
}

BodyFollower::Step BodyFollower::feed(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && phase_ != Phase::Done && phase_ != Phase::Bad) {
    const bool is_content =
        phase_ == Phase::Length || phase_ == Phase::ChunkData || phase_ == Phase::UntilEnd;
    if (!is_content) {
      const bool is_of_trailers = phase_ >= Phase::TrailerStart && phase_ <= Phase::LastLf;
      phase_ = take(input[step.consumed]);
      if (phase_ == Phase::Bad) continue;
      ++step.consumed;
      step.of_trailers += is_of_trailers ? 1 : 0;
      continue;
    }
    const std::size_t here = input.size() - step.consumed;
    const std::size_t run = phase_ == Phase::UntilEnd
                                ? here
                                : static_cast<std::size_t>(std::min<std::uint64_t>(left_, here));
    step.content = input.substr(step.consumed, run);
    step.consumed += run;
    total_ += run;
    if (phase_ == Phase::UntilEnd) break;
    left_ -= run;
    if (left_ == 0) phase_ = phase_ == Phase::Length ? Phase::Done : Phase::ChunkDataCr;
    break;
  }
  if (phase_ == Phase::Done) step.state = ParseState::Complete;
  if (phase_ == Phase::Bad) step.state = ParseState::Bad;
  return step;
}

bool BodyFollower::end_of_input() {
  if (phase_ == Phase::UntilEnd) phase_ = Phase::Done;
  return phase_ == Phase::Done;
}

BodyFollower::Phase BodyFollower::take_size(char octet) {
  // RFC 9112 7.1: chunk-size [ chunk-ext ] CRLF. Blanks before ';' ("bad whitespace") are refused.
  constexpr std::uint64_t kMost = 1ULL << 62U;
  if (is_hex_char(octet)) {
    left_ = left_ << 4U | hex_value(octet);
    return ++digits_ > 16 || left_ > kMost ? Phase::Bad : Phase::ChunkSize;
  }
  if (digits_ == 0) return Phase::Bad;
  if (octet == '\r') return Phase::ChunkSizeLf;
  if (octet != ';') return Phase::Bad;
  extra_ = 1;
  return Phase::ChunkExtension;
}

/// The size line is whole. More or less than was said to come is found before any of it goes on.
BodyFollower::Phase BodyFollower::begin_chunk() {
  extra_ = 0;
  digits_ = 0;
  const bool is_last = left_ == 0;
  const bool fits = is_last ? total_ == stated_ : left_ <= stated_ - total_;
  if (is_stated_ && !fits) return Phase::Bad;
  return is_last ? Phase::TrailerStart : Phase::ChunkData;
}

BodyFollower::Phase BodyFollower::take_trailer(char octet) {
  if (++extra_ > kMaxTrailers) return Phase::Bad;
  if (phase_ == Phase::TrailerStart) {
    if (octet == '\r') return Phase::LastLf;
    name_size_ = 0;
    is_leaving_out_ = false;
  }
  if (!is_leaving_out_) trailers_ += octet;
  if (phase_ == Phase::TrailerValue) {
    if (octet == '\r') return Phase::TrailerLf;
    return is_value_char(octet) ? Phase::TrailerValue : Phase::Bad;
  }
  if (octet == ':' && name_size_ > 0) return take_trailer_name();
  if (!is_token_char(octet)) return Phase::Bad;
  if (name_size_ < name_.size()) name_[name_size_] = octet;
  ++name_size_;
  return Phase::TrailerName;
}

/// Its name is whole, and stands in trailers_ with the colon.
BodyFollower::Phase BodyFollower::take_trailer_name() {
  if (name_size_ > name_.size()) return Phase::Bad;
  const TrailerFate fate = trailer_fate({name_.data(), name_size_});
  if (fate == TrailerFate::Goes) return Phase::TrailerValue;
  if (fate == TrailerFate::Bad || in_trailers_ == Credentials::Refused) return Phase::Bad;
  trailers_.resize(trailers_.size() - name_size_ - 1);
  is_leaving_out_ = has_left_out_ = true;
  return Phase::TrailerValue;
}

BodyFollower::Phase BodyFollower::take(char octet) {
  switch (phase_) {
    case Phase::ChunkSize:
      return take_size(octet);
    case Phase::ChunkExtension:
      if (octet == '\r') return Phase::ChunkSizeLf;
      return is_value_char(octet) && ++extra_ <= kMaxExtension ? Phase::ChunkExtension : Phase::Bad;
    case Phase::ChunkSizeLf:
      return octet == '\n' ? begin_chunk() : Phase::Bad;
    case Phase::ChunkDataCr:
      return octet == '\r' ? Phase::ChunkDataLf : Phase::Bad;
    case Phase::ChunkDataLf:
      return octet == '\n' ? Phase::ChunkSize : Phase::Bad;
    case Phase::TrailerStart:
    case Phase::TrailerName:
    case Phase::TrailerValue:
      return take_trailer(octet);
    case Phase::TrailerLf:
      if (!is_leaving_out_) trailers_ += octet;
      return octet == '\n' ? Phase::TrailerStart : Phase::Bad;
    case Phase::LastLf:
      return octet == '\n' ? Phase::Done : Phase::Bad;
    case Phase::Length:
    case Phase::ChunkData:
    case Phase::UntilEnd:
    case Phase::Done:
    case Phase::Bad:
      break;
  }
  return Phase::Bad;
}

}  // namespace strongroom::http
