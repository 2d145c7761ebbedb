// EventReader: a stream of events (text/event-stream) taken apart, event by event.
//
// Used by: ControlClient. Values; without I/O. Fails: Protocol for an event over kMost octets.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strongroom::app {

/// One event of such a stream.
struct StreamEvent {
  std::string kind;
  std::string data;  ///< its lines, joined by '\n'
};

class EventReader {
 public:
  static constexpr std::size_t kMost = 1UL << 20U;
  /// Calls `each` for every event that ends in what has come so far; comments are left out.
  [[nodiscard]] Status feed(std::string_view octets,
                            const std::function<void(const StreamEvent&)>& each);

 private:
  void take_line(std::string_view line);
  std::string rest_;
  StreamEvent event_;
};

}  // namespace strongroom::app
