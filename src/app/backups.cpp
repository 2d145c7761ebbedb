// SPDX-License-Identifier: Apache-2.0
#include "app/backups.h"

#include <unistd.h>

#include "app/files.h"
#include "base/log.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kLargestCheckpoint = 64UL << 10U;

std::string scratch_of(const std::string& data_directory) {
  return data_directory + "/backup.copy";
}

}  // namespace

void Backups::remove_left_over(const std::string& data_directory) {
  ::unlink(scratch_of(data_directory).c_str());
}

Result<std::function<void(io::Stream)>> Backups::begin(const vault::Actor& actor) {
  vault::BackupPlan plan;
  plan.scratch = scratch_of(data_directory_);
  plan.checkpoint = [path = data_directory_ + "/audit/tlog/checkpoint"] {
    return read_file(path, kLargestCheckpoint).value_or("");
  };
  STRONGROOM_TRY(auto begun, vault_.begin_backup(actor, std::move(plan)));
  return [this, backup = std::shared_ptr<vault::Backup>(std::move(begun))](io::Stream stream) {
    running_ = backup;
    loop_.spawn(send(std::move(stream)));
  };
}

io::Task<void> Backups::send(io::Stream stream) {
  const Status sent = co_await send_through(stream);
  running_.reset();
  // Who reads finds the end missing.
  if (!sent) {
    log(LogLevel::Error, "backup_failed", {{"why", sent.error().message}});
    stream.abort();
  }
}

io::Task<Status> Backups::send_through(io::Stream& stream) {
  for (;;) {
    const auto is_more = running_->copy();
    if (!is_more) co_return std::unexpected(is_more.error());
    if (!*is_more) break;
    co_await loop_.sleep(std::chrono::milliseconds(1));
  }
  for (;;) {
    const auto piece = running_->next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    stream.set_deadline(Deadline::after(loop_.clock(), kPatience));
    const Status written = co_await stream.write_all(*piece);
    if (!written) co_return written;
  }
  const Status finished = co_await stream.finish_writing();
  if (!finished) co_return finished;
  // It closes when it has read all.
  co_return co_await stream.wait_readable();
}

}  // namespace strongroom::app
