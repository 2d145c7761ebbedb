// SPDX-License-Identifier: Apache-2.0
#include "io/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"
#include "io/descriptor.h"
#include "io/root_task.h"
#include "io/signal_pipe.h"

namespace strongroom::io {
namespace {

constexpr int kBatch = 256;
constexpr std::chrono::milliseconds kSweep{50};

}  // namespace

/// What epoll_wait(2) brought; events of descriptors that end meanwhile are struck out.
struct Loop::Batch {
  std::array<epoll_event, kBatch> events;
  int count = 0;
  int next = 0;
};

struct Loop::Timer {
  std::function<void()> work;
  Loop* loop = nullptr;  ///< null unless it waits in the loop's list
  std::multimap<RealTime, std::shared_ptr<Timer>>::iterator place;
  RealTime::duration period{};  ///< zero: called once
  bool is_running = false;
  bool is_cancelled = false;  ///< while it was running
};

struct Loop::Signals {
  std::unique_ptr<SignalPipe> pipe;
};

Loop::Loop(const Clock& clock)
    : clock_(clock),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      batch_(std::make_unique<Batch>()),
      now_(clock.steady()),
      roots_(std::make_unique<RootLink>()),
      mailbox_(std::make_shared<Mailbox>(*this)) {
  STRONGROOM_CHECK(epoll_ >= 0 && wake_ >= 0, "an event loop can be made");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  STRONGROOM_CHECK(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0,
                   "an event loop can be woken");
}

Loop::~Loop() {
  {
    const std::lock_guard lock(mailbox_->mutex_);
    mailbox_->loop_ = nullptr;
  }
  signals_.reset();
  // What waits is destroyed where it stands; its own ends may start and wake others, in vain.
  RootTask::promise_type::destroy_all(*roots_);
  ready_.clear();
  resuming_.clear();
  for (auto& [at, timer] : std::exchange(timers_, {})) {
    timer->loop = nullptr;
    timer->work = nullptr;
  }
  posted_.clear();
  running_posted_.clear();
  RootTask::promise_type::destroy_all(*roots_);
  ::close(wake_);
  ::close(epoll_);
}

void Loop::run() {
  while (!is_stopped_) {
    // First: after a process was stopped for a while, what has run out is over before anybody
    // goes on.
    if (!timers_.empty()) run_timers();
    resume_ready();
    if (has_posted_.load(std::memory_order_acquire)) run_posted();
    if (!is_stopped_) wait_for_events();
  }
  is_stopped_ = false;
}

void Loop::resume_ready() {
  if (resumed_ == resuming_.size()) {  // not when a stop came in the middle
    resuming_.clear();
    resumed_ = 0;
    resuming_.swap(ready_);
  }
  while (resumed_ < resuming_.size() && !is_stopped_) {
    steps_ = 0;
    resuming_[resumed_++].resume();
  }
}

void Loop::run_posted() {
  if (running_posted_.empty()) {
    const std::lock_guard lock(posted_mutex_);
    running_posted_.swap(posted_);
    has_posted_.store(false, std::memory_order_release);
  }
  while (!running_posted_.empty() && !is_stopped_) {
    auto batch = std::exchange(running_posted_, {});
    std::size_t done = 0;
    while (done < batch.size() && !is_stopped_) std::exchange(batch[done++], nullptr)();
    if (done == batch.size()) return;
    // stopped in the middle: the rest is for the next run
    running_posted_.assign(
        std::make_move_iterator(batch.begin() + static_cast<std::ptrdiff_t>(done)),
        std::make_move_iterator(batch.end()));
    has_posted_.store(true, std::memory_order_release);
  }
}

void Loop::run_timers() {
  const RealTime now = std::chrono::steady_clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now && !is_stopped_) {
    // The node is used again, so that what ticks allocates nothing.
    auto node = timers_.extract(timers_.begin());
    const auto timer = std::exchange(node.mapped(), nullptr);
    timer->loop = nullptr;
    timer->is_running = true;
    timer->work();
    timer->is_running = false;
    if (timer->is_cancelled || timer->period.count() == 0) {
      timer->work = nullptr;
      continue;
    }
    node.key() = now + timer->period;
    node.mapped() = timer;
    timer->loop = this;
    timer->place = timers_.insert(std::move(node));
  }
}

int Loop::wait_time() const {
  if (!ready_.empty() || resumed_ < resuming_.size() || has_posted_.load(std::memory_order_acquire))
    return 0;
  if (timers_.empty()) return -1;
  const auto left = timers_.begin()->first - std::chrono::steady_clock::now();
  const auto millis = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<long>(millis, 0, 3'600'000));
}

void Loop::wait_for_events() {
  Batch& batch = *batch_;
  batch.count = ::epoll_wait(epoll_, batch.events.data(), kBatch, calm_.empty() ? wait_time() : 0);
  STRONGROOM_CHECK(batch.count >= 0 || errno == EINTR, "an event loop can wait");
  now_ = clock_.steady();
  for (batch.next = 0; batch.next < batch.count;) {
    const epoll_event& event = batch.events[static_cast<std::size_t>(batch.next++)];
    // Null: the wake-up, which edge-triggering need not read, or a descriptor that has ended.
    if (event.data.ptr != nullptr) static_cast<Descriptor*>(event.data.ptr)->on_event(event.events);
  }
  const bool is_calm = batch.count <= 0 && ready_.empty();
  if (!calm_.empty() && (is_calm || ++busy_turns_ >= kBusyTurns)) set_calm_events();
  batch.count = 0;
}

void Loop::set_when_calm(Event& event) {
  if (event.awaits_calm_) return;
  event.awaits_calm_ = true;
  calm_.push_back(&event);
}

void Loop::set_calm_events() {
  busy_turns_ = 0;
  for (Event* const each : calm_) {
    each->awaits_calm_ = false;
    each->set();
  }
  calm_.clear();
}

void Loop::forget(const Descriptor& descriptor) noexcept {
  for (int i = batch_->next; i < batch_->count; ++i) {
    auto& event = batch_->events[static_cast<std::size_t>(i)];
    if (event.data.ptr == &descriptor) event.data.ptr = nullptr;
  }
}

// ------------------------------------------------------------------------------------------------
// work from outside

void Loop::wake() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof(one));
}

void Loop::stop() noexcept {
  is_stopped_ = true;
  wake();
}

void Loop::post(std::function<void()> work) {
  bool is_first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    is_first = posted_.empty();
    posted_.push_back(std::move(work));
    has_posted_.store(true, std::memory_order_release);
  }
  if (is_first) wake();
}

void Loop::Mailbox::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (loop_ != nullptr) loop_->post(std::move(work));
}

void Loop::spawn(Task<void> task) {
  RootTask root = run_root(std::move(task));
  roots_->add(root.handle.promise());
  resume_soon(root.handle);
}

void Loop::on_signals(std::initializer_list<int> signals, std::function<void(int)> on_signal) {
  signals_ = std::make_unique<Signals>();
  signals_->pipe = SignalPipe::start(*this, signals, std::move(on_signal));
}

// ------------------------------------------------------------------------------------------------
// time

std::shared_ptr<Loop::Timer> Loop::start_timer(Duration delay, Duration period,
                                               std::function<void()> work) {
  using Real = std::chrono::steady_clock::duration;
  auto timer = std::make_shared<Timer>();
  timer->work = std::move(work);
  timer->loop = this;
  timer->period = std::chrono::duration_cast<Real>(period);
  const auto at = std::chrono::steady_clock::now() + std::chrono::duration_cast<Real>(delay);
  timer->place = timers_.emplace(at, timer);
  return timer;
}

std::shared_ptr<Loop::Timer> Loop::call_in(Duration delay, std::function<void()> work) {
  return start_timer(delay, Duration(), std::move(work));
}

void Loop::cancel(const std::shared_ptr<Timer>& timer) {
  if (timer == nullptr) return;
  timer->is_cancelled = timer->is_running;
  if (timer->loop == nullptr) return;
  std::exchange(timer->loop, nullptr)->timers_.erase(timer->place);
  // It may own what owns the timer.
  const auto dropped = std::exchange(timer->work, nullptr);
}

namespace {

/// Waits for a timer; takes it back when its coroutine is destroyed meanwhile.
struct Sleep {
  Loop& loop;
  Duration duration;
  std::shared_ptr<Loop::Timer> timer;
  Sleep(Loop& owner, Duration length) : loop(owner), duration(length) {}
  Sleep(const Sleep&) = delete;
  Sleep& operator=(const Sleep&) = delete;
  ~Sleep() { Loop::cancel(timer); }
  [[nodiscard]] static bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    timer = loop.call_in(duration, [this, waiting] { loop.resume_soon(waiting); });
  }
  static void await_resume() noexcept {}
};

}  // namespace

Task<void> Loop::sleep(Duration duration) {
  Sleep sleeping(*this, duration);
  co_await sleeping;
}

void Loop::watch(Timed& timed, Deadline deadline) {
  timed.deadline = deadline;
  if (deadline.is_never()) return timed.unlink();
  if (!timed.is_linked()) timed.link_after(deadlines_);
  if (sweeper_ == nullptr) start_sweeping();
}

bool Loop::use_buffers(BufferHolder& holder) {
  if (!kept_buffers_.use(holder, now_)) return false;
  if (sweeper_ == nullptr) start_sweeping();
  return true;
}

void Loop::start_sweeping() {
  sweeper_ = start_timer(kSweep, kSweep, [this] { sweep(); });
}

void Loop::sweep() {
  const SteadyTime now = clock_.steady();
  // on_deadline() may end any other: they wait in a list of their own, which they leave when they
  // are destroyed.
  Timed::Head passed;
  for (Timed* each = deadlines_.next(); each != nullptr;) {
    Timed* const next = each->next();
    if (each->deadline.has_passed(now)) each->link_after(passed);
    each = next;
  }
  while (Timed* const each = passed.next()) {
    each->unlink();
    each->on_deadline();
  }
  kept_buffers_.sweep(now);
  if (deadlines_.next() == nullptr && kept_buffers_.count() == 0)
    cancel(std::exchange(sweeper_, nullptr));
}

std::unique_ptr<Loop::Ticker> Loop::every(Duration period, std::function<void()> work) {
  return std::make_unique<Ticker>(start_timer(period, period, std::move(work)));
}

// ------------------------------------------------------------------------------------------------
// Event

struct Event::State final : Timed {
  explicit State(Loop& owner) : loop(owner) {}
  void on_deadline() noexcept override {
    if (waiter) loop.resume_soon(std::exchange(waiter, nullptr));
  }
  Loop& loop;
  std::coroutine_handle<> waiter;
  bool is_set = false;
};

Event::Event(Loop& loop) : state_(std::make_unique<State>(loop)) {}
Event::~Event() {
  if (awaits_calm_) state_->loop.forget_calm(*this);
}

void Event::set() {
  state_->is_set = true;
  if (state_->waiter) state_->loop.resume_soon(std::exchange(state_->waiter, nullptr));
}

Event::Wait Event::wait() {
  return {*state_, Deadline()};
}
Event::Wait Event::wait_until(Deadline deadline) {
  return {*state_, deadline};
}

bool Event::Wait::await_ready() const noexcept {
  return state.is_set;
}

void Event::Wait::await_suspend(std::coroutine_handle<> waiting) const {
  STRONGROOM_CHECK(state.waiter == nullptr, "an Event has one waiter");
  state.waiter = waiting;
  state.loop.watch(state, deadline);
}

bool Event::Wait::await_resume() const noexcept {
  state.unlink();
  return std::exchange(state.is_set, false);
}

}  // namespace strongroom::io
