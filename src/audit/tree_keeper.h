// TreeKeeper: the thread that follows the record. About once a second it adds what has become
// durable to the tree and to the index, publishes a checkpoint, and looks whether the files are
// still those that were written. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "audit/index.h"
#include "audit/merkle.h"
#include "audit/segment_watch.h"
#include "audit/tile_store.h"
#include "audit/verifier.h"

namespace strongroom::audit {

class TreeKeeper {
 public:
  struct Options {
    std::string directory;                 ///< the record's
    const Secret* signing_key = nullptr;   ///< outlives the keeper
    std::function<WrittenUpTo()> written;  ///< what is durable
    std::function<void(const Error&)> on_tampered;
    RecordIndex* index = nullptr;  ///< is filled on the way; outlives the keeper
  };
  /// `published`: the newest checkpoint there is, which was checked. Starts from the first entry:
  /// tiles that a crash took are made again.
  TreeKeeper(Options options, TreeHead published);
  ~TreeKeeper();  ///< publishes what is durable

  /// What the tree could not keep, if anything; tried again every second.
  [[nodiscard]] Status health() const;
  [[nodiscard]] TreeHead published() const;

 private:
  void run();
  void tick();
  [[nodiscard]] Status follow();
  [[nodiscard]] Status follow_segment(const std::vector<std::string>& files, WrittenUpTo until);
  [[nodiscard]] Status publish();
  [[nodiscard]] bool is_stopping() const;

  Options options_;
  TileStore store_;
  TileBuilder tree_;
  SegmentWatch watch_;
  Verifier verifier_;
  ReadFrom next_;
  std::vector<std::string> partial_;  ///< paths of the partial tiles under the checkpoint
  std::uint64_t published_here_ = 0;  ///< size of the last checkpoint of this run
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  TreeHead published_;
  Status health_;
  bool is_tampered_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace strongroom::audit
