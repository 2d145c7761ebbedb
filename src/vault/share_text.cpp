// SPDX-License-Identifier: Apache-2.0
#include "vault/share_text.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/encoding.h"
#include "crypto/crypto.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kStart = "strongroom-share-1-";
constexpr std::size_t kMarkOctets = 4;
constexpr std::size_t kValueSize = 32;
constexpr std::size_t kCheckOctets = 4;
constexpr std::string_view kDigits = "0123456789abcdef";

/// Digits straight between locked memories: no helper that would leave a copy.
void write_hex(ByteView octets, MutableBytes out) {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    out[2 * i] = static_cast<std::uint8_t>(kDigits[octets[i] >> 4U]);
    out[2 * i + 1] = static_cast<std::uint8_t>(kDigits[octets[i] & 15U]);
  }
}

bool read_hex(std::string_view text, MutableBytes out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto high = kDigits.find(text[2 * i]);
    const auto low = kDigits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    out[i] = static_cast<std::uint8_t>(high << 4U | low);
  }
  return true;
}

std::unexpected<Error> malformed() {
  return fail(Code::Invalid,
              "this is not a share as Strongroom prints them, or it was mistyped: it begins with "
              "strongroom-share-1-",
              "share_malformed");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The next part before a '-', taken off the front.
std::string_view take_part(std::string_view& text) {
  const auto end = std::min(text.find('-'), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<unsigned> small_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value == 0 ||
      value > crypto::kMostShares)
    return std::nullopt;
  return value;
}

std::array<std::uint8_t, 2 * kCheckOctets> check_digits(std::string_view text) {
  const auto digest = crypto::sha256(bytes_of(text));
  std::array<std::uint8_t, 2 * kCheckOctets> digits{};
  write_hex(ByteView(digest).first(kCheckOctets), digits);
  return digits;
}

}  // namespace

std::string mark_of(SealId seal) {
  return to_hex(seal.view().first(kMarkOctets));
}

Secret share_text(SealId seal, unsigned threshold, const crypto::Share& share) {
  const std::string front = std::string(kStart) + mark_of(seal) + "-" + std::to_string(threshold) +
                            "-" + std::to_string(share.index) + "-";
  const std::size_t before_check = front.size() + 2 * kValueSize;
  Secret text = Secret::of_size(before_check + 1 + 2 * kCheckOctets);
  text.reveal_mutable([&](MutableBytes out) {
    std::ranges::copy(front, out.begin());
    share.value.reveal(
        [&](ByteView value) { write_hex(value, out.subspan(front.size(), 2 * kValueSize)); });
    const auto check = check_digits(text_of(out.first(before_check)));
    out[before_check] = '-';
    std::ranges::copy(check, out.begin() + static_cast<std::ptrdiff_t>(before_check) + 1);
  });
  return text;
}

Result<ReadShare> read_share(const Secret& text) {
  return text.reveal([](ByteView plain) -> Result<ReadShare> {
    const std::string_view whole = trimmed(text_of(plain));
    if (!whole.starts_with(kStart) || whole.size() < 2 * kCheckOctets + 1) return malformed();
    const auto check = check_digits(whole.substr(0, whole.size() - 2 * kCheckOctets - 1));
    if (!whole.ends_with(text_of(check))) return malformed();
    std::string_view rest = whole.substr(kStart.size());
    ReadShare share;
    share.seal = take_part(rest);
    const auto threshold = small_number(take_part(rest));
    const auto index = small_number(take_part(rest));
    const std::string_view value = take_part(rest);
    if (!threshold || !index || value.size() != 2 * kValueSize || rest.size() != 2 * kCheckOctets)
      return malformed();
    share.threshold = *threshold;
    share.share.index = static_cast<std::uint8_t>(*index);
    share.share.value = Secret::of_size(kValueSize);
    if (!share.share.value.reveal_mutable([&](MutableBytes out) { return read_hex(value, out); }))
      return malformed();
    return share;
  });
}

}  // namespace strongroom::vault
