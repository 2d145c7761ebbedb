// Cursor: how far a sink has got, in a file of its own that a crash leaves whole.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/tail.h"
#include "base/result.h"

namespace strongroom::sinks {

struct Cursor {
  audit::Place sent;          ///< all before it was taken by the sink
  std::uint64_t sending = 0;  ///< entries up to here are under way, or were when the server ended
};

class CursorFile {
 public:
  explicit CursorFile(std::string path) : path_(std::move(path)) {}
  /// Nothing where there is no file yet. Tampered where it is not what save() writes.
  [[nodiscard]] Result<std::optional<Cursor>> load() const;
  enum class Reach : std::uint8_t { SurvivesKill, SurvivesPowerLoss };
  [[nodiscard]] Status save(const Cursor& cursor, Reach reach) const;

 private:
  std::string path_;
};

}  // namespace strongroom::sinks
