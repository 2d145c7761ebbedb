// SPDX-License-Identifier: Apache-2.0
#include "http/http2/watch.h"

#include <algorithm>
#include <cstring>

namespace strongroom::http {
namespace {

constexpr std::size_t kSettingsEntry = 6;  ///< octets
constexpr std::uint32_t kMostPingCredit = 1000;
constexpr std::uint32_t kMostResetCredit = 1000;
constexpr std::size_t kOctetsPerFrame = 512;
constexpr std::size_t kMostOctetCredit = 1_MiB;

}  // namespace

std::uint32_t SecondMeter::add(SteadyTime now) {
  constexpr Duration kSecond = std::chrono::seconds(1);
  if (now - start_ >= 2 * kSecond) {
    start_ = now;
    previous_ = current_ = 0;
  } else if (now - start_ >= kSecond) {
    start_ += kSecond;
    previous_ = current_;
    current_ = 0;
  }
  ++current_;
  const auto left = static_cast<std::uint64_t>((kSecond - (now - start_)).count());
  const auto second = static_cast<std::uint64_t>(kSecond.count());
  return current_ + static_cast<std::uint32_t>(previous_ * left / second);
}

Http2FrameWatch::Step Http2FrameWatch::look(ByteView octets, SteadyTime now) {
  std::size_t at = 0;
  std::size_t frame_start = 0;
  while (at < octets.size()) {
    if (skip_ > 0) {
      const std::size_t step = std::min(skip_, octets.size() - at);
      skip_ -= step;
      at += step;
      frame_start = at;
      continue;
    }
    const std::size_t part = std::min(kHttp2FrameHead - head_size_, octets.size() - at);
    std::memcpy(head_.data() + head_size_, octets.data() + at, part);
    head_size_ = static_cast<std::uint8_t>(head_size_ + part);
    at += part;
    if (head_size_ < kHttp2FrameHead) break;
    head_size_ = 0;
    skip_ = std::size_t{head_[0]} << 16U | std::size_t{head_[1]} << 8U | head_[2];
    if (const std::string_view reason = judge(now); !reason.empty()) return {frame_start, reason};
    frame_start = at;
  }
  return {octets.size(), {}};
}

/// The frame whose head is complete; skip_ is its length.
std::string_view Http2FrameWatch::judge(SteadyTime now) {
  const auto type = static_cast<Http2FrameType>(head_[3]);
  const bool has_first_flag = (head_[4] & 1U) != 0;  // END_STREAM, or ACK
  switch (type) {
    case Http2FrameType::Data:
      return skip_ == 0 && !has_first_flag ? note_empty(now) : std::string_view();
    case Http2FrameType::Headers:
      continuations_ = 0;
      return skip_ == 0 ? note_empty(now) : std::string_view();
    case Http2FrameType::Continuation:
      if (++continuations_ > limits_.max_continuations) return http2_reason::kContinuationFlood;
      return skip_ == 0 ? note_empty(now) : std::string_view();
    case Http2FrameType::RstStream:
      // A server's opens nothing anew.
      if (!is_peer_client_) return judge_other(now);
      if (reset_credit_ > 0) {
        --reset_credit_;
        return {};
      }
      return note_reset(now);
    case Http2FrameType::Settings:
      if (has_first_flag) return judge_other(now);
      if (skip_ > limits_.max_settings_entries * kSettingsEntry)
        return http2_reason::kSettingsFlood;
      return settings_.add(now) > limits_.settings_per_second ? http2_reason::kSettingsFlood
                                                              : std::string_view();
    case Http2FrameType::Ping:
      if (has_first_flag) return judge_other(now);
      if (ping_credit_ > 0) {
        --ping_credit_;
        return {};
      }
      return pings_.add(now) > limits_.pings_per_second ? http2_reason::kPingFlood
                                                        : std::string_view();
    default:
      return judge_other(now);
  }
}

std::string_view Http2FrameWatch::judge_other(SteadyTime now) {
  if (octet_credit_ >= kOctetsPerFrame) {
    octet_credit_ -= kOctetsPerFrame;
    return {};
  }
  return control_.add(now) > limits_.control_frames_per_second ? http2_reason::kControlFlood
                                                               : std::string_view();
}

std::string_view Http2FrameWatch::note_reset(SteadyTime now) {
  return resets_.add(now) > limits_.resets_per_second ? http2_reason::kRapidReset
                                                      : std::string_view();
}

std::string_view Http2FrameWatch::note_empty(SteadyTime now) {
  return empty_.add(now) > limits_.empty_frames_per_second ? http2_reason::kEmptyFrameFlood
                                                           : std::string_view();
}

void Http2FrameWatch::note_sent(std::size_t octets) {
  ping_credit_ = std::min(ping_credit_ + 1, kMostPingCredit);
  // gRPC opens the stream's window and the connection's for each message, however small.
  octet_credit_ = std::min(octet_credit_ + std::max(octets, 2 * kOctetsPerFrame), kMostOctetCredit);
}

void Http2FrameWatch::note_answered() {
  reset_credit_ = std::min(reset_credit_ + 1, kMostResetCredit);
}

}  // namespace strongroom::http
