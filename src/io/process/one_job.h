// OneJob: a program that is started for one job with a secret in it. The job comes over the socket
// that is the program's standard input, and what came of it goes back there, each by one call.
//
// Used by: dynamic and external_seal (who give jobs), issuer and sealer (who do them). Threads:
// any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace strongroom::io {

/// A message that ends with a secret: behind what is plain, as Writer's blob is, and last, so that
/// nothing of it is in memory that is not locked.
[[nodiscard]] Secret with_secret(ByteVector plain, const Secret& secret);
/// Visible ASCII and spaces: what comes from where a hostile source was listened to may go into
/// records, logs and pages then.
[[nodiscard]] bool is_plain_text(std::string_view text);

/// Blocks never: a socket takes more than the longest job. False where it did not take all.
[[nodiscard]] bool give_job(int socket, const Secret& job);

/// Until whoever gives it has said all, or `most` octets; into locked memory at once. Protocol.
[[nodiscard]] Result<Secret> take_job(std::size_t most);
[[nodiscard]] bool give_outcome(const Secret& outcome);
/// Other people's code keeps copies of secrets in memory of its own: all of it is locked, where no
/// limit could then leave the process without memory.
void lock_all_memory();

}  // namespace strongroom::io
