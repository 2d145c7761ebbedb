// Name resolution on helper threads, with a short memory. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/loop.h"

namespace strongroom::io {

struct ResolvedAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

/// The system's resolver (getaddrinfo), so /etc/hosts and nsswitch count. Answers are kept for 30
/// s, at most 1,024 names; all who ask for a name at once share one question (names.h). Numeric
/// hosts are answered at once.
[[nodiscard]] Task<Result<std::vector<ResolvedAddress>>> resolve(Loop& loop, std::string host,
                                                                 std::uint16_t port,
                                                                 Deadline deadline);

}  // namespace strongroom::io
