// What was acknowledged is there: after kill -9, on a full disk, on one that cannot be written.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <random>

#include "store/fixture_for_test.h"

namespace strongroom::store {
namespace {

class Durability : public StoreFixture {
 protected:
  static Tenant tenant(std::int64_t number) {
    return {crypto::random_id<TenantId>(), "t" + std::to_string(number), "active",
            ByteVector(200, 1), number};
  }
  static Status insert(Store& store, std::int64_t number) {
    return store.transact([&]() -> Status {
      const Tenant made = tenant(number);
      STRONGROOM_CHECKED(store.insert(made));
      return store.insert(Epoch{made.id, number, ByteVector(200, 2), number});
    });
  }
  /// Runs `work` in a process of its own; its exit status, or -1.
  template <class Work>
  static int in_child(Work&& work) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(work());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

/// Inserts until killed; writes each number after its transaction.
[[noreturn]] void insert_for_ever(const std::string& path, int acknowledge, std::int64_t from,
                                  const auto& open, const auto& insert) {
  auto store = open(path);
  for (std::int64_t number = from; store && insert(**store, number); ++number)
    if (::write(acknowledge, &number, sizeof(number)) != sizeof(number)) break;
  ::_exit(1);
}

TEST_F(Durability, killed_at_any_moment_what_was_acknowledged_is_there) {
  std::mt19937 random(1);
  std::int64_t next = 0;
  ASSERT_NE(open(), nullptr);
  for (int round = 0; round < 50; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) insert_for_ever(path, pipe[1], next, open_at, insert);
    ::close(pipe[1]);
    // Kill after a number of acknowledgements, and a random while within what comes after.
    std::int64_t acknowledged = next - 1;
    for (unsigned wanted = 1 + random() % 8; wanted > 0; --wanted)
      if (::read(pipe[0], &acknowledged, sizeof(acknowledged)) <= 0) break;
    for (volatile unsigned spin = random() % 400'000; spin > 0; spin = spin - 1) {
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(pipe[0], &acknowledged, sizeof(acknowledged)) > 0) {
    }
    ::close(pipe[0]);
    const auto store = open();
    ASSERT_NE(store, nullptr) << "round " << round;
    const auto tenants = store->list<Tenant>();
    ASSERT_TRUE(tenants);
    const auto there = static_cast<std::int64_t>(tenants->size());
    ASSERT_GE(there, acknowledged + 1) << "round " << round;
    ASSERT_LE(there, acknowledged + 2) << "at most the one that was under way";
    ASSERT_EQ(static_cast<std::int64_t>(store->list<Epoch>()->size()), there) << "no half one";
    next = there;
  }
  EXPECT_GT(next, 50);
}

/// A disk of `options` at `folder`, seen by this process alone.
bool mount_disk(const std::string& folder, const char* options, unsigned long flags = 0) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  return ::mount("tmpfs", folder.c_str(), "tmpfs", flags, options) == 0;
}
constexpr int kCannotMount = 77;

TEST_F(Durability, a_full_disk_is_an_error_and_nothing_is_half_done) {
  const int answer = in_child([&] {
    if (!mount_disk(folder, "size=850k,mode=700")) return kCannotMount;
    auto store = open_at(path);
    if (!store) return 1;
    std::int64_t number = 0;
    Status last;
    while (last && number < 10'000) last = insert(**store, number++);
    if (last || last.error().code != Code::Storage) return 2;
    if ((*store)->list<Tenant>()->size() != static_cast<std::size_t>(number - 1)) return 3;
    if (!(*store)->verify_all()) return 4;
    // Going on although it failed makes it no better.
    const auto swallowed = (*store)->transact([&]() -> Status {
      for (int i = 0; i < 2000; ++i) (void)(*store)->insert(tenant(100'000 + i));
      return {};
    });
    if (swallowed || swallowed.error().code != Code::Storage) return 5;
    store->reset();
    auto again = open_at(path);
    if (!again) return 6;
    return (*again)->list<Tenant>()->size() == static_cast<std::size_t>(number - 1) ? 0 : 7;
  });
  if (answer == kCannotMount) GTEST_SKIP() << "this user may mount nothing";
  EXPECT_EQ(answer, 0);
}

TEST_F(Durability, a_disk_that_cannot_be_written_is_an_error) {
  const int answer = in_child([&] {
    if (!mount_disk(folder, "mode=700")) return kCannotMount;
    {
      auto store = open_at(path);
      if (!store || !insert(**store, 1)) return 1;
    }
    if (::mount("none", folder.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0)
      return kCannotMount;
    const auto store = open_at(path);
    return !store && store.error().code == Code::Storage ? 0 : 2;
  });
  if (answer == kCannotMount) GTEST_SKIP() << "this user may mount nothing";
  EXPECT_EQ(answer, 0);
}

TEST_F(Durability, the_files_are_for_the_owner_alone) {
  const auto mask = ::umask(0);
  const auto store = open();
  ASSERT_TRUE(insert(*store, 1));
  ::umask(mask);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0600U) << entry.path();
  }
}

TEST_F(Durability, a_file_that_others_may_read_is_refused) {
  ASSERT_NE(open(), nullptr);
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  const auto again = open_sqlite(path);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::Refused);
  EXPECT_NE(again.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(Durability, a_link_or_a_folder_is_refused) {
  std::filesystem::create_symlink(folder + "/elsewhere", path);
  EXPECT_FALSE(open_sqlite(path));
  EXPECT_FALSE(open_sqlite(folder));
  EXPECT_FALSE(std::filesystem::exists(folder + "/elsewhere"));
}

TEST_F(Durability, a_file_that_is_no_database_is_refused) {
  std::ofstream(path) << std::string(5000, 'x');
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  const auto store = open_sqlite(path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Code::Tampered);
}

TEST_F(Durability, a_second_process_is_refused_while_one_runs) {
  const auto store = open();
  ASSERT_TRUE(insert(*store, 1));
  const int answer = in_child([&] {
    const auto second = open_sqlite(path);
    return !second && second.error().code == Code::Unavailable ? 0 : 1;
  });
  EXPECT_EQ(answer, 0);
}

}  // namespace
}  // namespace strongroom::store
