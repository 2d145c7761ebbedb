// Which devices of a tailnet are to be removed with a session's key.
//
// The API does not tell by which key a device has joined. So a session's workroom is told a name
// for its device (TS_HOSTNAME), and what joined by a key of ours, as its tags say, stays only while
// it goes by the name of a session that lives. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/time_text.h"
#include "dynamic/job.h"

namespace strongroom::issuer {

struct Device {
  std::string id;
  std::string name;                 ///< as its own user chose it
  std::optional<WallTime> created;  ///< by the source's clock; absent where it does not say
};

/// The settings' list, "tag:one,tag:two".
[[nodiscard]] std::vector<std::string> tags_of(const dynamic::Job& job);

/// Those of the list that may have joined by keys of ours: they have all our tags and are, as far
/// as is said, ephemeral. Protocol where it is no list of devices.
[[nodiscard]] Result<std::vector<Device>> our_devices(const json::value& list,
                                                      const std::vector<std::string>& tags);

/// Of these, what is to be removed with the job's session. `offset` is how far the source's clock
/// is ahead of ours.
[[nodiscard]] std::vector<std::string> to_remove(const std::vector<Device>& ours,
                                                 const dynamic::Job& job, Duration offset);

}  // namespace strongroom::issuer
