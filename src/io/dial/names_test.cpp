// Look-ups that take as long as the tests let them. SPDX-License-Identifier: Apache-2.0
#include "io/dial/names.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <set>

namespace strongroom::io {
namespace {

using std::chrono::seconds;

/// Moved while helper threads read it.
class SharedClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime(seconds(1000 + now_)); }
  [[nodiscard]] WallTime wall() const override { return {}; }
  void advance(int by) { now_ += by; }

 private:
  std::atomic<int> now_ = 0;
};

class NamesTest : public ::testing::Test {
 protected:
  void TearDown() override {
    let_go([](const std::string&) { return true; });
    names_.reset();
  }

  /// Silent until let_go(); others have no address, which is an answer.
  static bool is_silent(const std::string& host) { return host.find("silent") != host.npos; }

  Names::Answer look_up(const std::string& host) {
    std::unique_lock lock(mutex_);
    begun_.push_back(host);
    changed_.notify_all();
    if (!is_silent(host)) return Names::Answer();
    changed_.wait(lock, [&] { return let_go_(host); });
    return fail(Code::Network, "cannot resolve " + host, "resolve");
  }
  void let_go(std::function<bool(const std::string&)> which) {
    const std::lock_guard lock(mutex_);
    let_go_ = std::move(which);
    changed_.notify_all();
  }
  /// Who asks, and whether they were answered at once.
  bool ask(const std::string& host, const std::shared_ptr<int>& asker) {
    return names_
        ->ask(host, std::weak_ptr<const void>(asker),
              [this, host](const auto&) {
                const std::lock_guard lock(mutex_);
                told_.insert(host);
                changed_.notify_all();
              })
        .has_value();
  }
  bool ask(const std::string& host) { return ask(host, here_); }
  template <class Condition>
  bool comes(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(60), condition);
  }
  bool is_told(const std::string& host) {
    return comes([&] { return told_.contains(host); });
  }
  bool have_begun(std::size_t count) {
    return comes([&] { return begun_.size() >= count; });
  }
  std::ptrdiff_t times_begun(const std::string& host) {
    const std::lock_guard lock(mutex_);
    return std::ranges::count(begun_, host);
  }

  SharedClock clock_;
  std::shared_ptr<int> here_ = std::make_shared<int>(0);
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> begun_;
  std::multiset<std::string> told_;
  std::function<bool(const std::string&)> let_go_ = [](const std::string&) { return false; };
  std::unique_ptr<Names> names_ =
      std::make_unique<Names>([this](const std::string& host) { return look_up(host); }, clock_);
};

TEST_F(NamesTest, all_who_ask_the_same_share_one_question) {
  for (int i = 0; i < 48; ++i) EXPECT_FALSE(ask("silent.example"));
  EXPECT_FALSE(ask("good.example.com"));
  EXPECT_TRUE(is_told("good.example.com"));
  let_go([](const std::string&) { return true; });
  EXPECT_TRUE(comes([&] { return told_.count("silent.example") == 48; }));
  EXPECT_EQ(times_begun("silent.example"), 1);
}

TEST_F(NamesTest, N8_silent_names_of_one_domain_leave_helpers_to_others) {
  for (int i = 0; i < 48; ++i) EXPECT_FALSE(ask("silent" + std::to_string(i) + ".evil.example"));
  EXPECT_TRUE(have_begun(Names::kForSlow));
  EXPECT_FALSE(ask("good.example.com"));
  EXPECT_TRUE(is_told("good.example.com"));
}

TEST_F(NamesTest, N8_domains_that_were_slow_leave_helpers_to_others) {
  const auto name = [](int i) { return "silent.slow" + std::to_string(i); };
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(ask(name(i)));
  EXPECT_TRUE(have_begun(8));
  clock_.advance(10);
  let_go([](const std::string&) { return true; });
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(is_told(name(i)));
  let_go([](const std::string&) { return false; });
  clock_.advance(10);
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(ask(name(i)));
  EXPECT_TRUE(have_begun(8 + Names::kForSlow));
  EXPECT_FALSE(ask("good.example.com"));
  EXPECT_TRUE(is_told("good.example.com"));
}

TEST_F(NamesTest, what_nobody_waits_for_any_more_is_not_asked) {
  auto gone = std::make_shared<int>(0);
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(ask("silent.a" + std::to_string(i), here_));
  EXPECT_TRUE(have_begun(8));
  EXPECT_FALSE(ask("silent.left", gone));
  EXPECT_FALSE(ask("good.example", here_));
  gone.reset();
  let_go([](const std::string&) { return true; });
  EXPECT_TRUE(is_told("good.example"));
  EXPECT_EQ(times_begun("silent.left"), 0);
}

TEST_F(NamesTest, a_name_that_failed_slowly_is_left_alone_for_a_while) {
  EXPECT_FALSE(ask("silent.example"));
  EXPECT_TRUE(have_begun(1));
  clock_.advance(10);
  let_go([](const std::string&) { return true; });
  EXPECT_TRUE(is_told("silent.example"));
  EXPECT_TRUE(ask("silent.example"));
  clock_.advance(5);
  EXPECT_FALSE(ask("silent.example"));
}

TEST_F(NamesTest, N8_the_queue_has_an_end_and_room_again_when_askers_leave) {
  auto many = std::make_shared<int>(0);
  for (int i = 0; i < 8; ++i) EXPECT_FALSE(ask("silent.b" + std::to_string(i), here_));
  EXPECT_TRUE(have_begun(8));
  for (std::size_t i = 0; i < Names::kMaxQueued; ++i)
    EXPECT_FALSE(ask("silent.c" + std::to_string(i), many));
  EXPECT_TRUE(ask("silent.more", many));
  many.reset();
  EXPECT_FALSE(ask("silent.more", here_));
}

}  // namespace
}  // namespace strongroom::io
