// Writer: the thread that puts batches of entries on the disk. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "audit/segments.h"
#include "base/clock.h"
#include "base/secret.h"

namespace strongroom::audit {

/// Where the chain stands when writing begins.
struct ChainEnd {
  crypto::Digest head{};
  std::uint64_t entries = 0;
  std::size_t segments = 0;     ///< files there are
  std::uint64_t offset = 0;     ///< end of the last frame of the last one
  bool is_checkpointed = true;  ///< nothing after the last checkpoint
};

class BatchWriter {
 public:
  struct Options {
    std::string directory;
    const Clock* clock = nullptr;
    const Secret* signing_key = nullptr;  ///< outlives the writer
    std::size_t segment_octets = 0;
  };
  BatchWriter(Options options, ChainEnd end);
  ~BatchWriter();

  /// Prompt: somebody waits for it, or it must not be missed. Lazy: goes with the next prompt one,
  /// or within 50 ms.
  enum class Pace : std::uint8_t { Prompt, Lazy };
  /// An encoded entry; `on_durable` (may be empty) is called once it is on the disk, or could not
  /// be put there: on the writer's thread, or at once when the disk hangs.
  void append(ByteView entry, Pace pace, std::function<void(Status)> on_durable);
  /// Waits until everything appended so far is on the disk, or the disk hangs; the answer is that
  /// of the last batch.
  [[nodiscard]] Status flush();
  /// A synchronised write that takes longer than this hangs: what comes is refused until it is
  /// over.
  static constexpr std::chrono::milliseconds kHangs{2000};
  [[nodiscard]] bool is_hanging() const;
  /// Why nothing is taken at present, if so.
  [[nodiscard]] Status health() const;
  /// From now on every batch is refused with this.
  void refuse(const Error& why);
  /// What is on the disk by now.
  [[nodiscard]] WrittenUpTo written() const;

 private:
  struct Batch {
    ByteVector octets;  ///< [length][entry]...
    std::uint64_t entries = 0;
    std::uint64_t prompt = 0;  ///< of them, so many that are not lazy
    std::vector<std::function<void(Status)>> waiting;
    void clear();
  };
  void run();
  [[nodiscard]] bool is_hanging_now() const;
  [[nodiscard]] Status write_or_refuse(const Batch& batch);
  [[nodiscard]] bool is_hurried() const { return is_stopping_ || is_flushing_; }
  [[nodiscard]] bool await_batch(Batch& batch);
  void await_company(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] Status write(const Batch& batch);
  /// Adds frames with their hashes to frames_ and moves the chain's head on.
  void chain(const Batch& batch, crypto::Digest& head);
  void add_frame(ByteView entry, crypto::Digest& head);
  void add_checkpoint(std::uint64_t entries, crypto::Digest& head);
  [[nodiscard]] Status write_frames();
  [[nodiscard]] Status open_segment();
  void make_room(std::uint64_t from);
  void close_segment();

  Options options_;
  ChainEnd end_;
  int fd_ = -1;
  std::uint64_t room_ = 0;  ///< size of the open segment, zeros behind the last frame among it
  ByteVector frames_;
  SteadyTime last_checkpoint_{};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  Batch incoming_;
  WrittenUpTo written_;
  std::uint64_t appended_ = 0;
  std::uint64_t finished_ = 0;
  Status last_status_;
  std::uint64_t wakes_at_ = 1;     ///< this many prompt entries wake the writer
  std::uint64_t last_prompt_ = 0;  ///< prompt entries of the last batch
  std::chrono::steady_clock::time_point last_write_{};  ///< when the last batch began
  bool is_writing_ = false;                             ///< since last_write_
  std::optional<Error> refused_;
  bool is_flushing_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace strongroom::audit
