// SPDX-License-Identifier: Apache-2.0
#include "sinks/sinks.h"

#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "io/loop.h"
#include "sinks/sink.h"
#include "sinks/witness.h"

namespace strongroom::sinks {
namespace {
constexpr std::chrono::milliseconds kLookEvery{250};
}

struct Sinks::State {
  explicit State(Options given) : options(std::move(given)), loop(*options.clock) {
    for (const Settings& settings : options.sinks) {
      Sink::Parts parts{loop, *options.record, options.directory + "/" + settings.name + ".cursor",
                        options.record->origin()};
      followers.push_back(std::make_unique<Sink>(std::move(parts), settings));
    }
    for (const WitnessSettings& settings : options.witnesses)
      followers.push_back(std::make_unique<Witness>(loop, *options.record, settings));
    publish();
    thread = std::thread([this] { run(); });
  }
  ~State() {
    loop.stop();
    thread.join();
  }

  void run() {
    // Signals are the main thread's business.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    for (const auto& each : followers) loop.spawn(each->run());
    const auto ticker = loop.every(kLookEvery, [this] { look(); });
    loop.run();
  }

  void look() {
    std::optional<Error> why;
    for (const auto& each : followers) {
      each->tick();
      if (!why) why = each->why_held();
    }
    hold(std::move(why));
    publish();
  }

  void hold(std::optional<Error> why) {
    const bool is_change = why.has_value() != is_holding;
    is_holding = why.has_value();
    options.record->hold_uses(why);
    if (!is_change) return;
    if (why)
      log(LogLevel::Error, "uses_held", {{"why", why->message}});
    else
      log(LogLevel::Info, "uses_go_on", {});
    if (options.on_hold) options.on_hold(std::move(why));
  }

  void publish() {
    std::vector<View> now;
    now.reserve(followers.size());
    for (const auto& each : followers) now.push_back(each->view());
    const std::lock_guard lock(mutex);
    views = std::move(now);
  }

  Options options;
  io::Loop loop;
  std::vector<std::unique_ptr<Follower>> followers;
  bool is_holding = false;
  mutable std::mutex mutex;
  std::vector<View> views;
  std::thread thread;
};

Sinks::Sinks(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sinks::~Sinks() = default;

Result<std::unique_ptr<Sinks>> Sinks::start(Options options) {
  if (::mkdir(options.directory.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(Code::Storage, "cannot make " + options.directory + ": " + std::strerror(errno));
  return std::unique_ptr<Sinks>(new Sinks(std::make_unique<State>(std::move(options))));
}

std::vector<View> Sinks::views() const {
  const std::lock_guard lock(state_->mutex);
  return state_->views;
}

bool Sinks::is_idle() const {
  const std::uint64_t written = state_->options.record->size();
  return std::ranges::all_of(views(), [&](const View& each) {
    return each.kind == "witness" || each.sent >= written || each.state == "failing" ||
           each.state == "holding" || each.state == "stopped";
  });
}

}  // namespace strongroom::sinks
