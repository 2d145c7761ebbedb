// SPDX-License-Identifier: Apache-2.0
#include "audit/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "audit/segments.h"

namespace strongroom::audit {
namespace {

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    std::string pattern = ::testing::TempDir() + "recordXXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~LogTest() override { std::filesystem::remove_all(folder); }

  Result<std::unique_ptr<Log>> open(std::size_t segment = 64UL << 20U) {
    Log::Options options;
    options.directory = folder;
    options.clock = &clock;
    options.signing_key = Secret(key_octets);
    options.post = [](const std::function<void()>& work) { work(); };
    options.segment_octets = segment;
    return Log::open(std::move(options));
  }
  static Act act(const std::string& detail) {
    Act out;
    out.actor = "operator";
    out.action = "key.add";
    out.detail = detail;
    return out;
  }
  static std::string file(const std::string& folder_name, std::size_t number = 1) {
    return folder_name + "/" + segment_name(number);
  }
  std::string read(std::size_t number = 1) {
    std::ifstream in(file(folder, number), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& text, std::size_t number = 1) {
    std::ofstream(file(folder, number), std::ios::binary) << text;
  }

  std::string folder;
  SystemClock clock;
  Secret key = crypto::generate_signing_key();
  /// A Secret does not come along into a forked child.
  ByteVector key_octets =
      key.reveal([](ByteView octets) { return ByteVector(octets.begin(), octets.end()); });
};

TEST_F(LogTest, keeps_what_was_recorded_and_joins_uses_with_their_end) {
  {
    auto log = open();
    ASSERT_TRUE(log);
    ASSERT_TRUE((*log)->record(act("one")));
    Use use;
    use.tenant = crypto::random_id<TenantId>();
    use.service = "gemini";
    use.path = "/v1/models";
    bool is_durable = false;
    const std::uint64_t number = (*log)->record_uses(
        std::span(&use, 1), [&](const Status& status) { is_durable = status.has_value(); });
    Settled settled;
    settled.use = number;
    settled.status = 200;
    settled.outcome = "completed";
    (*log)->record_later(settled);
    const auto listed = (*log)->list({});
    ASSERT_TRUE(listed && listed->size() == 2);
    EXPECT_TRUE(is_durable);
    EXPECT_EQ(listed->front().at("status").to_number<int>(), 200);
    Filter other;
    other.tenant = crypto::random_id<TenantId>();
    EXPECT_TRUE((*log)->list(other)->empty());
  }
  auto again = open();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->list({})->size(), 2U);
  EXPECT_EQ((*again)->verify()->after_last_checkpoint, 0U);
  EXPECT_TRUE(Log::verify_folder(folder, crypto::public_key_of(key)));
  EXPECT_FALSE(Log::verify_folder(folder, crypto::public_key_of(crypto::generate_signing_key())));
  // Signed by somebody else is not torn: nothing is cut off.
  const std::string good = read();
  key_octets = crypto::generate_signing_key().reveal(
      [](ByteView octets) { return ByteVector(octets.begin(), octets.end()); });
  EXPECT_FALSE(open());
  EXPECT_EQ(read(), good);
}

TEST_F(LogTest, every_changed_octet_is_noticed) {
  {
    auto log = open();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE((*log)->record(act("entry " + std::to_string(i))));
  }
  const std::string good = read();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write(bad);
    EXPECT_FALSE(Log::verify_folder(folder, crypto::public_key_of(key))) << "octet " << i;
  }
}

TEST_F(LogTest, removed_and_reordered_entries_are_noticed) {
  {
    auto log = open();
    for (int i = 0; i < 4; ++i) ASSERT_TRUE((*log)->record(act("entry")));
  }
  const std::string good = read();
  const auto size_at = [&](std::size_t at) {
    return 36 + (static_cast<std::size_t>(static_cast<unsigned char>(good[at + 2])) << 8U) +
           static_cast<unsigned char>(good[at + 3]);
  };
  const std::size_t first = size_at(0);
  const std::size_t second = size_at(first);
  write(good.substr(0, first) + good.substr(first + second));
  EXPECT_FALSE(Log::verify_folder(folder, crypto::public_key_of(key)));
  write(good.substr(first, second) + good.substr(0, first) + good.substr(first + second));
  EXPECT_FALSE(Log::verify_folder(folder, crypto::public_key_of(key)));
  EXPECT_FALSE(open());
}

TEST_F(LogTest, a_torn_end_is_cut_off_at_every_octet) {
  {
    auto log = open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*log)->record(act("entry")));
  }
  const std::string good = read();
  for (std::size_t cut = good.size() - 1; cut > good.size() - 150; --cut) {
    write(good.substr(0, cut));
    auto log = open();
    ASSERT_TRUE(log) << cut << ": " << log.error().message;
    ASSERT_TRUE((*log)->record(act("after")));
    ASSERT_TRUE((*log)->verify());
  }
}

TEST_F(LogTest, a_batch_torn_in_the_middle_is_cut_off_but_not_what_a_checkpoint_covers) {
  {
    auto log = open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*log)->record(act("entry")));
  }
  const std::size_t covered = read().size();
  {
    auto log = open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE((*log)->record(act("entry")));
  }
  const std::string good = read();
  constexpr std::size_t kCheckpointFrame = 4 + 1 + 8 + 64 + 32;
  // As a crash leaves it: no checkpoint at the end, room behind, and one page of three not written.
  std::string torn = good.substr(0, good.size() - kCheckpointFrame) + std::string(5000, '\0');
  std::fill_n(torn.begin() + static_cast<std::ptrdiff_t>(covered) + 20, 30, '\0');
  write(torn);
  {
    auto log = open();
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ((*log)->verify()->entries, 3U);
  }
  write(torn.substr(0, covered - 30) + "x" + torn.substr(covered - 29));
  EXPECT_TRUE(open()) << "only the checkpoint itself is hurt";
  std::string changed = torn;
  changed[30] ^= 1;
  write(changed);
  EXPECT_FALSE(open());
}

TEST_F(LogTest, segments_follow_each_other) {
  {
    auto log = open(2000);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE((*log)->record(act("entry " + std::to_string(i))));
  }
  EXPECT_GT(segment_files(folder)->size(), 3U);
  EXPECT_TRUE(Log::verify_folder(folder, crypto::public_key_of(key)));
  EXPECT_EQ((*open(2000))->list({})->size(), 100U);
  std::filesystem::remove(file(folder, 2));
  EXPECT_FALSE(open(2000));
}

TEST_F(LogTest, kill_9_loses_nothing_acknowledged) {
  auto* acknowledged = static_cast<volatile std::uint64_t*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::mt19937 random(11);
  for (int round = 0; round < 30; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto log = open();
      if (!log) ::_exit(1);
      for (;;) {
        if (!(*log)->record(act("entry"))) ::_exit(1);
        *acknowledged = *acknowledged + 1;
      }
    }
    ::usleep(static_cast<useconds_t>(random() % 30'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << status;
    auto log = open();
    ASSERT_TRUE(log) << log.error().message;
    ASSERT_GE((*log)->verify()->entries, *acknowledged);
  }
  ::munmap(const_cast<std::uint64_t*>(acknowledged), 4096);
}

TEST_F(LogTest, a_full_disk_fails_closed_and_heals) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto log = open();
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlimit none{1000, limit.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
    bool has_failed = false;
    for (int i = 0; i < 50 && !has_failed; ++i) {
      const auto done = (*log)->record(act("entry"));
      has_failed = !done && done.error().code == Code::Storage;
    }
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const bool heals = (*log)->record(act("after")).has_value() && (*log)->verify().has_value();
    ::_exit(has_failed && heals ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace strongroom::audit
