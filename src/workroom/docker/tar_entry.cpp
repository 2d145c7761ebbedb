// SPDX-License-Identifier: Apache-2.0
#include "workroom/docker/tar_entry.h"

#include <optional>

namespace strongroom::workroom::docker {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kSize = 124;  ///< of the size, in octal
constexpr std::size_t kSizeDigits = 12;
constexpr std::size_t kType = 156;
constexpr std::size_t kLink = 157;
constexpr std::size_t kLinkSize = 100;
constexpr std::size_t kMagic = 257;

std::optional<std::size_t> octal(std::string_view digits) {
  std::size_t out = 0;
  bool has_any = false;
  for (const char c : digits) {
    if (c == '\0' || c == ' ') {
      if (has_any) break;
      continue;
    }
    if (c < '0' || c > '7') return std::nullopt;
    out = out * 8 + static_cast<std::size_t>(c - '0');
    has_any = true;
  }
  return has_any ? std::optional(out) : std::nullopt;
}

std::string until_nul(std::string_view text) {
  return std::string(text.substr(0, text.find('\0')));
}

/// "LENGTH linkpath=VALUE\n" among a pax header's records.
std::string pax_link(std::string_view records) {
  constexpr std::string_view kWord = " linkpath=";
  const auto at = records.find(kWord);
  if (at == std::string_view::npos) return {};
  const auto value = records.substr(at + kWord.size());
  return std::string(value.substr(0, value.find('\n')));
}

}  // namespace

Result<TarEntry> first_tar_entry(std::string_view archive) {
  TarEntry out;
  std::string long_link;
  for (std::size_t at = 0;;) {
    if (archive.size() - at < kBlock || archive.substr(at + kMagic, 5) != "ustar")
      return fail(Code::Protocol, "the Docker Engine's answer is no tar archive");
    const auto header = archive.substr(at, kBlock);
    const auto size = octal(header.substr(kSize, kSizeDigits));
    at += kBlock;
    if (!size || *size > archive.size() - at)
      return fail(Code::Protocol, "the Docker Engine's archive is cut short");
    const auto content = archive.substr(at, *size);
    const char type = header[kType];
    if (type != 'x' && type != 'g' && type != 'K' && type != 'L') {
      if (type == '0' || type == '\0') out.kind = TarEntry::Kind::File;
      if (type == '2') out.kind = TarEntry::Kind::Link;
      out.link = long_link.empty() ? until_nul(header.substr(kLink, kLinkSize)) : long_link;
      out.content = content;
      return out;
    }
    if (type == 'K') long_link = until_nul(content);
    if (type == 'x') long_link = pax_link(content);
    const std::size_t whole = (*size + kBlock - 1) / kBlock * kBlock;
    if (whole > archive.size() - at)
      return fail(Code::Protocol, "the Docker Engine's archive is cut short");
    at += whole;
  }
}

}  // namespace strongroom::workroom::docker
