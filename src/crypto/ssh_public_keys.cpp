// SPDX-License-Identifier: Apache-2.0
#include "crypto/ssh_public_keys.h"

#include <algorithm>

#include "base/encoding.h"

namespace strongroom::crypto {
namespace {

constexpr std::size_t kPart = 16'384;

std::string_view next_word(std::string_view& text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return text = {};
  const auto end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

/// The first word that is a key whose own type stands before it.
std::optional<ByteVector> key_of(std::string_view entry) {
  std::string_view before = next_word(entry);
  for (std::string_view word = next_word(entry); !word.empty(); word = next_word(entry)) {
    if (auto blob = from_base64(word)) {
      Reader in(*blob);
      if (in.text(kPart) == before && in.is_ok() && !before.empty()) return blob;
    }
    before = word;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<ByteVector>> parse_ssh_public_keys(std::string_view text) {
  std::vector<ByteVector> out;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(",\n"), text.size());
    auto key = key_of(text.substr(0, end));
    if (!key) return std::nullopt;
    out.push_back(std::move(*key));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace strongroom::crypto
