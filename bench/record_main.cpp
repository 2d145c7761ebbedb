// The record of use under a load of uses, and what opening one sealed key costs: entries a second,
// each durable before its use may go on, and what one that waits alone waits for beside what the
// disk takes for the same write. Arguments: the number of uses, an empty folder. Prints one JSON
// object. SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>

#include "audit/log.h"
#include "crypto/crypto.h"
#include "crypto/record.h"

namespace strongroom::bench {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The vault's loop, as far as the record needs one.
class Loop {
 public:
  void post(std::function<void()> work) {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(work));
    some_.notify_one();
  }
  void run_one() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [this] { return !posted_.empty(); });
    const auto work = std::move(posted_.front());
    posted_.pop_front();
    lock.unlock();
    work();
  }

 private:
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<std::function<void()>> posted_;
};

audit::Use some_use() {
  audit::Use use;
  use.tenant = crypto::random_id<TenantId>();
  use.member = crypto::random_id<MemberId>();
  use.session = crypto::random_id<SessionId>();
  use.grant = crypto::random_id<GrantId>();
  use.key = crypto::random_id<KeyId>();
  use.key_version = 1;
  use.service = "gemini";
  use.host = "generativelanguage.googleapis.com";
  use.method = "POST";
  use.path = "/v1beta/models/gemini-2.5-flash:generateContent";
  return use;
}

/// Uses come in as a gateway tells them, 64 together, with at most `kUnderWay` that wait.
double durable_a_second(audit::Log& record, Loop& loop, int count) {
  constexpr int kTogether = 64;
  constexpr int kUnderWay = 4096;
  const std::vector<audit::Use> uses(kTogether, some_use());
  int told = 0;
  int durable = 0;
  const auto begin = Clock::now();
  while (durable < count) {
    while (told < count && told - durable < kUnderWay) {
      (void)record.record_uses(uses, [&](const Status& done) {
        if (!done) std::exit(1);
        durable += kTogether;
      });
      told += kTogether;
    }
    loop.run_one();
  }
  return durable / seconds_since(begin);
}

double percentile(std::vector<double>& all, double part) {
  std::ranges::sort(all);
  return all[static_cast<std::size_t>(static_cast<double>(all.size() - 1) * part)];
}

/// One at a time: the time until it is durable.
std::vector<double> alone(audit::Log& record, Loop& loop, int count) {
  const std::vector<audit::Use> one(1, some_use());
  std::vector<double> out;
  for (int i = 0; i < count; ++i) {
    bool is_done = false;
    const auto begin = Clock::now();
    (void)record.record_uses(one, [&](const Status&) { is_done = true; });
    while (!is_done) loop.run_one();
    out.push_back(seconds_since(begin) * 1e6);
  }
  return out;
}

/// What the disk takes for as many octets into room made in advance.
std::vector<double> disk_alone(const std::string& path, int count) {
  std::vector<double> out;
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string octets(256, 'x');
  const std::string room(octets.size() * static_cast<std::size_t>(count), '\0');
  if (fd < 0 || ::write(fd, room.data(), room.size()) < 0 || ::fsync(fd) != 0) std::exit(1);
  for (int i = 0; i < count; ++i) {
    const auto begin = Clock::now();
    const auto at = static_cast<off_t>(octets.size()) * i;
    if (::pwrite(fd, octets.data(), octets.size(), at) < 0 || ::fdatasync(fd) != 0) std::exit(1);
    out.push_back(seconds_since(begin) * 1e6);
  }
  ::close(fd);
  return out;
}

/// A key's record, sealed and opened under one seed: processor time of one opening.
double open_us(int count) {
  const Secret seed = crypto::random_secret(32);
  const Secret value(bytes_of("AIzaSyBench-0123456789-abcdefghijklmn"));
  const ByteVector context(160, 7);
  const ByteVector sealed = crypto::seal_record(seed, context, value);
  const std::clock_t begin = std::clock();
  for (int i = 0; i < count; ++i)
    if (!crypto::open_record(seed, context, sealed)) std::exit(1);
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / count * 1e6;
}

Status measure(int count, const std::string& folder) {
  constexpr int kAlone = 2000;
  const SystemClock clock;
  Loop loop;
  audit::Log::Options options;
  options.directory = folder + "/audit";
  options.clock = &clock;
  options.signing_key = crypto::generate_signing_key();
  options.post = [&](std::function<void()> work) { loop.post(std::move(work)); };
  STRONGROOM_TRY(const auto record, audit::Log::open(std::move(options)));
  const double rate = durable_a_second(*record, loop, count);
  auto waited = alone(*record, loop, kAlone);
  auto disk = disk_alone(folder + "/disk", kAlone);
  std::printf(
      "{\"uses\": %d, \"durable_a_second\": %.0f, \"alone_p50_us\": %.0f, \"alone_p99_us\": %.0f, "
      "\"disk_p50_us\": %.0f, \"disk_p99_us\": %.0f, \"open_record_cpu_us\": %.2f}\n",
      count, rate, percentile(waited, 0.5), percentile(waited, 0.99), percentile(disk, 0.5),
      percentile(disk, 0.99), open_us(100'000));
  return {};
}

}  // namespace
}  // namespace strongroom::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "bench-record COUNT FOLDER\n");
    return 2;
  }
  const auto done = strongroom::bench::measure(std::atoi(argv[1]), argv[2]);
  if (!done) std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
