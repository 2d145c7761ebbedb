// Loop: one thread's event loop, its timers and its coarse clock.
//
// Used by: every program's main and each room that waits. Threads: run() on one; post() from any.
// Everything created on a loop is used on its thread only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/result.h"
#include "io/task.h"

namespace strongroom::io {

class Timed;

class Loop {
 public:
  explicit Loop(const Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Until stop(), or until nothing is left to do.
  void run();
  void stop();
  /// From any thread.
  void post(std::function<void()> work);
  /// A way to post for threads that may outlive the loop: after its end, what they post is dropped.
  class Mailbox {
   public:
    explicit Mailbox(Loop& loop) : loop_(&loop) {}
    void post(std::function<void()> work);

   private:
    friend class Loop;
    std::mutex mutex_;
    Loop* loop_;
  };
  [[nodiscard]] std::shared_ptr<Mailbox> mailbox() const { return mailbox_; }
  /// Starts a coroutine of its own; an exception that leaves it ends the process (a bug).
  void spawn(Task<void> task);
  [[nodiscard]] Task<void> sleep(Duration duration);
  /// Calls `work` every `period` until the returned handle is destroyed.
  class Ticker {
   public:
    Ticker(const Ticker&) = delete;
    Ticker& operator=(const Ticker&) = delete;
    ~Ticker();

   private:
    friend class Loop;
    struct State;
    explicit Ticker(std::shared_ptr<State> state);
    static void arm(const std::shared_ptr<State>& state);
    std::shared_ptr<State> state_;
  };
  [[nodiscard]] std::unique_ptr<Ticker> every(Duration period, std::function<void()> work);
  /// Runs `on_signal(number)` on this loop for SIGTERM, SIGINT, SIGCHLD, ... until the loop ends.
  /// Call once.
  void on_signals(std::initializer_list<int> signals, std::function<void(int)> on_signal);

  [[nodiscard]] const Clock& clock() const { return clock_; }
  /// Steady time for deadlines on the hot path.
  [[nodiscard]] SteadyTime coarse_now() const;
  [[nodiscard]] boost::asio::io_context& context() { return context_; }
  /// Calls timed.on_deadline() about 50 ms after `deadline` at the latest, unless changed or
  /// destroyed before (io/deadlines.h).
  void watch(Timed& timed, Deadline deadline);

 private:
  struct Deadlines;  // the registry of what has a deadline, swept at 50 ms
  void sweep_later();
  void sweep();
  const Clock& clock_;
  boost::asio::io_context context_;
  std::unique_ptr<Deadlines> deadlines_;
  std::shared_ptr<Mailbox> mailbox_;
};

/// Wakes one waiting coroutine of the same loop; many set() before a wait() count once.
class Event {
 public:
  explicit Event(Loop& loop);
  ~Event();
  void set();
  [[nodiscard]] Task<void> wait();
  /// False when `deadline` passed first.
  [[nodiscard]] Task<bool> wait_until(Deadline deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strongroom::io
