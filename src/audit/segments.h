// Segments: the files of the record, and reading them in order. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/crypto.h"

namespace strongroom::audit {

/// A frame on disk: u32 length of the entry, the entry, the chain's hash after it. A checkpoint's
/// entry is kCheckpointKind, u64 count of entries, then the signature over "strongroom record
/// checkpoint", count and the previous hash.
inline constexpr std::uint8_t kCheckpointKind = 0xC0;
inline constexpr std::size_t kMaxEntry = 32UL << 10U;
inline constexpr std::size_t kFrameOverhead = 4 + 32;

struct Frame {
  ByteView entry;           ///< never empty
  crypto::Digest hash{};    ///< as kept
  std::size_t segment = 0;  ///< index into the list of files
  std::uint64_t offset = 0;
};

/// Paths of the segments, in order.
[[nodiscard]] Result<std::vector<std::string>> segment_files(const std::string& directory);
[[nodiscard]] std::string segment_name(std::size_t number);

/// Where a reading stopped.
struct ReadEnd {
  bool is_torn = false;  ///< what follows in the last segment is neither a whole frame nor zeros
  std::size_t segment = 0;
  std::uint64_t offset = 0;  ///< first octet after the last whole frame
};
/// How much is read of a record that is being written.
struct WrittenUpTo {
  std::size_t segments = SIZE_MAX;
  std::uint64_t offset = UINT64_MAX;  ///< of the last of them
  std::uint64_t entries = 0;          ///< so many are there, where that is known
};
/// Where reading begins: at a frame.
struct ReadFrom {
  std::size_t segment = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const ReadFrom&) const = default;
};
/// Every whole frame in order; `visit` answers false to stop. Zeros at the end of a segment are
/// room that was made in advance. A frame that is cut short anywhere but at the very end is
/// Tampered.
[[nodiscard]] Result<ReadEnd> read_frames(const std::vector<std::string>& files, ReadFrom from,
                                          WrittenUpTo until,
                                          const std::function<Result<bool>(const Frame&)>& visit);

/// Whether what does not fit, from `offset` of the file on, is what a crash leaves of the batch
/// that was being written: it is short enough, and holds no signed checkpoint. A checkpoint is
/// written only when all before it is durable, so what has one behind it was changed later.
[[nodiscard]] Result<bool> is_torn_batch(const std::string& file, std::uint64_t offset,
                                         const crypto::PublicKey& key);

/// The chain's next hash.
[[nodiscard]] crypto::Digest next_hash(const crypto::Digest& previous, ByteView entry);
[[nodiscard]] ByteVector checkpoint_message(std::uint64_t count, const crypto::Digest& head);

}  // namespace strongroom::audit
