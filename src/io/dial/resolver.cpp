// getaddrinfo cannot be cancelled: each look-up runs on a helper thread, and a caller whose
// deadline passes just leaves; the answer then only fills the memory. SPDX-License-Identifier:
// Apache-2.0
#include "io/dial/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "io/dial/addresses.h"

namespace strongroom::io {
namespace {

using Addresses = std::vector<ResolvedAddress>;
constexpr std::chrono::seconds kKept{30};
constexpr std::size_t kMaxNames = 1024;

Result<Addresses> look_up(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (failed != 0)
    return fail(Code::Network, "cannot resolve " + host + ": " + ::gai_strerror(failed), "resolve");
  Addresses out;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    ResolvedAddress address;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    out.push_back(address);
  }
  ::freeaddrinfo(found);
  return out;
}

void set_port(Addresses& addresses, std::uint16_t port) {
  for (auto& address : addresses) {
    if (address.storage.ss_family == AF_INET) {
      reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
    } else {
      reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
    }
  }
}

/// Shared by all loops of the process; the threads live as long as the process does.
class Memory {
 public:
  bool find(const std::string& host, SteadyTime now, Addresses& out) {
    const std::lock_guard lock(mutex_);
    const auto entry = names_.find(host);
    if (entry == names_.end() || now >= entry->second.until) return false;
    out = entry->second.addresses;
    return true;
  }
  void keep(const std::string& host, SteadyTime now, const Addresses& addresses) {
    const std::lock_guard lock(mutex_);
    if (names_.size() >= kMaxNames) names_.clear();
    names_[host] = {addresses, now + kKept};
  }

 private:
  struct Entry {
    Addresses addresses;
    SteadyTime until{};
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> names_;
};

/// Some threads, so that one name whose servers do not answer holds up nobody else's. They live as
/// long as the process does.
class Helpers {
 public:
  Helpers() {
    for (int i = 0; i < 4; ++i) std::thread([this] { work(); }).detach();
  }
  void post(std::function<void()> call) {
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(std::move(call));
    }
    wake_.notify_one();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !calls_.empty(); });
      const auto call = std::move(calls_.front());
      calls_.pop_front();
      lock.unlock();
      call();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> calls_;
};

Helpers& helpers() {
  static auto* instance = new Helpers;
  return *instance;
}

Memory& memory() {
  static auto* instance = new Memory;
  return *instance;
}

/// What the caller and the helper thread share.
struct Question {
  explicit Question(Loop& loop) : answered(loop) {}
  Event answered;
  Result<Addresses> answer =
      std::unexpected(Error(Code::Timeout, "the name was not resolved in time"));
};

/// The helper thread may outlive loop and question: it holds neither.
void ask(const std::shared_ptr<Question>& question, const std::string& host, Loop& loop) {
  const auto work = [waiting = std::weak_ptr(question), host, mailbox = loop.mailbox(),
                     clock = &loop.clock()] {
    auto answer = look_up(host, AI_ADDRCONFIG);
    mailbox->post([waiting, host, answer = std::move(answer), clock] {
      if (answer) memory().keep(host, clock->steady(), *answer);
      const auto asked = waiting.lock();
      if (asked == nullptr) return;
      asked->answer = answer;
      asked->answered.set();
    });
  };
  helpers().post(work);
}

}  // namespace

Task<Result<Addresses>> resolve(Loop& loop, std::string host, std::uint16_t port,
                                Deadline deadline) {
  Addresses found;
  if (is_address_literal(host)) {
    auto literal = look_up(host, AI_NUMERICHOST);
    if (!literal) co_return literal;
    found = std::move(*literal);
  } else if (!memory().find(host, loop.clock().steady(), found)) {
    const auto question = std::make_shared<Question>(loop);
    ask(question, host, loop);
    co_await question->answered.wait_until(deadline);
    if (!question->answer) co_return question->answer;
    found = *question->answer;
  }
  set_port(found, port);
  co_return found;
}

}  // namespace strongroom::io
