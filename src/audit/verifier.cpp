// SPDX-License-Identifier: Apache-2.0
#include "audit/verifier.h"

#include <algorithm>

#include "base/encoding.h"

namespace strongroom::audit {

Result<std::optional<Entry>> Verifier::take(const Frame& frame) {
  const crypto::Digest expected = next_hash(head_, frame.entry);
  if (expected != frame.hash)
    return fail(Code::Tampered, "the record does not fit from entry " +
                                    std::to_string(verified_.entries + 1) + " on (file " +
                                    segment_name(frame.segment + 1) + ", octet " +
                                    std::to_string(frame.offset) +
                                    "): it was changed, reordered or an entry before was removed");
  if (frame.entry[0] == kCheckpointKind) {
    STRONGROOM_CHECKED(take_checkpoint(frame.entry));
    head_ = frame.hash;
    return std::nullopt;
  }
  STRONGROOM_TRY(Entry entry, decode_entry(frame.entry));
  if (entry.sequence <= last_sequence_)
    return fail(Code::Tampered,
                "the record's entry " + std::to_string(entry.sequence) + " is out of order");
  last_sequence_ = entry.sequence;
  ++verified_.entries;
  ++verified_.after_last_checkpoint;
  head_ = frame.hash;
  return entry;
}

Status Verifier::take_checkpoint(ByteView entry) {
  Reader in(entry.subspan(1));
  const std::uint64_t count = in.u64();
  const ByteView kept = in.raw(64);
  if (!in.is_at_end() || count != verified_.entries)
    return fail(Code::Tampered, "a checkpoint of the record counts other entries than there are");
  crypto::Signature signature{};
  std::copy(kept.begin(), kept.end(), signature.begin());
  if (!crypto::verify(key_, checkpoint_message(count, head_), signature))
    return fail(Code::Tampered, "the checkpoint after entry " + std::to_string(count) +
                                    " is not signed by this installation");
  ++verified_.checkpoints;
  verified_.after_last_checkpoint = 0;
  return {};
}

Verified Verifier::finish() const {
  Verified out = verified_;
  out.head = to_hex(head_);
  return out;
}

}  // namespace strongroom::audit
