// OutputNet: standard output and error of a workroom pass through it, and the values that the
// session was given are masked in them. A net: it catches what happens by mistake (a tool that
// prints its environment), and does not stop a command that wants to get a value out.
//
// Used by: app's runner, before any runtime sees the streams. Threads: its loop's, and one of its
// own for each stream, so that a reader that takes nothing keeps the command waiting and nobody
// else. Terminals and other devices are not passed through it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "guard/patterns.h"
#include "io/loop.h"
#include "io/task.h"
#include "workroom/wire.h"

namespace strongroom::workroom {

class OutputNet {
 public:
  /// What became of one stream.
  struct Catch {
    std::string stream;  ///< "standard output"
    std::size_t hits = 0;
    int problem = 0;  ///< errno of a write that failed: what came after is lost
  };
  /// Puts pipes in place of what is written to. One pipe for both where both lead to one file, so
  /// that the order stays.
  static Result<std::unique_ptr<OutputNet>> make(io::Loop& loop, Streams& streams);
  /// What comes out of a terminal of the workroom's own goes to `file`.
  static Result<std::unique_ptr<OutputNet>> of_terminal(io::Loop& loop, int terminal, int file);
  OutputNet(const OutputNet&) = delete;
  OutputNet& operator=(const OutputNet&) = delete;
  ~OutputNet();

  /// Before the command begins. `on_first` is called on the loop, once for each stream.
  [[nodiscard]] Status begin(const std::shared_ptr<const guard::Patterns>& patterns,
                             std::function<void(const std::string& stream)> on_first);
  /// The command has the pipes: ours are closed, so that their end is its end.
  void let_go() noexcept;
  /// Once nothing of the workroom is left: what it wrote has gone on, unless whoever reads takes
  /// nothing until `deadline`. What others who still hold a pipe write later is not waited for.
  [[nodiscard]] io::Task<void> drained(Deadline deadline);
  /// Another deadline for who waits there.
  void drain_by(Deadline deadline);
  [[nodiscard]] std::vector<Catch> caught() const;
  /// Octets that the command has written so far.
  [[nodiscard]] std::uint64_t written() const;

 private:
  struct Pump;
  explicit OutputNet(io::Loop& loop) : loop_(loop) {}
  Status replace(int& place, const char* name);
  io::Loop& loop_;
  std::vector<int> ours_;
  std::vector<std::shared_ptr<Pump>> pumps_;
  Deadline drained_by_;
};

}  // namespace strongroom::workroom
