// SPDX-License-Identifier: Apache-2.0
#include "audit/tree_keeper.h"

#include <algorithm>
#include <csignal>

#include "base/log.h"

namespace strongroom::audit {
namespace {
/// Between two looks less than a second passes, the look included.
constexpr std::chrono::milliseconds kPause{700};
}  // namespace

TreeKeeper::TreeKeeper(Options options, TreeHead published)
    : options_(std::move(options)),
      store_(options_.directory + "/tlog"),
      watch_(options_.directory),
      verifier_(crypto::public_key_of(*options_.signing_key)),
      published_(published) {
  thread_ = std::thread([this] { run(); });
}

TreeKeeper::~TreeKeeper() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

Status TreeKeeper::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

TreeHead TreeKeeper::published() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

bool TreeKeeper::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

void TreeKeeper::run() {
  // Signals are the main thread's business.
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (bool is_last = false; !is_last;) {
    is_last = is_stopping();
    tick();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kPause, [&] { return is_stopping_; });
  }
}

void TreeKeeper::tick() {
  if (is_tampered_) return;
  Status done = watch_.check();
  if (done) done = follow();
  if (done) done = publish();
  const bool was_well = health().has_value();
  if (!done && done.error().code == Code::Tampered) {
    is_tampered_ = true;
    log(LogLevel::Error, "record_tampered", {{"why", done.error().message}});
    options_.on_tampered(done.error());
  } else if (!done && was_well) {
    log(LogLevel::Warning, "record_tree_not_kept", {{"why", done.error().message}});
  }
  const std::lock_guard lock(mutex_);
  health_ = done;
}

/// Segment by segment, each whole or not at all, so that what failed is simply tried again.
Status TreeKeeper::follow() {
  const WrittenUpTo until = options_.written();
  STRONGROOM_TRY(const auto files, segment_files(options_.directory));
  if (files.size() < until.segments)
    return fail(Code::Tampered, "a file of the record was removed");
  while (next_.segment + 1 < until.segments) {
    if (is_stopping()) return {};
    STRONGROOM_CHECKED(follow_segment(files, {next_.segment + 1, UINT64_MAX}));
    next_ = {next_.segment + 1, 0};
  }
  if (until.segments == 0) return {};
  return follow_segment(files, until);
}

Status TreeKeeper::follow_segment(const std::vector<std::string>& files, WrittenUpTo until) {
  TileBuilder tree = tree_;
  Verifier verifier = verifier_;
  const auto keep = [this](const Tile& tile) { return store_.keep(tile); };
  STRONGROOM_TRY(const ReadEnd end,
                 read_frames(files, next_, until, [&](const Frame& frame) -> Result<bool> {
                   STRONGROOM_TRY(const auto entry, verifier.take(frame));
                   if (!entry) return true;
                   STRONGROOM_CHECKED(tree.append(frame.entry, keep));
                   options_.index->take(*entry, {frame.segment, frame.offset});
                   return true;
                 }));
  const bool is_short = end.is_torn || (until.offset != UINT64_MAX && end.offset < until.offset);
  if (is_short) return fail(Code::Tampered, "the end of the record was cut off");
  tree_ = std::move(tree);
  verifier_ = verifier;
  next_.offset = end.offset;
  watch_.note(next_.segment, end.offset, verifier_.head());
  return {};
}

Status TreeKeeper::publish() {
  const bool is_behind = tree_.size() < published().size;
  if (is_behind || tree_.size() == 0 || tree_.size() == published_here_) return {};
  std::vector<std::string> partial;
  STRONGROOM_CHECKED(tree_.emit_partial([&](const Tile& tile) {
    partial.push_back(tile.path());
    return store_.keep(tile);
  }));
  const TreeHead head{tree_.size(), tree_.root()};
  STRONGROOM_CHECKED(store_.keep_checkpoint(sign_checkpoint(*options_.signing_key, head)));
  // Nobody needs what was partial beneath the checkpoint before.
  for (const std::string& old : partial_)
    if (std::ranges::find(partial, old) == partial.end()) store_.forget(old);
  partial_ = std::move(partial);
  published_here_ = head.size;
  const std::lock_guard lock(mutex_);
  published_ = head;
  return {};
}

}  // namespace strongroom::audit
