// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/small_letters.h"
#include "catalog/catalog.h"

namespace strongroom::catalog {
namespace {

/// In its one spelling. Some servers read it as a slash, some as a part of a name.
constexpr std::string_view kEscapedSlash = "%2F";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

/// RFC 3986 3.3 pchar without escapes, and the slash.
bool is_path_character(char c) {
  return is_unreserved(c) || std::string_view("/!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

/// What some server behind would read as another path or another request: separators, controls, and
/// octets that no UTF-8 has (overlong spellings of "." and "/" start with C0). Not the slash, which
/// is judged by what stands around it.
bool is_dangerous(unsigned char c) {
  return c == '\\' || c < 0x20 || c == 0x7f || c == 0xc0 || c == 0xc1 || c >= 0xf5;
}

/// One spelling for every character: unreserved ones plain, all others as upper-case escapes or as
/// they may stand.
Result<std::string> one_spelling(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(path.size());
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      if (!is_path_character(path[i]))
        return fail(Code::Invalid, "the path holds a character that must be escaped",
                    "bad_request");
      out += path[i];
      continue;
    }
    const int high = i + 2 < path.size() ? hex_value(path[i + 1]) : -1;
    const int low = i + 2 < path.size() ? hex_value(path[i + 2]) : -1;
    if (high < 0 || low < 0)
      return fail(Code::Invalid, "the path holds a malformed escape", "bad_request");
    const char c = static_cast<char>(high * 16 + low);
    if (is_dangerous(static_cast<unsigned char>(c)))
      return fail(Code::Invalid, "the path holds an escaped backslash or control character",
                  "bad_request");
    i += 2;
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += '%';
      out += kHex[static_cast<std::size_t>(high)];
      out += kHex[static_cast<std::size_t>(low)];
    }
  }
  return out;
}

/// The segment without escapes, as a server may read it.
std::string plain_segment(std::string_view segment) {
  std::string out;
  out.reserve(segment.size());
  for (std::size_t i = 0; i < segment.size(); ++i) {
    const bool is_escape = segment[i] == '%' && i + 2 < segment.size();
    out += is_escape ? static_cast<char>(hex_value(segment[i + 1]) * 16 + hex_value(segment[i + 2]))
                     : segment[i];
    if (is_escape) i += 2;
  }
  return out;
}

/// `*` matches within the segment. At worst pattern times segment steps, whatever the stars
/// (threats.md N4).
template <class Same>
bool fits(std::string_view pattern, std::string_view segment, Same same) {
  std::size_t p = 0;
  std::size_t s = 0;
  std::size_t star = std::string_view::npos;
  std::size_t mark = 0;
  while (s < segment.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = s;
    } else if (p < pattern.size() && same(pattern[p], segment[s])) {
      ++p;
      ++s;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      s = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool fits(std::string_view pattern, std::string_view segment) {
  return fits(pattern, segment, [](char a, char b) { return small_letter(a) == small_letter(b); });
}

bool segment_matches(std::string_view pattern, std::string_view segment) {
  if (fits(pattern, segment)) return true;
  const auto parameter = segment.find(';');
  if (parameter != std::string_view::npos && fits(pattern, segment.substr(0, parameter)))
    return true;
  if (segment.find('%') == std::string_view::npos) return false;
  const std::string plain = plain_segment(segment);
  return fits(pattern, plain) || fits(pattern, std::string_view(plain).substr(0, plain.find(';')));
}

/// Servlet containers drop parameters first and look at what is left: "..;x" leads up there, and
/// ";x" is nothing.
bool hides_behind_parameters(std::string_view segment) {
  const auto parameters = std::min(segment.find(';'), segment.find("%3B"));
  if (parameters == std::string_view::npos) return false;
  const std::string_view name = segment.substr(0, parameters);
  return name.empty() || name == "." || name == "..";
}

/// The first segment, which `rest` loses.
std::string_view next_segment(std::string_view& rest) {
  const auto slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return segment;
}

/// Without parameters and escapes: does some server walk up (or stay) here?
bool is_dots(std::string_view segment) {
  std::string_view plain = segment.substr(0, segment.find(';'));
  const auto escape = plain.find('%');  // "%3B" may be a ';'
  if (escape != std::string_view::npos) plain = plain.substr(0, escape);
  return plain == "." || plain == "..";
}

bool has_escaped_slash(std::string_view text) {
  return text.find(kEscapedSlash) != std::string_view::npos;
}

/// The path as a server sees it that takes an escaped slash for one.
std::string with_slashes(std::string_view canonical) {
  std::string out;
  out.reserve(canonical.size());
  for (auto at = canonical.find(kEscapedSlash); at != std::string_view::npos;
       at = canonical.find(kEscapedSlash)) {
    out.append(canonical.substr(0, at)).append("/");
    canonical.remove_prefix(at + kEscapedSlash.size());
  }
  return out.append(canonical);
}

/// What is around its escaped slashes are names and nothing else: read as slashes, they change
/// where segments end, and the path stays canonical.
bool joins_names(std::string_view segment) {
  const bool has_parameters =
      segment.find(';') != std::string_view::npos || segment.find("%3B") != std::string_view::npos;
  if (has_parameters) return false;
  const std::string parts = with_slashes(segment);
  std::string_view rest = parts;
  while (!rest.empty()) {
    const std::string_view name = next_segment(rest);
    if (name.empty() || is_dots(name)) return false;
  }
  return !parts.starts_with('/') && !parts.ends_with('/');
}

bool segment_is_within(std::string_view pattern, std::string_view segment) {
  return !is_dots(segment) &&
         (pattern.find(';') != std::string_view::npos ||
          segment.find(';') == std::string_view::npos) &&
         fits(pattern, segment, [](char a, char b) { return a == b; });
}

bool matches_as_it_stands(std::string_view pattern, std::string_view canonical) {
  if (!pattern.starts_with('/') || !canonical.starts_with('/')) return false;
  std::string_view wanted = pattern.substr(1);
  std::string_view rest = canonical.substr(1);
  // A trailing slash names the same resource for a rule that denies (threats.md part 3, 12).
  if (rest.ends_with('/')) rest.remove_suffix(1);
  while (!wanted.empty()) {
    const std::string_view part = next_segment(wanted);
    if (part == "**") return true;
    if (rest.empty() || !segment_matches(part, next_segment(rest))) {
      return false;
    }
    // "/a/**" also covers "/a" itself.
    if (rest.empty() && wanted == "**") return true;
  }
  return rest.empty();
}

bool is_within_as_it_stands(std::string_view pattern, std::string_view canonical) {
  if (!pattern.starts_with('/') || !canonical.starts_with('/')) return false;
  std::string_view wanted = pattern.substr(1);
  std::string_view rest = canonical.substr(1);
  const bool ends_open = rest.ends_with('/');
  if (ends_open) rest.remove_suffix(1);
  while (!wanted.empty()) {
    const std::string_view part = next_segment(wanted);
    if (part == "**") {
      while (!rest.empty())
        if (is_dots(next_segment(rest))) return false;
      return true;
    }
    if (rest.empty() || !segment_is_within(part, next_segment(rest))) return false;
    if (rest.empty() && wanted == "**") return true;
  }
  return rest.empty() && ends_open == (pattern.size() > 1 && pattern.ends_with('/'));
}

}  // namespace

Result<std::string> canonical_path(std::string_view path) {
  if (path.empty() || path[0] != '/')
    return fail(Code::Invalid, "the path must start with a slash", "bad_request");
  STRONGROOM_TRY(const std::string spelled, one_spelling(path));
  std::string out;
  out.reserve(spelled.size());
  const bool ends_open =
      spelled.ends_with('/') || spelled.ends_with("/.") || spelled.ends_with("/..");
  std::string_view rest = std::string_view(spelled).substr(1);
  while (!rest.empty()) {
    const std::string_view segment = next_segment(rest);
    if (segment.empty() || segment == ".") continue;
    if (hides_behind_parameters(segment))
      return fail(Code::Invalid, "a part of the path is nothing but dots and parameters",
                  "bad_request");
    if (has_escaped_slash(segment) && !joins_names(segment))
      return fail(Code::Invalid, "an escaped slash in the path does not stand between two names",
                  "bad_request");
    if (segment != "..") {
      out.append("/").append(segment);
      continue;
    }
    if (out.empty()) return fail(Code::Invalid, "the path leads above its root", "bad_request");
    out.erase(out.rfind('/'));
  }
  if (out.empty() || ends_open) out += '/';
  return out;
}

bool path_matches(std::string_view pattern, std::string_view canonical) {
  return matches_as_it_stands(pattern, canonical) ||
         (has_escaped_slash(canonical) && matches_as_it_stands(pattern, with_slashes(canonical)));
}

bool path_is_within(std::string_view pattern, std::string_view canonical) {
  return is_within_as_it_stands(pattern, canonical) &&
         (!has_escaped_slash(canonical) ||
          is_within_as_it_stands(pattern, with_slashes(canonical)));
}

}  // namespace strongroom::catalog
