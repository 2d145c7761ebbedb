// SPDX-License-Identifier: Apache-2.0
#include "guard/escapes.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace strongroom::guard {
namespace {

using One = UnescapedOne;
constexpr One kNone{};
constexpr One kUnfinished{UnescapedOne::Outcome::Partial, 0, 0};

One one(std::size_t size, unsigned value) {
  return {UnescapedOne::Outcome::Whole, size, static_cast<std::uint8_t>(value)};
}

int hex_value(std::uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::pair<char, char> kShort[] = {{'"', '"'},  {'\\', '\\'}, {'/', '/'},  {'b', '\b'},
                                            {'f', '\f'}, {'n', '\n'},  {'r', '\r'}, {'t', '\t'}};
/// Names of the characters that stand in keys (HTML, "Named character references").
constexpr std::pair<std::string_view, char> kNamed[] = {
    {"amp;", '&'},    {"lt;", '<'},      {"gt;", '>'},     {"quot;", '"'},   {"apos;", '\''},
    {"sol;", '/'},    {"bsol;", '\\'},   {"plus;", '+'},   {"equals;", '='}, {"lowbar;", '_'},
    {"period;", '.'}, {"colon;", ':'},   {"semi;", ';'},   {"comma;", ','},  {"commat;", '@'},
    {"num;", '#'},    {"dollar;", '$'},  {"percnt;", '%'}, {"excl;", '!'},   {"quest;", '?'},
    {"ast;", '*'},    {"lpar;", '('},    {"rpar;", ')'},   {"lsqb;", '['},   {"rsqb;", ']'},
    {"lcub;", '{'},   {"rcub;", '}'},    {"verbar;", '|'}, {"Hat;", '^'},    {"grave;", '`'},
    {"lbrack;", '['}, {"rbrack;", ']'},  {"lbrace;", '{'}, {"rbrace;", '}'}, {"vert;", '|'},
    {"midast;", '*'}, {"UnderBar;", '_'}};

/// `digits` of them, with leading zeros.
One read_fixed(ByteView data, std::size_t at, std::size_t digits) {
  unsigned value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (at + i >= data.size()) return kUnfinished;
    const int digit = hex_value(data[at + i]);
    if (digit < 0) return kNone;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return value <= 0xFF ? one(at + digits, value) : kNone;
}

One read_json(ByteView data) {
  if (data.size() < 2) return kUnfinished;
  if (data[1] == 'u') return read_fixed(data, 2, 4);
  for (const auto& [letter, meaning] : kShort)
    if (data[1] == static_cast<std::uint8_t>(letter))
      return one(2, static_cast<std::uint8_t>(meaning));
  return kNone;
}

One read_number(ByteView data, std::size_t at, unsigned base) {
  unsigned value = 0;
  const std::size_t first = at;
  for (; at < data.size() && at < kLongestEscape; ++at) {
    if (data[at] == ';') return at > first && value <= 0xFF ? one(at + 1, value) : kNone;
    const int digit = hex_value(data[at]);
    if (digit < 0 || digit >= static_cast<int>(base)) return kNone;
    value = std::min(value * base + static_cast<unsigned>(digit), 0x10000U);
  }
  return at < kLongestEscape ? kUnfinished : kNone;
}

One read_html(ByteView data) {
  if (data.size() < 2) return kUnfinished;
  if (data[1] == '#') {
    if (data.size() < 3) return kUnfinished;
    const bool is_hex = data[2] == 'x' || data[2] == 'X';
    return is_hex ? read_number(data, 3, 16) : read_number(data, 2, 10);
  }
  One best = kNone;
  for (const auto& [name, meaning] : kNamed) {
    const std::size_t here = std::min(name.size(), data.size() - 1);
    if (text_of(data.subspan(1, here)) != name.substr(0, here)) continue;
    if (here == name.size()) return one(1 + name.size(), static_cast<std::uint8_t>(meaning));
    best = kUnfinished;
  }
  return best;
}

}  // namespace

std::uint8_t mark_of(EscapeKind kind) {
  return kind == EscapeKind::Percent ? '%' : kind == EscapeKind::Json ? '\\' : '&';
}

UnescapedOne read_escape(EscapeKind kind, ByteView data) {
  switch (kind) {
    case EscapeKind::Percent:
      return read_fixed(data, 1, 2);
    case EscapeKind::Json:
      return read_json(data);
    case EscapeKind::Html:
      return read_html(data);
  }
  return kNone;
}

Unescaped match_escaped(EscapeKind kind, ByteView key, ByteView data) {
  const std::uint8_t mark = mark_of(kind);
  std::size_t at = 0;
  for (const std::uint8_t wanted : key) {
    if (at >= data.size()) return {Unescaped::Outcome::Partial, 0};
    std::size_t taken = 0;
    if (data[at] == mark) {
      const UnescapedOne read = read_escape(kind, data.subspan(at));
      if (read.outcome == UnescapedOne::Outcome::Partial) return {Unescaped::Outcome::Partial, 0};
      if (read.outcome == UnescapedOne::Outcome::Whole && read.value == wanted) taken = read.size;
    }
    // As forms are written (WHATWG, application/x-www-form-urlencoded).
    const bool is_blank = kind == EscapeKind::Percent && wanted == ' ' && data[at] == '+';
    if (taken == 0 && (data[at] == wanted || is_blank)) taken = 1;
    if (taken == 0) return {};
    at += taken;
  }
  return {Unescaped::Outcome::Whole, at};
}

namespace detail {
namespace {

class Adder {
 public:
  explicit Adder(Starts& out) : out_(out) {}
  void add(unsigned octet) {
    if (out_.count < out_.octets.size())
      out_.octets[out_.count++] = static_cast<std::uint8_t>(octet);
  }
  void add_digits(unsigned half) {
    add(static_cast<std::uint8_t>("0123456789abcdef"[half & 15U]));
    add(static_cast<std::uint8_t>("0123456789ABCDEF"[half & 15U]));
  }
  /// What follows the mark of an escape of this character.
  void add_second(EscapeKind kind, std::uint8_t character) {
    if (kind == EscapeKind::Percent) return add_digits(character >> 4U);
    add(kind == EscapeKind::Json ? 'u' : '#');
    if (kind == EscapeKind::Json) {
      for (const auto& [letter, meaning] : kShort)
        if (character == static_cast<std::uint8_t>(meaning)) add(static_cast<std::uint8_t>(letter));
      return;
    }
    for (const auto& [name, meaning] : kNamed)
      if (character == static_cast<std::uint8_t>(meaning)) add(static_cast<std::uint8_t>(name[0]));
  }

 private:
  Starts& out_;
};

constexpr EscapeKind kKinds[] = {EscapeKind::Percent, EscapeKind::Json, EscapeKind::Html};

}  // namespace

Starts escaped_starts(EscapeKind kind, ByteView key, std::size_t at) {
  Starts out;
  Adder adder(out);
  if (at == 0) adder.add(mark_of(kind));
  if (at == 1) adder.add_second(kind, key[0]);
  if (at != 2) return out;
  if (kind == EscapeKind::Percent) adder.add_digits(key[0]);
  if (kind == EscapeKind::Json) {
    for (const unsigned octet : {unsigned{'0'}, unsigned{mark_of(kind)}, unsigned{key[1]}})
      adder.add(octet);
  }
  if (kind == EscapeKind::Html) {
    for (const char digit : std::string_view("0123456789xX"))
      adder.add(static_cast<unsigned>(digit));
    for (const auto& [name, meaning] : kNamed)
      if (key[0] == static_cast<std::uint8_t>(meaning)) adder.add(static_cast<unsigned>(name[1]));
  }
  return out;
}

Starts plain_starts(ByteView key, std::size_t at) {
  Starts out;
  Adder adder(out);
  adder.add(key[at]);
  if (at == 0) return out;
  if (key[at] == ' ') adder.add(unsigned{'+'});
  for (const EscapeKind kind : kKinds) adder.add(mark_of(kind));
  if (at == 2)
    for (const EscapeKind kind : kKinds) adder.add_second(kind, key[1]);
  return out;
}

}  // namespace detail
}  // namespace strongroom::guard
