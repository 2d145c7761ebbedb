// SPDX-License-Identifier: Apache-2.0
#include "audit/cosignature.h"

#include <algorithm>

#include "base/encoding.h"

namespace strongroom::audit {
namespace {

constexpr std::uint8_t kCosignature = 4;
constexpr std::size_t kTime = 8;

std::optional<WallTime> checked(std::string_view text, const NoteSignature& line,
                                const WitnessKey& witness) {
  crypto::Signature signature{};
  if (line.name != witness.name || line.octets.size() != 4 + kTime + signature.size()) return {};
  const ByteVector id = note_key_id(witness.name, kCosignature, witness.key);
  if (!std::ranges::equal(id, ByteView(line.octets).first(4))) return {};
  Reader in(ByteView(line.octets).subspan(4));
  const std::uint64_t seconds = in.u64();
  std::ranges::copy(in.raw(signature.size()), signature.begin());
  constexpr std::uint64_t kLatest = std::uint64_t{1} << 40U;  // what a time can hold and be sane
  if (seconds == 0 || seconds > kLatest) return {};
  const std::string message =
      "cosignature/v1\ntime " + std::to_string(seconds) + "\n" + std::string(text);
  if (!crypto::verify(witness.key, bytes_of(message), signature)) return {};
  return WallTime(std::chrono::seconds(seconds));
}

}  // namespace

Result<WitnessKey> parse_witness_key(std::string_view text) {
  const auto malformed =
      fail(Code::Invalid, "a witness's key is NAME+HASH+BASE64 of an Ed25519 key for cosignatures");
  const auto first = text.find('+');
  const auto second = first == text.npos ? text.npos : text.find('+', first + 1);
  if (second == text.npos || first == 0) return malformed;
  WitnessKey out;
  out.name = std::string(text.substr(0, first));
  const auto octets = from_base64(text.substr(second + 1));
  if (!octets || octets->size() != 1 + out.key.size() || octets->front() != kCosignature)
    return malformed;
  std::copy(octets->begin() + 1, octets->end(), out.key.begin());
  const bool is_plain = std::ranges::all_of(out.name, [](char c) { return c > ' ' && c < 0x7f; });
  const auto id = to_hex(note_key_id(out.name, kCosignature, out.key));
  if (!is_plain || text.substr(first + 1, second - first - 1) != id) return malformed;
  return out;
}

std::optional<WallTime> cosigned_at(std::string_view note, const WitnessKey& witness) {
  std::optional<WallTime> latest;
  const auto parts = split_note(note);
  if (!parts) return latest;
  for (const std::string_view line : parts->signatures) {
    const auto signature = parse_signature(line);
    const auto at = signature ? checked(parts->text, *signature, witness) : std::nullopt;
    if (at && (!latest || *at > *latest)) latest = at;
  }
  return latest;
}

std::optional<std::string> with_cosignature(std::string_view note, std::string_view answer,
                                            const WitnessKey& witness) {
  const auto parts = split_note(note);
  const auto lines = note_lines(answer);
  if (!parts || !lines) return std::nullopt;
  for (const std::string_view line : *lines) {
    const auto signature = parse_signature(line);
    if (signature && checked(parts->text, *signature, witness))
      return std::string(note) + std::string(line) + "\n";
  }
  return std::nullopt;
}

}  // namespace strongroom::audit
