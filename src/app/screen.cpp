// SPDX-License-Identifier: Apache-2.0
#include "app/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "base/utf8.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kNarrowest = 20;

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

const char* code_of(Style style) {
  switch (style) {
    case Style::Heading:
      return "1";
    case Style::Good:
      return "32";
    case Style::Bad:
      return "31";
    case Style::Doubtful:
      return "33";
    case Style::Faint:
      return "2";
    case Style::Plain:
      break;
  }
  return "";
}

}  // namespace

std::string Screen::styled(Style style, std::string_view text) const {
  if (!has_colours || style == Style::Plain) return std::string(text);
  return "\x1b[" + std::string(code_of(style)) + "m" + std::string(text) + "\x1b[0m";
}

Screen screen_of(int descriptor) {
  Screen out;
  out.is_terminal = ::isatty(descriptor) != 0;
  if (!out.is_terminal) return out;
  const char* kind = std::getenv("TERM");
  out.has_colours =
      !is_set("NO_COLOR") && kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    out.columns = std::max<std::size_t>(size.ws_col, kNarrowest);
  return out;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns) return std::string(text);
  std::string out;
  for (std::size_t taken = 1; taken < columns; ++taken) {
    const std::size_t size = std::max<std::size_t>(utf8_size(text), 1);
    out.append(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out + "…";
}

std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent) {
  std::istringstream words{std::string(text)};
  std::string out;
  std::size_t used = indent;
  for (std::string word; words >> word;) {
    const std::size_t width = width_of(word);
    if (used > indent && used + 1 + width > columns) {
      out += "\n" + std::string(indent, ' ');
      used = indent;
    }
    if (used > indent) {
      out += ' ';
      ++used;
    }
    out += word;
    used += width;
  }
  return out;
}

}  // namespace strongroom::app
