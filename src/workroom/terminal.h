// Terminal: a terminal of the workroom's own (pty(7)), for `strongroom run -t`. The caller's is put
// into raw mode meanwhile, so that what is typed (Ctrl-C, Ctrl-Z) has its meaning inside, and gets
// its size and its settings back.
//
// Used by: app's runner; what is written to it goes through an OutputNet. Threads: its loop's, and
// one of its own for what is typed. A command that had the caller's terminal itself could write
// into its input (TIOCSTI), for whoever reads there next; from its own it cannot.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>
#include <memory>

#include "base/result.h"
#include "io/loop.h"
#include "io/signals.h"
#include "workroom/wire.h"

namespace strongroom::workroom {

class Terminal {
 public:
  /// In place of the streams, which must be a terminal's (Invalid): a terminal of the same size and
  /// settings.
  static Result<std::unique_ptr<Terminal>> open(io::Loop& loop, Streams& streams);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  /// Our end: what the command writes comes out here.
  [[nodiscard]] int ours() const noexcept;
  /// The command has its end.
  void let_go() noexcept;
  /// What is typed goes inside from here on.
  [[nodiscard]] Status begin();
  /// The caller's terminal is as it was, and what is typed is the caller's.
  void end() noexcept;

 private:
  struct Input;
  Terminal(int in, int theirs, std::shared_ptr<Input> input);
  void follow_size() const noexcept;
  void set_raw() noexcept;

  int in_;
  int theirs_;
  std::shared_ptr<Input> input_;
  termios before_{};
  bool is_raw_ = false;
  std::unique_ptr<io::SignalWatch> signals_;
};

}  // namespace strongroom::workroom
