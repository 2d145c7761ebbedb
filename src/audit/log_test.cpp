// SPDX-License-Identifier: Apache-2.0
#include "audit/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "audit/render.h"
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
  /// As before the first checkpoint of the tree.
  void forget_tree() { std::filesystem::remove_all(folder + "/tlog"); }
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
    forget_tree();
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
  forget_tree();
  {
    auto log = open();
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ((*log)->verify()->entries, 3U);
  }
  forget_tree();
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

/// Runs a test of this program in a process of its own: what is secret does not come along into a
/// forked child.
pid_t start_child(const char* filter, const std::string& folder) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  ::setenv("RECORD_OF_PARENT", folder.c_str(), 1);
  ::execl("/proc/self/exe", "test_audit", filter, "--gtest_also_run_disabled_tests", nullptr);
  ::_exit(127);
}

class LogChild : public LogTest {
 protected:
  void SetUp() override {
    const char* given = ::getenv("RECORD_OF_PARENT");
    if (given == nullptr) GTEST_SKIP() << "run by its parent";
    std::filesystem::remove_all(folder);
    folder = given;
    std::ifstream in(folder + "/key", std::ios::binary);
    key_octets.assign(std::istreambuf_iterator<char>(in), {});
  }
  void TearDown() override { folder = "/nonexistent"; }
};

TEST_F(LogTest, kill_9_loses_nothing_acknowledged) {
  std::ofstream(folder + "/key", std::ios::binary)
      << std::string(key_octets.begin(), key_octets.end());
  const auto count = [&] {
    std::error_code none;
    const auto size = std::filesystem::file_size(folder + "/acknowledged", none);
    return none ? std::uintmax_t{0} : size;
  };
  std::mt19937 random(11);
  for (int round = 0; round < 15; ++round) {
    const auto before = count();
    const pid_t child = start_child("--gtest_filter=*DISABLED_records_until_killed", folder);
    for (int i = 0; count() == before && i < 3000; ++i) ::usleep(10'000);
    ::usleep(static_cast<useconds_t>(random() % 30'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "ended by itself: " << status;
    ASSERT_GT(count(), before);
    auto log = open();
    ASSERT_TRUE(log) << log.error().message;
    ASSERT_GE((*log)->verify()->entries, count());
  }
}

TEST_F(LogChild, DISABLED_records_until_killed) {
  std::ofstream acknowledged(folder + "/acknowledged", std::ios::app);
  auto log = open();
  ASSERT_TRUE(log) << log.error().message;
  while ((*log)->record(act("entry"))) acknowledged << '.' << std::flush;
}

TEST_F(LogTest, a_full_disk_fails_closed_and_heals) {
  std::ofstream(folder + "/key", std::ios::binary)
      << std::string(key_octets.begin(), key_octets.end());
  const pid_t child = start_child("--gtest_filter=*DISABLED_records_on_a_full_disk", folder);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(Log::verify_folder(folder, crypto::public_key_of(key)));
}

TEST_F(LogChild, DISABLED_records_on_a_full_disk) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto log = open();
  ASSERT_TRUE(log) << log.error().message;
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit none{1000, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &none);
  bool has_failed = false;
  for (int i = 0; i < 50 && !has_failed; ++i) {
    const auto done = (*log)->record(act("entry"));
    has_failed = !done && done.error().code == Code::Storage;
  }
  EXPECT_EQ((*log)->health().has_value(), !has_failed);
  ::setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_TRUE(has_failed);
  EXPECT_TRUE((*log)->record(act("after")));
  EXPECT_TRUE((*log)->health());
  EXPECT_TRUE((*log)->verify());
}

/// What the listing without an index would answer: every entry, walked.
std::vector<std::string> walked(const Log& log, const Filter& filter) {
  std::vector<std::string> out;
  EXPECT_TRUE(log.for_each([&](const Entry& entry) {
    if (!std::holds_alternative<Settled>(entry.content) && matches(entry, filter))
      out.insert(out.begin(), std::to_string(entry.sequence));
    return true;
  }));
  if (out.size() > filter.limit) out.resize(filter.limit);
  return out;
}

TEST_F(LogTest, a_page_by_the_index_is_what_a_walk_of_the_whole_finds) {
  const auto log = open(64UL << 10U);
  ASSERT_TRUE(log);
  std::mt19937 chance(7);
  const auto tenant_of = [](unsigned n) { return TenantId(IdBytes{static_cast<std::uint8_t>(n)}); };
  std::vector<std::uint64_t> open_uses;
  for (int round = 0; round < 60; ++round) {
    std::vector<Use> uses(chance() % 60 + 1);
    for (auto& use : uses) {
      use.tenant = tenant_of(chance() % 5 == 0 ? 2 : 1);
      use.session = SessionId(IdBytes{static_cast<std::uint8_t>(chance() % 40 + 1)});
      use.service = chance() % 30 == 0 ? "openai" : "gemini";
    }
    const auto first = (*log)->record_uses(uses, {});
    for (std::size_t i = 0; i < uses.size(); ++i) open_uses.push_back(first + i);
    while (open_uses.size() > 300) {  // so that ends are blocks away
      Settled settled;
      settled.use = open_uses.front();
      settled.status = static_cast<std::uint16_t>(settled.use % 1000);
      (*log)->record_later(settled);
      open_uses.erase(open_uses.begin());
    }
  }
  const auto look = [&] {
    for (int i = 0; i < 60; ++i) {
      Filter filter;
      filter.limit = chance() % 50 + 1;
      if (chance() % 2 == 0) filter.tenant = tenant_of(chance() % 3 + 1);
      if (chance() % 2 == 0)
        filter.session = SessionId(IdBytes{static_cast<std::uint8_t>(chance() % 42 + 1)});
      if (chance() % 4 == 0) filter.service = "openai";
      if (chance() % 8 == 0) filter.kind = EntryKind::Change;
      if (chance() % 2 == 0) filter.before = chance() % 3000 + 1;
      const auto page = (*log)->list(filter);
      ASSERT_TRUE(page);
      std::vector<std::string> ids;
      for (const auto& each : *page) {
        ids.emplace_back(each.at("id").as_string());
        const auto sequence = std::stoull(ids.back());
        if (sequence < open_uses.front())
          EXPECT_EQ(each.at("status").to_number<std::uint64_t>(), sequence % 1000);
        else
          EXPECT_FALSE(each.contains("status"));
      }
      ASSERT_EQ(ids, walked(**log, filter));
    }
  };
  look();  // whatever the index has by now
  ASSERT_TRUE((*log)->verify());
  const auto size = (*log)->size();
  while ((*log)->verify()->tree_size < size) std::this_thread::yield();
  look();
}

}  // namespace
}  // namespace strongroom::audit
