// SPDX-License-Identifier: Apache-2.0
#include "gateway/guard/pass_patterns.h"

#include <algorithm>
#include <string_view>

#include "base/encoding.h"
#include "base/secret.h"
#include "crypto/crypto.h"

namespace strongroom::gateway {
namespace {

constexpr std::size_t kLongestPrefix = 32;
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::uint8_t kNoValue = 0xFF;

/// Of an octet: its base64 or base64url value.
constexpr std::array<std::uint8_t, 256> kBase64Values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoValue);
  for (std::size_t i = 0; i < kBase64.size(); ++i)
    values[static_cast<std::uint8_t>(kBase64[i])] = static_cast<std::uint8_t>(i);
  values['-'] = 62;
  values['_'] = 63;
  return values;
}();

/// The alphabet of passes is that of base64url.
bool is_of_pass(std::uint8_t octet) {
  return kBase64Values[octet] != kNoValue && octet != '+' && octet != '/';
}

int hex_value(std::uint8_t octet) {
  const auto at = kHexDigits.find(static_cast<char>(octet));
  if (at == std::string_view::npos) return -1;
  return static_cast<int>(at < 16 ? at : at - 6);
}

/// Base64 after `offset` octets of something else: the first character that the text alone decides,
/// but for some of its bits.
constexpr std::size_t first_character(std::size_t offset) {
  return (offset * 8 + 5) / 6;
}

}  // namespace

class PassPatterns::Candidate {
 public:
  explicit Candidate(ByteView prefix) : prefix_(prefix), wanted_(prefix.size() + kPassSecret) {}
  /// False: it is none.
  [[nodiscard]] bool take(std::uint8_t octet) {
    const bool is_right = size_ < prefix_.size() ? octet == prefix_[size_] : is_of_pass(octet);
    if (!is_right) return false;
    text_[size_++] = octet;
    return true;
  }
  /// The form took one more octet of the data.
  void step(std::size_t octets) { taken_ += octets; }
  [[nodiscard]] bool is_whole() const { return size_ == wanted_; }
  [[nodiscard]] std::size_t taken() const { return taken_; }
  [[nodiscard]] ByteView prefix() const { return prefix_; }
  [[nodiscard]] ByteView text() const { return ByteView(text_).first(size_); }

 private:
  static constexpr std::size_t kPassSecret = lease::SessionPass::kSecretCharacters;
  ByteView prefix_;
  std::size_t wanted_;
  std::size_t size_ = 0;
  std::size_t taken_ = 0;
  std::array<std::uint8_t, kLongestPrefix + kPassSecret> text_{};
};

/// Each candidate costs a hash. Of ordinary data a few in a million octets are some; whoever sends
/// many is taken at their word.
class PassPatterns::Doubts {
 public:
  explicit Doubts(std::size_t octets) : left_(kFew + octets / kOctetsForOne) {}
  /// One more that looked like a pass and was none.
  [[nodiscard]] bool is_allowed() { return left_ > 0 && left_-- > 0; }

 private:
  static constexpr std::size_t kFew = 64;
  static constexpr std::size_t kOctetsForOne = 1024;
  std::size_t left_;
};

std::shared_ptr<const PassPatterns> PassPatterns::make(std::span<const lease::SessionPass> passes) {
  const std::shared_ptr<PassPatterns> made(new PassPatterns);
  for (const auto& pass : passes) made->add(pass);
  if (made->hashes_.empty()) return nullptr;
  std::ranges::sort(made->hashes_);
  return made;
}

void PassPatterns::add(const lease::SessionPass& pass) {
  const bool is_known =
      pass.prefix.size() >= guard::Starts::kOctets && pass.prefix.size() <= kLongestPrefix;
  if (!is_known) return;
  hashes_.push_back(pass.hash);
  if (std::ranges::find(prefixes_, pass.prefix) != prefixes_.end()) return;
  prefixes_.push_back(pass.prefix);
  mark_starts(bytes_of(std::string_view(pass.prefix)));
}

/// What the first three octets of each form can be.
void PassPatterns::mark_starts(ByteView prefix) {
  for (std::size_t at = 0; at < guard::Starts::kOctets; ++at) {
    guard::for_each_plain_start(prefix, at,
                                [&](std::uint8_t octet) { starts_.mark(Raw, at, octet); });
    const unsigned half = at % 2 == 0 ? prefix[at / 2] >> 4U : prefix[at / 2] & 15U;
    for (const char digit : kHexDigits)
      if (hex_value(static_cast<std::uint8_t>(digit)) == static_cast<int>(half))
        starts_.mark(Hex, at, static_cast<std::uint8_t>(digit));
    for (const Form form : {Percent, Json, Html})
      guard::for_each_escaped_start(kind_of(form), prefix, at,
                                    [&](std::uint8_t octet) { starts_.mark(form, at, octet); });
  }
  for (std::size_t offset = 0; offset < 3; ++offset) {
    ByteVector shifted(offset, 0);
    shifted.insert(shifted.end(), prefix.begin(), prefix.end());
    const std::string text = to_base64(shifted);
    for (std::size_t at = 0; at < guard::Starts::kOctets; ++at) {
      const auto form = static_cast<std::size_t>(Base64First) + offset;
      const auto value =
          kBase64Values[static_cast<std::uint8_t>(text[first_character(offset) + at])];
      for (std::size_t octet = 0; octet < kBase64Values.size(); ++octet)
        if (kBase64Values[octet] == value) starts_.mark(form, at, static_cast<std::uint8_t>(octet));
    }
  }
}

guard::Found::Kind PassPatterns::read_plain(ByteView rest, Candidate& candidate) {
  for (const std::uint8_t octet : rest) {
    if (!candidate.take(octet)) return guard::Found::Kind::Nothing;
    candidate.step(1);
    if (candidate.is_whole()) return guard::Found::Kind::Whole;
  }
  return guard::Found::Kind::Partial;
}

guard::Found::Kind PassPatterns::read_hex(ByteView rest, Candidate& candidate) {
  for (std::size_t at = 0; at + 1 < rest.size(); at += 2) {
    const int high = hex_value(rest[at]);
    const int low = hex_value(rest[at + 1]);
    if (high < 0 || low < 0 || !candidate.take(static_cast<std::uint8_t>(high * 16 + low)))
      return guard::Found::Kind::Nothing;
    candidate.step(2);
    if (candidate.is_whole()) return guard::Found::Kind::Whole;
  }
  return guard::Found::Kind::Partial;
}

/// The bits of the first octet that came in an earlier character are taken for right.
guard::Found::Kind PassPatterns::read_base64(std::size_t offset, ByteView rest,
                                             Candidate& candidate) {
  unsigned count = static_cast<unsigned>(first_character(offset) * 6 - offset * 8);
  unsigned bits = count == 0 ? 0U : unsigned{candidate.prefix()[0]} >> (8 - count);
  for (const std::uint8_t character : rest) {
    const std::uint8_t value = kBase64Values[character];
    if (value == kNoValue) return guard::Found::Kind::Nothing;
    bits = (bits << 6U | value) & 0x3FFFU;
    count += 6;
    candidate.step(1);
    if (count < 8) continue;
    count -= 8;
    if (!candidate.take(static_cast<std::uint8_t>(bits >> count)))
      return guard::Found::Kind::Nothing;
    if (candidate.is_whole()) return guard::Found::Kind::Whole;
  }
  return guard::Found::Kind::Partial;
}

guard::Found::Kind PassPatterns::read_escaped(guard::EscapeKind kind, ByteView rest,
                                              Candidate& candidate) {
  bool has_escape = false;
  while (!rest.empty()) {
    guard::UnescapedOne one{guard::UnescapedOne::Outcome::Whole, 1, rest[0]};
    if (rest[0] == guard::mark_of(kind)) {
      one = guard::read_escape(kind, rest);
      has_escape = true;
    }
    if (one.outcome == guard::UnescapedOne::Outcome::Partial) break;
    if (one.outcome == guard::UnescapedOne::Outcome::No || !candidate.take(one.value))
      return guard::Found::Kind::Nothing;
    candidate.step(one.size);
    // Without any escape it has been read already.
    if (candidate.is_whole())
      return has_escape ? guard::Found::Kind::Whole : guard::Found::Kind::Nothing;
    rest = rest.subspan(one.size);
  }
  return guard::Found::Kind::Partial;
}

bool PassPatterns::is_pass(ByteView text) const {
  return std::ranges::binary_search(hashes_, crypto::sha256(text));
}

guard::Found PassPatterns::try_form(Form form, ByteView prefix, ByteView rest,
                                    Doubts& doubts) const {
  Candidate candidate(prefix);
  guard::Found::Kind kind = guard::Found::Kind::Nothing;
  switch (form) {
    case Raw:
      kind = read_plain(rest, candidate);
      break;
    case Hex:
      kind = read_hex(rest, candidate);
      break;
    case Percent:
    case Json:
    case Html:
      kind = read_escaped(kind_of(form), rest, candidate);
      break;
    default:
      kind = read_base64(static_cast<std::size_t>(form) - Base64First, rest, candidate);
  }
  if (kind == guard::Found::Kind::Whole && !is_pass(candidate.text()) && doubts.is_allowed())
    return {};
  return {kind, 0, candidate.taken()};
}

guard::Found PassPatterns::find(ByteView data, std::size_t from) const {
  Doubts doubts(data.size());
  for (std::size_t at = starts_.next(data, from); at < data.size();
       at = starts_.next(data, at + 1)) {
    const ByteView rest = data.subspan(at);
    const unsigned forms = with_escaped(starts_.forms_at(rest));
    bool may_go_on = false;
    for (unsigned form = Raw; form <= Html && forms != 0; ++form) {
      if ((forms & (1U << form)) == 0) continue;
      for (const auto& prefix : prefixes_) {
        const guard::Found found =
            try_form(static_cast<Form>(form), bytes_of(std::string_view(prefix)), rest, doubts);
        if (found.kind == guard::Found::Kind::Whole) return {found.kind, at, found.size};
        may_go_on = may_go_on || found.kind == guard::Found::Kind::Partial;
      }
    }
    if (may_go_on) return {guard::Found::Kind::Partial, at, 0};
  }
  return {};
}

}  // namespace strongroom::gateway
