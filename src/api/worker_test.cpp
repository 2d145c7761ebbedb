// SPDX-License-Identifier: Apache-2.0
#include "api/worker.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace strongroom::api {
namespace {

using namespace std::chrono_literals;

TEST(Worker, WorksElsewhereWhileTheLoopGoesOn) {
  const SystemClock clock;
  io::Loop loop(clock);
  Worker worker(loop);
  const auto here = std::this_thread::get_id();
  std::string order;
  loop.spawn([](io::Loop& own, Worker& other, std::thread::id loop_thread,
                std::string& text) -> io::Task<void> {
    io::Event turned(own);
    own.post([&] {
      text += "loop ";
      turned.set();
    });
    std::function<std::vector<int>()> work = [loop_thread] {
      EXPECT_NE(std::this_thread::get_id(), loop_thread);
      return std::vector<int>{1, 2, 3};
    };
    for (int i = 0; i < 3; ++i) {
      const std::vector<int> answer = co_await other.run(work);
      EXPECT_EQ(answer.size(), 3U);
      EXPECT_EQ(std::this_thread::get_id(), loop_thread);
      text += "answer ";
    }
    co_await turned.wait();
    own.stop();
  }(loop, worker, here, order));
  loop.run();
  EXPECT_EQ(order, "loop answer answer answer ");
}

TEST(Worker, ForgetsWhatWaitsWhenItEnds) {
  const SystemClock clock;
  io::Loop loop(clock);
  int done = 0;
  {
    Worker worker(loop);
    for (int i = 0; i < 3; ++i)
      loop.spawn([](Worker& other, int& count) -> io::Task<void> {
        std::function<int()> work = [] { return 1; };
        count += co_await other.run(work);
      }(worker, done));
  }
  EXPECT_EQ(done, 0);
}

}  // namespace
}  // namespace strongroom::api
