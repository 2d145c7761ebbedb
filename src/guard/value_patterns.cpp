// SPDX-License-Identifier: Apache-2.0
#include "guard/value_patterns.h"

#include <algorithm>
#include <string_view>

#include "base/encoding.h"
#include "base/small_letters.h"

namespace strongroom::guard {
namespace {

char base64_spelling(std::uint8_t octet) {
  return octet == '-' ? '+' : octet == '_' ? '/' : static_cast<char>(octet);
}

/// Compares what is there; running out of data is Partial.
template <class Same>
Found compare(std::size_t size, ByteView rest, Same&& same) {
  const std::size_t here = std::min(size, rest.size());
  for (std::size_t i = 0; i < here; ++i)
    if (!same(i, rest[i])) return {};
  if (here < size) return {Found::Kind::Partial, 0, 0};
  return {Found::Kind::Whole, 0, size};
}

std::uint8_t hex_digit(std::uint8_t value) {
  return static_cast<std::uint8_t>("0123456789abcdef"[value & 15U]);
}
std::uint8_t lower(std::uint8_t c) {
  return static_cast<std::uint8_t>(small_letter(static_cast<char>(c)));
}
std::uint8_t upper(std::uint8_t c) {
  return c >= 'a' && c <= 'z' ? static_cast<std::uint8_t>(c - 32) : c;
}

}  // namespace

std::shared_ptr<const ValuePatterns> ValuePatterns::make(const Secret& key) {
  if (key.size() < kShortest) return nullptr;
  const std::shared_ptr<ValuePatterns> made(new ValuePatterns);
  key.reveal([&](ByteView plain) {
    made->add_literals(plain);
    made->add_fingerprints(plain);
  });
  return made;
}

/// Base64 after 0, 1 or 2 octets of something else: the characters that the key alone decides.
void ValuePatterns::add_literals(ByteView key) {
  // Never moved while it grows: what it left behind would not be wiped.
  ByteVector all;
  all.reserve(key.size() + 3 * ((key.size() + 2) * 4 / 3 + 4));
  all.assign(key.begin(), key.end());
  parts_[0] = {0, key.size()};
  for (std::size_t offset = 0; offset < 3; ++offset) {
    ByteVector shifted(offset, 0);
    shifted.insert(shifted.end(), key.begin(), key.end());
    std::string text = to_base64(shifted);
    const std::size_t begin = (offset * 8 + 5) / 6;
    const std::size_t end = shifted.size() * 8 / 6;
    parts_[1 + offset] = {all.size(), end - begin};
    const auto octets = bytes_of(std::string_view(text)).subspan(begin, end - begin);
    all.insert(all.end(), octets.begin(), octets.end());
    wipe(text.data(), text.size());
    wipe(shifted.data(), shifted.size());
  }
  forms_ = Secret(all);
  wipe(all.data(), all.size());
}

void ValuePatterns::mark(Form form, std::size_t at, std::uint8_t octet) {
  starts_.mark(form, at, octet);
}

/// What the first three octets of each form can be.
void ValuePatterns::add_fingerprints(ByteView key) {
  forms_.reveal([&](ByteView forms) {
    for (std::size_t at = 0; at < Starts::kOctets; ++at) {
      for (std::size_t form = Raw; form <= Base64Third; ++form) {
        const std::uint8_t octet = forms[parts_[form].begin + at];
        mark(static_cast<Form>(form), at, octet);
        if (form == Raw) continue;
        if (octet == '+') mark(static_cast<Form>(form), at, '-');
        if (octet == '/') mark(static_cast<Form>(form), at, '_');
      }
      const std::uint8_t half = at % 2 == 0 ? static_cast<std::uint8_t>(key[at / 2] >> 4U)
                                            : static_cast<std::uint8_t>(key[at / 2] & 15U);
      mark(Hex, at, hex_digit(half));
      mark(Hex, at, upper(hex_digit(half)));
    }
  });
  for (std::size_t at = 0; at < Starts::kOctets; ++at) {
    for_each_plain_start(key, at, [&](std::uint8_t octet) { mark(Raw, at, octet); });
    for (const Form form : {Percent, Json, Html})
      for_each_escaped_start(kind_of(form), key, at,
                             [&](std::uint8_t octet) { mark(form, at, octet); });
  }
}

Found ValuePatterns::try_form(Form form, ByteView forms, ByteView rest) const {
  const ByteView key = forms.subspan(parts_[0].begin, parts_[0].size);
  switch (form) {
    case Raw:
      return compare(key.size(), rest,
                     [&](std::size_t i, std::uint8_t octet) { return key[i] == octet; });
    case Hex:
      return compare(key.size() * 2, rest, [&](std::size_t i, std::uint8_t octet) {
        const auto half = static_cast<std::uint8_t>(i % 2 == 0 ? key[i / 2] >> 4U : key[i / 2]);
        return hex_digit(half) == lower(octet);
      });
    case Percent:
    case Json:
    case Html: {
      const EscapeKind kind = kind_of(form);
      const Unescaped seen = match_escaped(kind, key, rest);
      if (seen.outcome == Unescaped::Outcome::No) return {};
      const bool is_whole = seen.outcome == Unescaped::Outcome::Whole;
      return {is_whole ? Found::Kind::Whole : Found::Kind::Partial, 0, seen.size};
    }
    default: {
      const ByteView core = forms.subspan(parts_[form].begin, parts_[form].size);
      return compare(core.size(), rest, [&](std::size_t i, std::uint8_t octet) {
        return static_cast<char>(core[i]) == base64_spelling(octet);
      });
    }
  }
}

/// A whole form here wins; else the data may end within one.
Found ValuePatterns::try_at(ByteView forms, ByteView data, std::size_t at) const {
  const unsigned mask = with_escaped(starts_.forms_at(data.subspan(at)));
  Found best;
  for (unsigned form = Raw; form <= Html && mask != 0; ++form) {
    if ((mask & (1U << form)) == 0) continue;
    Found found = try_form(static_cast<Form>(form), forms, data.subspan(at));
    found.begin = at;
    if (found.kind == Found::Kind::Whole) return found;
    if (found.kind == Found::Kind::Partial) best = found;
  }
  return best;
}

Found ValuePatterns::find_at(ByteView data, std::size_t place) const {
  return forms_.reveal([&](ByteView forms) { return try_at(forms, data, place); });
}

Found ValuePatterns::find(ByteView data, std::size_t from) const {
  return forms_.reveal([&](ByteView forms) -> Found {
    for (std::size_t at = starts_.next(data, from); at < data.size();
         at = starts_.next(data, at + 1)) {
      const Found found = try_at(forms, data, at);
      if (found.kind != Found::Kind::Nothing) return found;
    }
    return {};
  });
}

}  // namespace strongroom::guard
