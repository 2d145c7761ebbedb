// SPDX-License-Identifier: Apache-2.0
#include "audit/writer.h"

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/encoding.h"

namespace strongroom::audit {
namespace {
constexpr std::chrono::seconds kCheckpointEvery{1};
/// Lazy entries wait at most this long.
constexpr std::chrono::milliseconds kLazyWaits{50};
/// A batch of at least so many prompt entries tells of many clients at once: the next one waits
/// for as many, up to kBusyWaits after the last one began. Each synchronised write costs the
/// processor about 100 us, whatever its size; a single client never waits.
/// Zeros written in advance: a synchronised write into them costs half as much as one that makes
/// the file grow.
constexpr std::size_t kRoom = 256UL << 10U;
constexpr std::uint64_t kBusy = 8;
constexpr std::chrono::microseconds kBusyWaits{2000};
/// What may wait for a disk that hangs; entries that nobody waits for are lost beyond it.
constexpr std::size_t kMaxWaiting = 16UL << 20U;

Error hangs() {
  return {Code::Storage, "the record cannot be written: the disk does not answer",
          "record_unavailable"};
}
}  // namespace

void BatchWriter::Batch::clear() {
  octets.clear();
  entries = prompt = 0;
  waiting.clear();
}

BatchWriter::BatchWriter(Options options, ChainEnd end) : options_(std::move(options)), end_(end) {
  last_checkpoint_ = options_.clock->steady();
  written_ = {end_.segments, end_.offset, end_.entries};
  thread_ = std::thread([this] { run(); });
}

BatchWriter::~BatchWriter() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
  close_segment();
}

void BatchWriter::append(ByteView entry, Pace pace, std::function<void(Status)> on_durable) {
  bool wakes = false;
  {
    std::unique_lock lock(mutex_);
    const bool is_full = incoming_.octets.size() + entry.size() > kMaxWaiting;
    if (is_full || (on_durable && is_hanging_now())) {
      lock.unlock();
      if (on_durable) on_durable(std::unexpected(hangs()));
      return;
    }
    Writer writer(incoming_.octets);
    writer.blob(entry);
    ++incoming_.entries;
    ++appended_;
    if (on_durable) incoming_.waiting.push_back(std::move(on_durable));
    // More wake-ups than needed would cost the one who appends.
    wakes = pace == Pace::Prompt && ++incoming_.prompt == wakes_at_;
  }
  if (wakes) wake_.notify_one();
}

Status BatchWriter::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t wanted = appended_;
  is_flushing_ = true;
  wake_.notify_one();
  while (!done_.wait_for(lock, kHangs / 8, [&] { return finished_ >= wanted; }))
    if (is_hanging_now()) return std::unexpected(hangs());
  return last_status_;
}

bool BatchWriter::is_hanging_now() const {
  return is_writing_ && std::chrono::steady_clock::now() - last_write_ > kHangs;
}

bool BatchWriter::is_hanging() const {
  const std::lock_guard lock(mutex_);
  return is_hanging_now();
}

Status BatchWriter::health() const {
  const std::lock_guard lock(mutex_);
  if (refused_) return std::unexpected(*refused_);
  if (is_hanging_now()) return std::unexpected(hangs());
  return last_status_;
}

void BatchWriter::refuse(const Error& why) {
  const std::lock_guard lock(mutex_);
  if (!refused_) refused_ = why;
}

Status BatchWriter::write_or_refuse(const Batch& batch) {
  {
    const std::lock_guard lock(mutex_);
    if (refused_) return std::unexpected(*refused_);
  }
  return write(batch);
}

WrittenUpTo BatchWriter::written() const {
  const std::lock_guard lock(mutex_);
  return written_;
}

void BatchWriter::run() {
  // Signals are the main thread's business.
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  Batch batch;
  for (;;) {
    const bool is_last = await_batch(batch);
    const bool is_due = options_.clock->steady() - last_checkpoint_ >= kCheckpointEvery;
    Status status;
    if (batch.entries > 0 || ((is_due || is_last) && !end_.is_checkpointed))
      status = write_or_refuse(batch);
    {
      const std::lock_guard lock(mutex_);
      is_writing_ = false;
      written_ = {end_.segments, end_.offset, end_.entries};
      last_status_ = status;
    }
    for (const auto& waiting : batch.waiting) waiting(status);
    {
      // Last: whoever flushes finds that all who waited have been told.
      const std::lock_guard lock(mutex_);
      finished_ += batch.entries;
    }
    done_.notify_all();
    batch.clear();
    if (is_last) return;
  }
}

/// The next batch; true when nothing comes after it.
bool BatchWriter::await_batch(Batch& batch) {
  std::unique_lock lock(mutex_);
  const auto began = std::chrono::steady_clock::now();
  wakes_at_ = 1;
  while (incoming_.prompt == 0 && !is_hurried()) {
    const auto until = began + (incoming_.entries > 0 ? kLazyWaits : kCheckpointEvery);
    if (std::chrono::steady_clock::now() >= until) break;
    wake_.wait_until(lock, std::min(until, std::chrono::steady_clock::now() + kLazyWaits));
  }
  await_company(lock);
  std::swap(batch, incoming_);
  is_flushing_ = false;
  last_prompt_ = batch.prompt;
  last_write_ = std::chrono::steady_clock::now();
  is_writing_ = true;
  return is_stopping_ && batch.entries == 0;
}

void BatchWriter::await_company(std::unique_lock<std::mutex>& lock) {
  if (last_prompt_ < kBusy) return;
  wakes_at_ = last_prompt_;
  wake_.wait_until(lock, last_write_ + kBusyWaits,
                   [&] { return incoming_.prompt >= wakes_at_ || is_hurried(); });
}

Status BatchWriter::write(const Batch& batch) {
  frames_.clear();
  crypto::Digest head = end_.head;
  const SteadyTime now = options_.clock->steady();
  const bool is_due = batch.entries == 0 || now - last_checkpoint_ >= kCheckpointEvery;
  // First, so that a checkpoint speaks of what is durable already (is_torn_batch).
  const bool is_checkpoint = is_due && !end_.is_checkpointed;
  if (is_checkpoint) add_checkpoint(end_.entries, head);
  chain(batch, head);
  STRONGROOM_CHECKED(write_frames());
  end_.head = head;
  end_.entries += batch.entries;
  end_.is_checkpointed = batch.entries == 0;
  if (is_checkpoint) last_checkpoint_ = now;
  return {};
}

void BatchWriter::chain(const Batch& batch, crypto::Digest& head) {
  Reader in(batch.octets);
  while (in.is_ok() && !in.is_at_end()) add_frame(in.blob(), head);
}

void BatchWriter::add_frame(ByteView entry, crypto::Digest& head) {
  head = next_hash(head, entry);
  Writer writer(frames_);
  writer.blob(entry);
  writer.raw(head);
}

void BatchWriter::add_checkpoint(std::uint64_t entries, crypto::Digest& head) {
  const auto signature = crypto::sign(*options_.signing_key, checkpoint_message(entries, head));
  ByteVector entry;
  Writer writer(entry);
  writer.u8(kCheckpointKind);
  writer.u64(entries);
  writer.raw(signature);
  add_frame(entry, head);
}

Status BatchWriter::open_segment() {
  const bool is_full = end_.offset >= options_.segment_octets;
  if (fd_ >= 0 && !is_full) return {};
  close_segment();
  const bool is_new = end_.segments == 0 || is_full;
  const std::string path =
      options_.directory + "/" + segment_name(is_new ? end_.segments + 1 : end_.segments);
  const int fd = ::open(path.c_str(),
                        O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (is_new ? O_CREAT | O_EXCL : 0), 0600);
  if (fd < 0)
    return fail(Code::Storage, "the record cannot be written: " + std::string(std::strerror(errno)),
                "record_unavailable");
  if (is_new) {
    end_.offset = 0;
    ++end_.segments;
    // The directory's entry must be as durable as the file.
    const int folder = ::open(options_.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
      ::fsync(folder);
      ::close(folder);
    }
  }
  fd_ = fd;
  const off_t size = ::lseek(fd, 0, SEEK_END);
  room_ = size < 0 ? 0 : static_cast<std::uint64_t>(size);
  return {};
}

/// The room that was not needed goes.
void BatchWriter::close_segment() {
  if (fd_ < 0) return;
  (void)!::ftruncate(fd_, static_cast<off_t>(end_.offset));
  ::close(std::exchange(fd_, -1));
}

/// On a full disk there is none, and none is needed.
void BatchWriter::make_room(std::uint64_t from) {
  static const ByteVector zeros(kRoom);
  const ssize_t written = ::pwrite(fd_, zeros.data(), zeros.size(), static_cast<off_t>(from));
  room_ = from + static_cast<std::uint64_t>(std::max<ssize_t>(written, 0));
}

Status BatchWriter::write_frames() {
  STRONGROOM_CHECKED(open_segment());
  ByteView rest(frames_);
  std::uint64_t at = end_.offset;
  while (!rest.empty()) {
    const ssize_t written = ::pwrite(fd_, rest.data(), rest.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    at += static_cast<std::uint64_t>(written);
    rest = rest.subspan(static_cast<std::size_t>(written));
  }
  if (rest.empty() && at > room_) make_room(at);
  if (rest.empty() && ::fdatasync(fd_) == 0) {
    end_.offset = at;
    return {};
  }
  const std::string why = std::strerror(errno);
  // What is half there goes, so that the next batch continues the chain where it really ends.
  (void)!::ftruncate(fd_, static_cast<off_t>(end_.offset));
  room_ = end_.offset;
  return fail(Code::Storage, "the record cannot be written: " + why, "record_unavailable");
}

}  // namespace strongroom::audit
