// A message of a known size, from whoever is at the other end of a socket of ours.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "io/stream.h"
#include "io/task.h"

namespace strongroom::workroom {

/// Fills `into`, within the stream's deadline. Network: the other end has gone; or the read's own.
[[nodiscard]] inline io::Task<Status> read_exactly(io::Stream& stream, MutableBytes into) {
  std::size_t had = 0;
  while (had < into.size()) {
    const auto got = co_await stream.read_some(into.subspan(had));
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return fail(Code::Network, "the other end has gone");
    had += *got;
  }
  co_return Status();
}

}  // namespace strongroom::workroom
