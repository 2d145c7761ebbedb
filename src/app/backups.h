// Backups: sends a backup to whoever asked for it, beside everything else that the loop does.
//
// Used by: serve. Threads: the vault's loop. One at a time; a reader that takes nothing for
// kPatience loses it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "vault/backup.h"

namespace strongroom::app {

class Backups {
 public:
  Backups(io::Loop& loop, vault::Vault& vault, std::string data_directory)
      : loop_(loop), vault_(vault), data_directory_(std::move(data_directory)) {}
  [[nodiscard]] Result<std::function<void(io::Stream)>> begin(const vault::Actor& actor);
  /// Of one that a crash left: nothing may read it any more.
  static void remove_left_over(const std::string& data_directory);

 private:
  static constexpr std::chrono::seconds kPatience{60};
  io::Task<void> send(io::Stream stream);
  io::Task<Status> send_through(io::Stream& stream);

  io::Loop& loop_;
  vault::Vault& vault_;
  std::string data_directory_;
  std::shared_ptr<vault::Backup> running_;  ///< ends with this, whatever becomes of the coroutine
};

}  // namespace strongroom::app
