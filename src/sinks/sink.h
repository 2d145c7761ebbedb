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
#include "sinks/follower.h"
#include "sinks/settings.h"
#include "sinks/transport.h"

namespace strongroom::sinks {

class Sink final : public Follower {
 public:
  struct Parts {
    io::Loop& loop;
    const audit::Log& record;
    std::string cursor_file;
    std::string origin;
  };
  Sink(Parts parts, Settings settings);
  [[nodiscard]] io::Task<void> run() override;
  void tick() override;
  [[nodiscard]] View view() const override;
  [[nodiscard]] std::optional<Error> why_held() const override;

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
