// SPDX-License-Identifier: Apache-2.0
#include "sinks/cursor.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/encoding.h"
#include "base/replaced_file.h"

namespace strongroom::sinks {
namespace {

constexpr std::string_view kFormat = "strongroom sink cursor 1";
constexpr std::size_t kMaxFile = 512;

ByteVector encode(const Cursor& cursor) {
  ByteVector out;
  Writer writer(out);
  writer.text(kFormat);
  writer.u64(cursor.sent.entries);
  writer.u64(cursor.sent.segment);
  writer.u64(cursor.sent.offset);
  writer.raw(cursor.sent.head);
  writer.u64(cursor.sending);
  const auto check = crypto::sha256(out);
  writer.raw(check);
  return out;
}

std::optional<Cursor> decode(ByteView octets) {
  Reader in(octets);
  Cursor cursor;
  const bool is_known = in.text(kFormat.size()) == kFormat;
  cursor.sent.entries = in.u64();
  cursor.sent.segment = static_cast<std::size_t>(in.u64());
  cursor.sent.offset = in.u64();
  const ByteView head = in.raw(cursor.sent.head.size());
  if (!in.is_ok()) return std::nullopt;
  std::ranges::copy(head, cursor.sent.head.begin());
  cursor.sending = in.u64();
  const ByteVector again = encode(cursor);
  if (!is_known || !std::ranges::equal(again, octets)) return std::nullopt;
  return cursor;
}

std::unexpected<Error> cannot(const std::string& what, const std::string& path) {
  return fail(Code::Storage, "cannot " + what + " " + path + ": " + std::strerror(errno));
}

}  // namespace

Result<std::optional<Cursor>> CursorFile::load() const {
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT) return std::optional<Cursor>();
  if (fd < 0) return cannot("read", path_);
  std::array<std::uint8_t, kMaxFile> octets{};
  const ssize_t got = ::read(fd, octets.data(), octets.size());
  ::close(fd);
  if (got < 0) return cannot("read", path_);
  auto cursor = decode(ByteView(octets).first(static_cast<std::size_t>(got)));
  if (cursor) return cursor;
  return fail(Code::Tampered, path_ +
                                  " does not say how far the sink was; remove it, and all "
                                  "entries are sent again");
}

Status CursorFile::save(const Cursor& cursor, Reach reach) const {
  const ByteVector octets = encode(cursor);
  const auto outlives = reach == Reach::SurvivesPowerLoss ? Outlives::PowerLoss : Outlives::Process;
  if (!replace_file(path_, octets, 0600, outlives)) return cannot("write", path_);
  return {};
}

}  // namespace strongroom::sinks
