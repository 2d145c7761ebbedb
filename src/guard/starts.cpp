// How: an octet is looked up by its two halves with byte shuffles, sixteen or thirty-two places in
// one step; halves say yes too often, so whole octets decide. SPDX-License-Identifier: Apache-2.0
#include "guard/starts.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace strongroom::guard {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

}  // namespace

void Starts::add(const Starts& other) {
  const auto join = [](auto& ours, const auto& theirs) {
    for (std::size_t at = 0; at < kOctets; ++at)
      for (std::size_t i = 0; i < ours[at].size(); ++i) ours[at][i] |= theirs[at][i];
  };
  join(whole_, other.whole_);
  join(low_, other.low_);
  join(high_, other.high_);
}

/// Of the places that `places` names, counted from `at`: the first where whole octets agree.
std::size_t Starts::first_of(unsigned places, ByteView data, std::size_t at) const {
  for (; places != 0; places &= places - 1) {
    const std::size_t place = at + static_cast<std::size_t>(__builtin_ctz(places));
    if (may_begin(data.data() + place)) return place;
  }
  return kNone;
}

#if defined(__x86_64__)

__attribute__((target("ssse3"))) std::size_t Starts::skip_by_sixteen(ByteView data,
                                                                     std::size_t from) const {
  const auto load = [](const std::uint8_t* from_here) __attribute__((target("ssse3"))) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from_here));
  };
  const __m128i half = _mm_set1_epi8(15);
  std::size_t at = from;
  for (; at + 16 + kOctets - 1 <= data.size(); at += 16) {
    __m128i both = _mm_set1_epi8(-1);
    for (std::size_t i = 0; i < kOctets; ++i) {
      const __m128i octets = load(data.data() + at + i);
      const __m128i by_low = _mm_shuffle_epi8(load(low_[i].data()), _mm_and_si128(octets, half));
      const __m128i by_high =
          _mm_shuffle_epi8(load(high_[i].data()), _mm_and_si128(_mm_srli_epi16(octets, 4), half));
      both = _mm_and_si128(both, _mm_and_si128(by_low, by_high));
    }
    const auto empty =
        static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(both, _mm_setzero_si128())));
    if (empty == 0xFFFFU) continue;
    const std::size_t place = first_of(~empty & 0xFFFFU, data, at);
    if (place != kNone) return place;
  }
  return at;
}

__attribute__((target("avx2"))) std::size_t Starts::skip_by_thirty_two(ByteView data,
                                                                       std::size_t from) const {
  const auto twice = [](const std::uint8_t* table) __attribute__((target("avx2"))) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
  };
  const __m256i low[kOctets] = {twice(low_[0].data()), twice(low_[1].data()),
                                twice(low_[2].data())};
  const __m256i high[kOctets] = {twice(high_[0].data()), twice(high_[1].data()),
                                 twice(high_[2].data())};
  const __m256i half = _mm256_set1_epi8(15);
  std::size_t at = from;
  for (; at + 32 + kOctets - 1 <= data.size(); at += 32) {
    __m256i both = _mm256_set1_epi8(-1);
    for (std::size_t i = 0; i < kOctets; ++i) {
      const __m256i octets =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data.data() + at + i));
      const __m256i by_low = _mm256_shuffle_epi8(low[i], _mm256_and_si256(octets, half));
      const __m256i by_high =
          _mm256_shuffle_epi8(high[i], _mm256_and_si256(_mm256_srli_epi16(octets, 4), half));
      both = _mm256_and_si256(both, _mm256_and_si256(by_low, by_high));
    }
    const auto empty = static_cast<unsigned>(
        _mm256_movemask_epi8(_mm256_cmpeq_epi8(both, _mm256_setzero_si256())));
    if (empty == 0xFFFFFFFFU) continue;
    const std::size_t place = first_of(~empty, data, at);
    if (place != kNone) return place;
  }
  return at;
}

#endif

std::size_t Starts::next(ByteView data, std::size_t from) const {
  const std::size_t last = data.size() < kOctets ? 0 : data.size() - kOctets + 1;
  std::size_t at = from;
#if defined(__x86_64__)
  static const bool has_wide = __builtin_cpu_supports("avx2") != 0;
  static const bool has_shuffle = __builtin_cpu_supports("ssse3") != 0;
  if (has_wide) at = skip_by_thirty_two(data, at);
  if (has_shuffle && (at >= last || !may_begin(data.data() + at))) at = skip_by_sixteen(data, at);
#endif
  for (; at < last; ++at)
    if (may_begin(data.data() + at)) return at;
  return std::max(at, from);
}

}  // namespace strongroom::guard
