// OutputWatch: the output net (workroom/output_net.h) over one session's workroom, and what is told
// of what it caught: a finding, and a line on our own standard error. Never the value.
//
// Used by: Runner. Threads: its loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "guard/patterns.h"
#include "io/loop.h"
#include "io/task.h"
#include "lease/holder_side.h"
#include "workroom/output_net.h"

namespace strongroom::app {

class OutputWatch {
 public:
  /// In place of the streams that a command writes to.
  static Result<std::unique_ptr<OutputWatch>> over(io::Loop& loop, workroom::Streams& streams,
                                                   lease::HolderLink& link, SessionId session);
  static Result<std::unique_ptr<OutputWatch>> over_terminal(io::Loop& loop, int terminal, int file,
                                                            lease::HolderLink& link,
                                                            SessionId session);
  /// Before the command begins.
  [[nodiscard]] Status begin(const std::shared_ptr<const guard::Patterns>& values);
  /// The command has its streams.
  void let_go() noexcept { net_->let_go(); }
  /// Once nothing of the workroom is left: what it wrote has gone on (OutputNet::drained).
  [[nodiscard]] io::Task<void> finish(Deadline deadline);
  /// Where that waits already: no longer than this.
  void finish_by(Deadline deadline) { net_->drain_by(deadline); }
  /// What was caught. The answer is an exit status: not 0 where some of the output is lost.
  [[nodiscard]] int tell();

 private:
  OutputWatch(io::Loop& loop, lease::HolderLink& link, SessionId session)
      : loop_(loop), link_(link), session_(session) {}
  /// What the command writes keeps its session from being idle.
  void tell_activity();
  void note(const std::string& stream, std::size_t count);
  [[nodiscard]] int tell_of(const workroom::OutputNet::Catch& caught);

  io::Loop& loop_;
  lease::HolderLink& link_;
  SessionId session_;
  std::unique_ptr<workroom::OutputNet> net_;
  std::uint64_t told_ = 0;  ///< of what was written
  std::unique_ptr<io::Loop::Ticker> ticker_;
};

}  // namespace strongroom::app
