// SPDX-License-Identifier: Apache-2.0
#include "io/loop.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <vector>

#include "base/check.h"
#include "io/deadlines.h"

namespace strongroom::io {
namespace {

constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
constexpr std::chrono::milliseconds kSweep{50};

}  // namespace

Loop::Loop(const Clock& clock)
    : clock_(clock),
      context_(1),
      deadlines_(std::make_unique<Deadlines>(context_)),
      mailbox_(std::make_shared<Mailbox>(*this)) {}

Loop::~Loop() {
  const std::lock_guard lock(mailbox_->mutex_);
  mailbox_->loop_ = nullptr;
}

void Loop::Mailbox::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (loop_ != nullptr) loop_->post(std::move(work));
}

void Loop::run() {
  const auto keep = boost::asio::make_work_guard(context_);
  context_.run();
}

void Loop::stop() { context_.stop(); }

void Loop::post(std::function<void()> work) { boost::asio::post(context_, std::move(work)); }

void Loop::spawn(Task<void> task) {
  boost::asio::co_spawn(context_, std::move(task), [](const std::exception_ptr& thrown) {
    STRONGROOM_CHECK(thrown == nullptr, "no exception leaves a coroutine of its own");
  });
}

Task<void> Loop::sleep(Duration duration) {
  boost::asio::steady_timer timer(context_);
  timer.expires_after(std::chrono::duration_cast<boost::asio::steady_timer::duration>(duration));
  co_await timer.async_wait(kAwait);
}

SteadyTime Loop::coarse_now() const {
  // vDSO clock reads cost about 20 ns: cheap enough to stay exact.
  return clock_.steady();
}

void Loop::watch(Timed& timed, Deadline deadline) {
  timed.deadline = deadline;
  if (deadline.is_never()) return timed.unlink();
  if (!timed.is_linked()) timed.link_after(deadlines_->head);
  if (deadlines_->is_ticking) return;
  deadlines_->is_ticking = true;
  sweep_later();
}

void Loop::sweep_later() {
  deadlines_->timer.expires_after(kSweep);
  deadlines_->timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) sweep();
  });
}

void Loop::sweep() {
  const SteadyTime now = clock_.steady();
  // on_deadline() may unlink any neighbour: collect first.
  std::vector<Timed*> passed;
  for (Timed* each = deadlines_->head.next(); each != nullptr; each = each->next())
    if (each->deadline.has_passed(now)) passed.push_back(each);
  for (Timed* each : passed) {
    if (!each->is_linked()) continue;
    each->unlink();
    each->on_deadline();
  }
  if (deadlines_->head.next() == nullptr) {
    deadlines_->is_ticking = false;
    return;
  }
  sweep_later();
}

struct Loop::Ticker::State {
  State(boost::asio::io_context& context, Duration every, std::function<void()> what)
      : timer(context), period(every), work(std::move(what)) {}
  boost::asio::steady_timer timer;
  Duration period;
  std::function<void()> work;
  bool is_stopped = false;
};

Loop::Ticker::Ticker(std::shared_ptr<State> state) : state_(std::move(state)) {}
Loop::Ticker::~Ticker() {
  state_->is_stopped = true;  // the work may be what destroys us: it is freed with the state
  state_->timer.cancel();
}

void Loop::Ticker::arm(const std::shared_ptr<State>& state) {
  state->timer.expires_after(
      std::chrono::duration_cast<boost::asio::steady_timer::duration>(state->period));
  state->timer.async_wait([state](const boost::system::error_code& error) {
    if (error || state->is_stopped) return;
    state->work();
    if (!state->is_stopped) arm(state);
  });
}

std::unique_ptr<Loop::Ticker> Loop::every(Duration period, std::function<void()> work) {
  auto state = std::make_shared<Ticker::State>(context_, period, std::move(work));
  Ticker::arm(state);
  return std::unique_ptr<Ticker>(new Ticker(std::move(state)));
}

namespace {
void wait_for_signal(const std::shared_ptr<boost::asio::signal_set>& signals,
                     const std::shared_ptr<std::function<void(int)>>& call) {
  signals->async_wait([signals, call](const boost::system::error_code& error, int number) {
    if (error) return;
    (*call)(number);
    wait_for_signal(signals, call);
  });
}
}  // namespace

void Loop::on_signals(std::initializer_list<int> signals, std::function<void(int)> on_signal) {
  const auto set = std::make_shared<boost::asio::signal_set>(context_);
  for (const int number : signals) set->add(number);
  wait_for_signal(set, std::make_shared<std::function<void(int)>>(std::move(on_signal)));
}

struct Event::State {
  explicit State(Loop& owner) : loop(owner), timer(owner.context()) {}
  Loop& loop;
  boost::asio::steady_timer timer;
  bool is_set = false;
  bool is_waiting = false;
};

Event::Event(Loop& loop) : state_(std::make_unique<State>(loop)) {}
Event::~Event() = default;

void Event::set() {
  state_->is_set = true;
  if (state_->is_waiting) state_->timer.cancel();
}

Task<void> Event::wait() { (void)co_await wait_until(Deadline()); }

Task<bool> Event::wait_until(Deadline deadline) {
  if (!state_->is_set) {
    STRONGROOM_CHECK(!state_->is_waiting, "an Event has one waiter");
    if (deadline.is_never()) {
      state_->timer.expires_at(boost::asio::steady_timer::time_point::max());
    } else {
      state_->timer.expires_after(std::chrono::duration_cast<boost::asio::steady_timer::duration>(
          deadline.at() - state_->loop.clock().steady()));
    }
    state_->is_waiting = true;
    co_await state_->timer.async_wait(kAwait);
    state_->is_waiting = false;
  }
  const bool was_set = state_->is_set;
  state_->is_set = false;
  co_return was_set;
}

}  // namespace strongroom::io
