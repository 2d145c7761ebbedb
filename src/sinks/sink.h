// Sink: one place that gets the record's entries, in order, each until it was taken.
//
// Used by: Sinks. Threads: the sinks' own loop. What is not sent yet is in the record's files; a
// cursor beside them says how far it has got, so nothing is lost by a crash, and what was under way
// is sent again as it was. Inside the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "audit/log.h"
#include "io/loop.h"
#include "sinks/cursor.h"
#include "sinks/settings.h"
#include "sinks/transport.h"
#include "sinks/view.h"

namespace strongroom::sinks {

class Sink {
 public:
  struct Parts {
    io::Loop& loop;
    const audit::Log& record;
    std::string cursor_file;
    std::string origin;
  };
  Sink(Parts parts, Settings settings);
  /// Until its loop ends.
  [[nodiscard]] io::Task<void> run();
  /// Some times a second: wakes it when there is something to send, and looks at the time.
  void tick();
  [[nodiscard]] View view() const;
  [[nodiscard]] const Settings& settings() const { return settings_; }
  /// Why uses of keys have to wait for it, if they have.
  [[nodiscard]] std::optional<Error> why_held() const;

 private:
  [[nodiscard]] Status begin();
  [[nodiscard]] Status read_batch();
  void settle(const Status& delivered);
  void note(const Status& done);
  [[nodiscard]] std::chrono::milliseconds pause() const;
  [[nodiscard]] std::chrono::seconds behind() const;

  Parts parts_;
  Settings settings_;
  CursorFile file_;
  Cursor cursor_;
  std::unique_ptr<Transport> transport_;
  std::optional<Batch> batch_;
  audit::Place after_batch_;
  io::Event wake_;
  int failures_ = 0;
  std::optional<Error> error_;
  bool is_stopped_ = false;  ///< for good: error_ says why
  WallTime last_taken_{};
  /// All that was in the record at a moment, and is not sent yet.
  struct Mark {
    std::uint64_t entries = 0;
    SteadyTime at{};
  };
  std::optional<Mark> mark_;
};

}  // namespace strongroom::sinks
