// Each attempt has a coroutine that waits for its socket. What they share outlives the dial: a
// socket that is closed wakes its coroutine, which must still find it. SPDX-License-Identifier:
// Apache-2.0
#include "io/dial/race.h"

#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "io/descriptor.h"
#include "io/dial/addresses.h"
#include "io/net.h"

namespace strongroom::io {
namespace {

struct Attempt {
  explicit Attempt(Loop& loop) : socket(loop) {}
  [[nodiscard]] bool is_pending() const { return error == EINPROGRESS; }
  Descriptor socket;
  int error = EINPROGRESS;  ///< 0: connected
};

/// Begins to connect. The answer: errno, EINPROGRESS among them.
int begin_connect(Descriptor& socket, const ResolvedAddress& address) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int result = 0;
  do {
    result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size);
  } while (result != 0 && errno == EINTR);
  const int error = result == 0 ? 0 : errno;
  // Watched only now: a socket that has not begun to connect reports its end.
  if (!socket.open(fd)) return ENOMEM;
  if (error == EINPROGRESS) {
    socket.filled();
  } else if (error != 0) {
    socket.close();
  }
  return error;
}

/// errno of the connection that has been made, or not.
int end_of_connect(int fd) {
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

struct Race {
  Race(Loop& owner, DialPlan what)
      : loop(owner), plan(std::move(what)), changed(std::make_unique<Event>(owner)) {}
  [[nodiscard]] bool has_more() const { return attempts.size() < plan.addresses.size(); }
  [[nodiscard]] bool is_any_pending() const {
    return std::ranges::any_of(attempts, [](const auto& each) { return each->is_pending(); });
  }
  /// The next attempt need not wait any longer.
  [[nodiscard]] bool is_next_due(SteadyTime now) const {
    return has_more() &&
           (attempts.empty() || !attempts.back()->is_pending() || next_at.has_passed(now));
  }
  [[nodiscard]] Attempt* winner() const {
    const auto place =
        std::ranges::find_if(attempts, [](const auto& each) { return each->error == 0; });
    return place == attempts.end() ? nullptr : place->get();
  }

  Loop& loop;
  const DialPlan plan;
  std::unique_ptr<Event> changed;                  ///< while the dial waits for it
  std::vector<std::unique_ptr<Attempt>> attempts;  ///< of the first of the plan's addresses
  Deadline next_at;
};

/// The dial's hold on its race: its end closes what still tries, also when the dial is destroyed
/// where it waits.
class Running {
 public:
  Running(Loop& loop, DialPlan plan) : race_(std::make_shared<Race>(loop, std::move(plan))) {}
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    race_->changed.reset();
    for (const auto& each : race_->attempts) each->socket.close();
  }
  [[nodiscard]] const std::shared_ptr<Race>& race() const { return race_; }

 private:
  std::shared_ptr<Race> race_;
};

Task<void> await_end(std::shared_ptr<Race> race, Attempt& attempt) {
  co_await attempt.socket.writable();
  if (!attempt.socket.is_open()) co_return;
  attempt.error = end_of_connect(attempt.socket.fd());
  if (attempt.error != 0) attempt.socket.close();
  race->changed->set();
}

void begin_next(const std::shared_ptr<Race>& race) {
  const auto& address = race->plan.addresses[race->attempts.size()];
  Attempt& attempt = *race->attempts.emplace_back(std::make_unique<Attempt>(race->loop));
  attempt.error = begin_connect(attempt.socket, address);
  race->next_at = Deadline::after(race->loop.clock(), kAttemptDelay);
  if (attempt.is_pending()) race->loop.spawn(await_end(race, attempt));
}

/// " ([2001:db8::1]:443: Connection refused; 192.0.2.1:443: no answer)"
std::string account_of(const Race& race) {
  std::string out;
  const auto add = [&](const std::string& what, const std::string& outcome) {
    out += (out.empty() ? " (" : "; ") + what + ": " + outcome;
  };
  for (std::size_t i = 0; i < race.attempts.size(); ++i) {
    const Attempt& each = *race.attempts[i];
    add(text_of_address(race.plan.addresses[i].storage),
        each.is_pending() ? "no answer" : std::strerror(each.error));
  }
  const std::size_t untried = race.plan.surplus + race.plan.addresses.size() - race.attempts.size();
  if (untried > 0) add("addresses not tried", std::to_string(untried));
  if (race.plan.refused > 0)
    add("addresses that are private or this machine's, which are not dialled",
        std::to_string(race.plan.refused));
  return out + ")";
}

Error failure_of(const Race& race, const std::string& name) {
  if (race.is_any_pending() || race.has_more())
    return {Code::Timeout, name + " did not accept a connection in time" + account_of(race)};
  const auto is_any = [&](int error) {
    return std::ranges::any_of(race.attempts,
                               [error](const auto& each) { return each->error == error; });
  };
  std::string_view reason;
  if (is_any(ECONNREFUSED)) reason = kDialRefused;
  if (is_any(EMFILE) || is_any(ENFILE)) reason = kNoDescriptors;
  return {Code::Network, "cannot connect to " + name + account_of(race), std::string(reason)};
}

}  // namespace

Task<Result<Stream>> dial_first(Loop& loop, DialPlan plan, Deadline deadline, std::string name) {
  if (plan.addresses.empty() && plan.refused > 0)
    co_return fail(Code::Refused,
                   name + " leads to a private address, or to this machine: neither is dialled",
                   "private_address");
  if (plan.addresses.empty())
    co_return fail(Code::Network, name + " has no address", std::string(kNotResolved));
  const Running running(loop, std::move(plan));
  Race& race = *running.race();
  for (;;) {
    if (Attempt* const won = race.winner()) co_return Stream::adopt(loop, won->socket.release());
    const SteadyTime now = loop.clock().steady();
    if (deadline.has_passed(now)) break;
    if (race.is_next_due(now)) {
      begin_next(running.race());
      continue;
    }
    if (!race.is_any_pending()) break;
    const Deadline until = race.has_more() ? std::min(deadline, race.next_at) : deadline;
    co_await race.changed->wait_until(until);
  }
  co_return std::unexpected(failure_of(race, name));
}

}  // namespace strongroom::io
