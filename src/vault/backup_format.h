// A backup as a stream of octets: what stands before the sealed content, and the frames that hold
// it. Reading is strict, and needs no key for the head and the frames' bounds.
//
// Used by: backup.cpp, restore.cpp; app reads the frames of one that comes from a server, to know
// that it is whole. Threads: any. Fails: Tampered. Format: docs/formats/backup.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/segments.h"
#include "store/rows.h"

namespace strongroom::vault {

/// What a backup is of. Readable by whoever has it; changed, the content does not open.
struct BackupHead {
  std::string installation;
  std::string version;  ///< of the program
  WallTime made{};
  std::int64_t generation = 0;  ///< of the database (vault/anchor.h)
  std::int64_t revision = 0;
  std::uint64_t octets = 0;        ///< of the database
  std::string checkpoint;          ///< the newest one of the record of use; may be empty
  std::vector<store::Seal> seals;  ///< any of them opens it
};

[[nodiscard]] std::string head_text(const BackupHead& head);
[[nodiscard]] Result<BackupHead> read_head(const std::string& text);

/// The first octets of a backup: magic, head, and the content's key, sealed.
[[nodiscard]] ByteVector backup_start(const std::string& head, ByteView sealed_key);
/// One frame: a sealed segment, and whether it is the last.
[[nodiscard]] ByteVector backup_frame(ByteView segment, crypto::Place place);
/// What the content's key is sealed for.
[[nodiscard]] ByteVector backup_key_context(const std::string& head);

/// Reads a backup from whatever brings its octets, which answers less than was asked for at the
/// end only.
class BackupFrames {
 public:
  using Source = std::function<Result<ByteVector>(std::size_t size)>;
  explicit BackupFrames(Source source) : source_(std::move(source)) {}

  struct Start {
    std::string head;
    ByteVector sealed_key;
  };
  [[nodiscard]] Result<Start> start();
  struct Frame {
    ByteVector segment;
    crypto::Place place = crypto::Place::Inner;
  };
  /// After the last one nothing may follow, which is looked at here.
  [[nodiscard]] Result<Frame> next();

 private:
  [[nodiscard]] Result<ByteVector> exactly(std::size_t size);
  [[nodiscard]] Result<std::uint32_t> number();
  Source source_;
};

}  // namespace strongroom::vault
