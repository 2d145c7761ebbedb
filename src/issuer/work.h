// The work itself, one source a file. Each blocks, within the limits below, in a process that does
// nothing else. Outcomes name servers' error codes and what was tried, never a value.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "dynamic/job.h"

namespace strongroom::issuer {

inline constexpr int kConnectSeconds = 5;
inline constexpr int kStatementSeconds = 10;
/// How long sessions of a role that is destroyed are awaited to be gone.
inline constexpr std::chrono::seconds kLeave{5};
inline constexpr std::chrono::milliseconds kLook{20};

[[nodiscard]] dynamic::Outcome work_at_postgres(const dynamic::Job& job);
[[nodiscard]] dynamic::Outcome work_at_mysql(const dynamic::Job& job);
[[nodiscard]] dynamic::Outcome work_at_tailscale(const dynamic::Job& job);
[[nodiscard]] dynamic::Outcome work_at_webhook(const dynamic::Job& job);
[[nodiscard]] dynamic::Outcome work_at_login(const dynamic::Job& job);
[[nodiscard]] dynamic::Outcome work_at_provider(const dynamic::Job& job);

[[nodiscard]] inline dynamic::Outcome failed(Code code, std::string why, bool may_exist = true) {
  return {may_exist, code, std::move(why), {}, {}};
}
[[nodiscard]] inline dynamic::Outcome done(bool was_there) {
  return {was_there, {}, {}, {}, {}};
}

/// The system's authorities and the installation's own in one file without a name: its path, good
/// for this process. Empty when it cannot be made.
[[nodiscard]] std::string trusted_file(const std::string& more_pem);

}  // namespace strongroom::issuer
