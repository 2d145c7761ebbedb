// SPDX-License-Identifier: Apache-2.0
#include "audit/tail.h"

namespace strongroom::audit {
namespace {

bool is_behind(const Place& from, const WrittenUpTo& until) {
  if (from.entries > until.entries) return true;
  const std::size_t last = until.segments == 0 ? 0 : until.segments - 1;
  return from.segment > last || (from.segment == last && from.offset > until.offset);
}

/// One reading, frame by frame.
class TailWalk {
 public:
  TailWalk(const Place& from, TailLimits limits, const TailVisitor& visit)
      : place_(from), limits_(limits), visit_(visit) {}

  Result<bool> take(const Frame& frame) {
    const crypto::Digest head = next_hash(place_.head, frame.entry);
    if (head != frame.hash)
      return fail(Code::Tampered, "the record does not go on from entry " +
                                      std::to_string(place_.entries) + " as its chain says");
    if (frame.entry[0] != kCheckpointKind) {
      if (is_full(frame.entry.size())) return false;
      STRONGROOM_TRY(const Entry entry, decode_entry(frame.entry));
      visit_(place_.entries++, entry);
      ++entries_;
      octets_ += frame.entry.size();
    }
    place_.segment = frame.segment;
    place_.offset = frame.offset + frame.entry.size() + kFrameOverhead;
    place_.head = head;
    return true;
  }
  [[nodiscard]] const Place& place() const { return place_; }

 private:
  [[nodiscard]] bool is_full(std::size_t more) const {
    return entries_ > 0 && (entries_ >= limits_.entries || octets_ + more > limits_.octets);
  }
  Place place_;
  TailLimits limits_;
  const TailVisitor& visit_;
  std::size_t entries_ = 0;
  std::size_t octets_ = 0;
};

}  // namespace

Result<Place> read_tail(const std::string& directory, const Place& from, WrittenUpTo until,
                        TailLimits limits, const TailVisitor& visit) {
  if (is_behind(from, until))
    return fail(Code::Tampered, "the record has " + std::to_string(until.entries) +
                                    " entries, fewer than were read of it before (" +
                                    std::to_string(from.entries) + "): it was put back");
  STRONGROOM_TRY(const auto files, segment_files(directory));
  TailWalk walk(from, limits, visit);
  STRONGROOM_TRY(const ReadEnd end,
                 read_frames(files, {from.segment, from.offset}, until,
                             [&](const Frame& frame) { return walk.take(frame); }));
  if (end.is_torn) return fail(Code::Tampered, "the record's last entry is cut short");
  return walk.place();
}

}  // namespace strongroom::audit
