// SPDX-License-Identifier: Apache-2.0
#include "audit/segment_watch.h"

#include <sys/stat.h>

namespace strongroom::audit {
namespace {

/// From the file's first frame to `offset`; what is behind is not looked at.
Status check_chain(const std::string& path, std::uint64_t offset, const crypto::Digest& start,
                   const crypto::Digest& end) {
  crypto::Digest head = start;
  const auto done = read_frames({path}, {}, {1, offset}, [&](const Frame& frame) -> Result<bool> {
    head = next_hash(head, frame.entry);
    if (head == frame.hash) return true;
    return fail(Code::Tampered, "the record's file " + path + " does not fit from octet " +
                                    std::to_string(frame.offset) +
                                    " on: it was changed while the server ran");
  });
  if (!done) return std::unexpected(done.error());
  if (head == end && done->offset == offset) return {};
  return fail(Code::Tampered, "the record's file " + path + " was changed while the server ran");
}

std::unexpected<Error> cut_off(const std::string& path) {
  return fail(Code::Tampered, "the record's file " + path + " was cut off");
}

/// Has it fewer octets by now? Where it was cut off while it was read, zeros were read.
bool is_shorter(const std::string& path, std::uint64_t octets) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 && static_cast<std::uint64_t>(info.st_size) < octets;
}

}  // namespace

std::string SegmentWatch::path_of(std::size_t segment) const {
  return directory_ + "/" + segment_name(segment + 1);
}

void SegmentWatch::note(std::size_t segment, std::uint64_t offset, const crypto::Digest& head) {
  while (known_.size() <= segment) {
    Known next;
    if (!known_.empty()) next.start = next.end = known_.back().end;
    struct stat info{};
    if (::lstat(path_of(known_.size()).c_str(), &info) == 0) next.inode = info.st_ino;
    known_.push_back(next);
  }
  known_[segment].offset = offset;
  known_[segment].end = head;
}

Status SegmentWatch::check() {
  for (std::size_t i = 0; i < known_.size(); ++i)
    STRONGROOM_CHECKED(check_file(path_of(i), known_[i]));
  return {};
}

Status SegmentWatch::check_file(const std::string& path, Known& known) const {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0)
    return fail(Code::Tampered, "the record's file " + path + " was removed");
  if (known.inode != 0 && known.inode != info.st_ino)
    return fail(Code::Tampered, "the record's file " + path + " was replaced");
  if (static_cast<std::uint64_t>(info.st_size) < known.offset) return cut_off(path);
  known.inode = info.st_ino;  // where it could not be read before
  const bool is_same =
      known.changed.tv_sec == info.st_ctim.tv_sec && known.changed.tv_nsec == info.st_ctim.tv_nsec;
  if (is_same) return {};
  const Status chain = check_chain(path, known.offset, known.start, known.end);
  if (!chain && is_shorter(path, known.offset)) return cut_off(path);
  STRONGROOM_CHECKED(chain);
  known.changed = info.st_ctim;
  return {};
}

}  // namespace strongroom::audit
