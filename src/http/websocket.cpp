// SPDX-License-Identifier: Apache-2.0
#include "http/websocket.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/encoding.h"

namespace strongroom::http {
namespace {

FrameOutcome bad(std::string_view why) {
  return {ParseState::Bad, 0, kCloseProtocolError, why};
}

bool is_known(Opcode opcode) {
  return opcode <= Opcode::Binary || (opcode >= Opcode::Close && opcode <= Opcode::Pong);
}

/// SHA-1 (FIPS 180-4) for one purpose: RFC 6455's handshake, where it protects nothing.
class HandshakeSha1 {
 public:
  std::array<std::uint8_t, 20> digest(std::string_view message) {
    std::string padded(message);
    padded.push_back('\x80');
    while (padded.size() % 64 != 56) padded.push_back('\0');
    for (int shift = 56; shift >= 0; shift -= 8)
      padded.push_back(static_cast<char>((message.size() * 8) >> static_cast<unsigned>(shift)));
    for (std::size_t at = 0; at < padded.size(); at += 64) block(bytes_of(padded).subspan(at, 64));
    std::array<std::uint8_t, 20> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24U - 8U * (i % 4)));
    return out;
  }

 private:
  void block(ByteView octets) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t i = 0; i < 16; ++i)
      w[i] = std::uint32_t{octets[4 * i]} << 24U | std::uint32_t{octets[4 * i + 1]} << 16U |
             std::uint32_t{octets[4 * i + 2]} << 8U | std::uint32_t{octets[4 * i + 3]};
    for (std::size_t i = 16; i < 80; ++i)
      w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = state_;
    for (std::size_t i = 0; i < 80; ++i) {
      const std::uint32_t f = i < 20   ? (b & c) | (~b & d)
                              : i < 40 ? b ^ c ^ d
                              : i < 60 ? (b & c) | (b & d) | (c & d)
                                       : b ^ c ^ d;
      constexpr std::array<std::uint32_t, 4> kRound = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc,
                                                       0xca62c1d6};
      const std::uint32_t next = std::rotl(a, 5) + f + e + kRound[i / 20] + w[i];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    const std::array<std::uint32_t, 5> sum = {a, b, c, d, e};
    for (std::size_t i = 0; i < sum.size(); ++i) state_[i] += sum[i];
  }
  std::array<std::uint32_t, 5> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
                                         0xc3d2e1f0};
};

}  // namespace

FrameOutcome parse_frame_head(ByteView input, FrameSender sender, std::uint8_t allowed_reserved,
                              FrameHead& out) {
  if (input.size() < 2) return {};
  out.is_final = (input[0] & 0x80U) != 0;
  out.reserved = static_cast<std::uint8_t>(input[0] >> 4U & 7U);
  out.opcode = Opcode{static_cast<std::uint8_t>(input[0] & 15U)};
  out.is_masked = (input[1] & 0x80U) != 0;
  const unsigned short_length = input[1] & 0x7fU;
  if (!is_known(out.opcode)) return bad("an unknown opcode");
  if ((out.reserved & ~unsigned{allowed_reserved}) != 0)
    return bad("a reserved bit without its extension");
  if (is_control(out.opcode) && out.reserved != 0) return bad("a reserved bit on a control frame");
  if (is_control(out.opcode) && !out.is_final) return bad("a control frame in fragments");
  if (is_control(out.opcode) && short_length > 125) return bad("a control frame over 125 octets");
  if (out.is_masked != (sender == FrameSender::Client))
    return bad(out.is_masked ? "a masked frame from a server" : "an unmasked frame from a client");
  const std::size_t length_size = short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
  const std::size_t size = 2 + length_size + (out.is_masked ? 4U : 0U);
  if (input.size() < 2 + length_size) return {};
  out.length = length_size == 0 ? short_length : 0;
  for (std::size_t i = 0; i < length_size; ++i) out.length = out.length << 8U | input[2 + i];
  if (length_size == 2 && out.length < 126) return bad("a length not in its shortest form");
  if (length_size == 8 && out.length <= 0xffff) return bad("a length not in its shortest form");
  if (out.length > 1ULL << 62U) return bad("a length over 2^62");
  if (out.opcode == Opcode::Close && out.length == 1) return bad("a close frame with half a code");
  if (input.size() < size) return {};
  if (out.is_masked)
    std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(2 + length_size), 4, out.mask.begin());
  return {ParseState::Complete, size, 0, {}};
}

std::size_t write_frame_head(const FrameHead& head, std::array<std::uint8_t, kMaxFrameHead>& out) {
  const unsigned first = (head.is_final ? 0x80U : 0U) | static_cast<unsigned>(head.reserved) << 4U |
                         static_cast<unsigned>(head.opcode);
  const unsigned mask_bit = head.is_masked ? 0x80U : 0U;
  out[0] = static_cast<std::uint8_t>(first);
  std::size_t size = 2;
  const auto put_length = [&](unsigned marker, std::size_t octets) {
    out[1] = static_cast<std::uint8_t>(mask_bit | marker);
    for (std::size_t i = 0; i < octets; ++i)
      out[size++] = static_cast<std::uint8_t>(head.length >> (8 * (octets - 1 - i)));
  };
  if (head.length < 126)
    put_length(static_cast<unsigned>(head.length), 0);
  else if (head.length <= 0xffff)
    put_length(126, 2);
  else
    put_length(127, 8);
  if (head.is_masked)
    for (const std::uint8_t octet : head.mask) out[size++] = octet;
  return size;
}

/// The mask of zeros is one like any other: what it covers is chosen here alone.
CloseFrame::CloseFrame(std::uint16_t code, FrameSender sender, std::string_view word) {
  word = word.substr(0, kMostWord);
  FrameHead head;
  head.opcode = Opcode::Close;
  head.is_masked = sender == FrameSender::Client;
  head.length = 2 + word.size();
  std::array<std::uint8_t, kMaxFrameHead> start{};
  size_ = write_frame_head(head, start);
  std::copy_n(start.begin(), size_, octets_.begin());
  octets_[size_++] = static_cast<std::uint8_t>(code >> 8U);
  octets_[size_++] = static_cast<std::uint8_t>(code & 0xFFU);
  for (const char c : word) octets_[size_++] = static_cast<std::uint8_t>(c);
}

void apply_mask(MutableBytes payload, const std::array<std::uint8_t, 4>& mask,
                std::uint64_t offset) {
  std::size_t i = 0;
  for (; i < payload.size() && (offset + i) % 4 != 0; ++i) payload[i] ^= mask[(offset + i) % 4];
  std::uint64_t word = 0;
  for (std::size_t k = 0; k < sizeof(word); ++k)
    reinterpret_cast<std::uint8_t*>(&word)[k] = mask[k % 4];
  for (; i + sizeof(word) <= payload.size(); i += sizeof(word)) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, &payload[i], sizeof(eight));
    eight ^= word;
    std::memcpy(&payload[i], &eight, sizeof(eight));
  }
  for (std::size_t k = 0; i < payload.size(); ++i, ++k) payload[i] ^= mask[k % 4];
}

std::string_view FrameFollower::check_order() {
  if (is_control(frame_.opcode)) return {};
  if (frame_.opcode == Opcode::Continuation) {
    if (!in_message_) return "a continuation of nothing";
    if (frame_.reserved != 0) return "a reserved bit on a continuation";
  } else if (in_message_) {
    return "a new message within another";
  }
  in_message_ = !frame_.is_final;
  return {};
}

FrameFollower::Step FrameFollower::feed(ByteView input) {
  Step step;
  const auto refuse = [&](std::uint16_t code, std::string_view why) {
    is_bad_ = true;
    step.state = ParseState::Bad;
    step.consumed = 0;
    step.close_code = code;
    step.why = why;
    return step;
  };
  if (is_bad_) return refuse(kCloseProtocolError, "the stream of frames was broken before");
  if (!in_payload_) {
    const std::size_t had = partial_size_;
    const std::size_t taken = std::min(input.size(), partial_.size() - had);
    std::copy_n(input.begin(), taken, partial_.begin() + static_cast<std::ptrdiff_t>(had));
    const FrameOutcome outcome = parse_frame_head(ByteView(partial_.data(), had + taken), sender_,
                                                  allowed_reserved_, frame_);
    if (outcome.state == ParseState::Bad) return refuse(outcome.close_code, outcome.why);
    if (outcome.state == ParseState::NeedMore) {
      partial_size_ = had + taken;
      step.consumed = taken;
      return step;
    }
    step.consumed = outcome.consumed - had;
    if (const auto why = check_order(); !why.empty()) return refuse(kCloseProtocolError, why);
    partial_size_ = 0;
    left_ = frame_.length;
    in_payload_ = true;
  }
  step.payload_at = step.consumed;
  step.offset = frame_.length - left_;
  step.payload_size =
      static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - step.consumed));
  step.consumed += step.payload_size;
  left_ -= step.payload_size;
  if (left_ > 0) return step;
  in_payload_ = false;
  step.state = ParseState::Complete;
  return step;
}

std::string websocket_accept(std::string_view key) {
  HandshakeSha1 sha1;
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const auto digest = sha1.digest(text);
  return to_base64(digest);
}

}  // namespace strongroom::http
