// Worker: one thread for work that would hold up the vault's loop, such as reading the whole
// record.
//
// Used by: handlers_record.cpp. While it works the loop goes on renewing leases. Threads: run() on
// the loop; the work itself on the worker's thread, so it may touch only what says that it can be
// used from any. Inside the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "io/loop.h"

namespace strongroom::api {

class Worker {
 public:
  explicit Worker(io::Loop& loop) : loop_(loop) {}
  /// Finishes what is being done and forgets the rest.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// One piece of work after the other. What `work` refers to outlives the worker.
  template <class T>
  [[nodiscard]] io::Task<T> run(std::function<T()> work) {
    io::Event done(loop_);
    auto result = std::make_shared<std::optional<T>>();
    // The coroutine waits for this very call, so that `done` is there when it comes.
    auto tell = [result, &done](T value) {
      *result = std::move(value);
      done.set();
    };
    enqueue([this, tell, work = std::move(work)] {
      auto value = std::make_shared<T>(work());
      loop_.post([tell, value] { tell(std::move(*value)); });
    });
    co_await done.wait();
    co_return std::move(**result);
  }

 private:
  void enqueue(std::function<void()> work);
  void serve();
  io::Loop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool is_stopping_ = false;
  std::thread thread_;  ///< started by the first piece of work
};

}  // namespace strongroom::api
