// The file holds "strongroom-seal-1 " and 32 octets in hex, one line. SPDX-License-Identifier:
// Apache-2.0
#include "vault/seal_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/owned_descriptor.h"
#include "base/replaced_file.h"
#include "base/secret_file.h"
#include "crypto/crypto.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kMagic = "strongroom-seal-1 ";
constexpr std::size_t kKeySize = 32;
constexpr std::string_view kNotOne = "is not a seal file, or is damaged";
constexpr std::size_t kFileSize = kMagic.size() + 2 * kKeySize + 1;

std::unexpected<Error> cannot(const std::string& path, std::string_view what) {
  return fail(Code::Sealed, "The seal file " + path + " " + std::string(what) + ".", "seal_file");
}

std::optional<std::uint8_t> nibble(std::uint8_t c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

/// Hex straight into locked memory: no helper that would leave a copy.
bool decode(ByteView hex, MutableBytes out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto high = nibble(hex[2 * i]);
    const auto low = nibble(hex[2 * i + 1]);
    if (!high || !low) return false;
    out[i] = static_cast<std::uint8_t>(*high << 4U | *low);
  }
  return true;
}

/// What was done to names in the folder of `path`.
Status make_folder_durable(const std::string& path) {
  if (!synchronise_folder_of(path)) return cannot(path, "cannot be made durable");
  return {};
}

Status make(const std::string& path) {
  Secret text = Secret::of_size(kFileSize);
  const Secret key = crypto::random_secret(kKeySize);
  text.reveal_mutable([&](MutableBytes out) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::copy(kMagic.begin(), kMagic.end(), out.begin());
    key.reveal([&](ByteView plain) {
      for (std::size_t i = 0; i < plain.size(); ++i) {
        out[kMagic.size() + 2 * i] = static_cast<std::uint8_t>(kHex[plain[i] >> 4U]);
        out[kMagic.size() + 2 * i + 1] = static_cast<std::uint8_t>(kHex[plain[i] & 15U]);
      }
    });
    out[kFileSize - 1] = '\n';
  });
  const bool is_written = text.reveal(
      [&](ByteView plain) { return replace_file(path, plain, 0600, Outlives::PowerLossAtOnce); });
  if (!is_written) return cannot(path, "cannot be written: " + std::string(std::strerror(errno)));
  return {};
}

std::string next_of(const std::string& path) {
  return path + ".next";
}

/// Zeros over its content, where it is.
Status write_over(const std::string& path) {
  const OwnedDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0 && errno == ENOENT) return {};
  struct stat info{};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return cannot(path, "cannot be written over");
  const ByteVector zeros(kFileSize);
  const auto written = ::pwrite(file.get(), zeros.data(), zeros.size(), 0);
  if (written != static_cast<ssize_t>(zeros.size()) || ::fsync(file.get()) != 0)
    return cannot(path, "cannot be written over");
  return {};
}

}  // namespace

Result<Secret> read_seal_file(const std::string& path, WhenMissing when_missing) {
  auto text = read_secret_file(path, {.most = kFileSize});
  if (!text && text.error().code == Code::NotFound && when_missing == WhenMissing::Make) {
    STRONGROOM_CHECKED(make(path));
    text = read_secret_file(path, {.most = kFileSize});
  }
  if (!text && text.error().code == Code::NotFound)
    return fail(Code::Sealed,
                "The seal file " + path +
                    " is missing; without it this database cannot be opened, so put it back from "
                    "where you keep it.",
                "seal_file_missing");
  if (!text && text.error().code == Code::TooLarge) return cannot(path, kNotOne);
  if (!text) return cannot(path, text.error().message);
  Secret key = Secret::of_size(kKeySize);
  const bool is_right = text->size() == kFileSize && text->reveal([&](ByteView plain) {
    if (text_of(plain).substr(0, kMagic.size()) != kMagic || plain[kFileSize - 1] != '\n')
      return false;
    return key.reveal_mutable(
        [&](MutableBytes out) { return decode(plain.subspan(kMagic.size()), out); });
  });
  if (!is_right) return cannot(path, kNotOne);
  return key;
}

Result<Secret> next_seal_file(const std::string& path) {
  return read_seal_file(next_of(path), WhenMissing::Make);
}

Result<Secret> found_next_seal_file(const std::string& path) {
  return read_seal_file(next_of(path), WhenMissing::Refuse);
}

Status adopt_next_seal_file(const std::string& path) {
  STRONGROOM_CHECKED(write_over(path));
  if (::rename(next_of(path).c_str(), path.c_str()) != 0)
    return cannot(path, "cannot be replaced by the one that follows it");
  return make_folder_durable(path);
}

void drop_next_seal_file(const std::string& path) {
  const std::string next = next_of(path);
  (void)write_over(next);
  ::unlink(next.c_str());
}

}  // namespace strongroom::vault
