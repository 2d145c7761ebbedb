// HandedStreams: the standard streams that a command in a container gets in place of the caller's
// own. A descriptor of a file would let it open that file again, for reading or writing, and one of
// a folder would lead out of the container: for these it gets a pipe. Pipes, sockets and terminals
// it gets as they are.
//
// Used by: container runtimes. Threads: its loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "workroom/wire.h"

namespace strongroom::workroom {

class HandedStreams {
 public:
  /// The caller's stay open for as long as this is. Invalid: one is closed.
  static Result<HandedStreams> make(io::Loop& loop, const Streams& callers);
  HandedStreams(HandedStreams&&) noexcept = default;
  HandedStreams& operator=(HandedStreams&&) = delete;
  ~HandedStreams();

  [[nodiscard]] const Streams& streams() const noexcept { return given_; }
  /// The command has them: ours are closed, so that their end is its end.
  void let_go() noexcept;
  /// After let_go(), once whoever had them is gone: all that was written is where it belongs.
  [[nodiscard]] io::Task<void> drained();

 private:
  struct Pump;
  HandedStreams(io::Loop& loop, const Streams& callers) : loop_(&loop), given_(callers) {}
  Status replace_input(int file);
  Status replace_output(int file, int& place);

  io::Loop* loop_;
  Streams given_;
  std::vector<int> ours_;
  std::vector<std::shared_ptr<Pump>> outputs_;
};

}  // namespace strongroom::workroom
