// Searches: starts a searcher (scan/searcher.h) for each scan, gives it a tenant's values and the
// scanner's connection, and hears how it ended.
//
// Used by: serve. Threads: the vault's loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "base/id.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "vault/vault.h"

namespace strongroom::app {

class Searches {
 public:
  Searches(io::Loop& loop, vault::Vault& vault) : loop_(loop), vault_(vault) {}
  /// The values leave for the searcher as soon as the scanner's connection is here.
  [[nodiscard]] Result<std::function<void(io::Stream)>> begin(const vault::Actor& actor,
                                                              vault::SearchedKeys keys);

 private:
  static constexpr int kMost = 4;  ///< at once
  void start(const vault::Actor& actor, TenantId tenant, int values, const io::Stream& stream);
  io::Task<void> hear(vault::Actor actor, TenantId tenant, int pid);

  io::Loop& loop_;
  vault::Vault& vault_;
  int running_ = 0;
};

/// A searcher over these two; both stay the caller's. Its process id.
[[nodiscard]] Result<int> start_searcher(int socket, int values);

}  // namespace strongroom::app
