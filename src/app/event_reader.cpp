// SPDX-License-Identifier: Apache-2.0
#include "app/event_reader.h"

#include <utility>

namespace strongroom::app {

Status EventReader::feed(std::string_view octets,
                         const std::function<void(const StreamEvent&)>& each) {
  rest_ += octets;
  std::size_t begin = 0;
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
    std::string_view line = std::string_view(rest_).substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) {
      take_line(line);
    } else if (StreamEvent event = std::exchange(event_, {}); !event.data.empty()) {
      each(event);
    }
    begin = end + 1;
  }
  rest_.erase(0, begin);
  if (rest_.size() + event_.data.size() > kMost)
    return fail(Code::Protocol, "the server's stream has an event over 1 MiB");
  return {};
}

void EventReader::take_line(std::string_view line) {
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") event_.kind = value;
  if (name != "data") return;
  if (!event_.data.empty()) event_.data += '\n';
  event_.data += value;
}

}  // namespace strongroom::app
