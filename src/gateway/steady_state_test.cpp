// In the steady state a request through the whole pipeline allocates nothing, and asks the kernel
// nothing that it has told before. Vault and provider
// run on a thread of their own, the client on a third, so that only the gateway's work is counted.
// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "gateway/world_for_test.h"

namespace {
thread_local bool is_counting = false;
std::atomic<long> allocations{0};

void* counted(std::size_t size) {
  if (is_counting) ++allocations;
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}

/// Of system calls that a request needs none of: what they tell does not change between requests.
std::atomic<long> questions{0};

int counted_answer(long result) {
  if (is_counting) ++questions;
  return static_cast<int>(result);
}
}  // namespace

extern "C" {
int getsockname(int fd, sockaddr* __restrict address, socklen_t* __restrict size) noexcept {
  return counted_answer(::syscall(SYS_getsockname, fd, address, size));
}
int getpeername(int fd, sockaddr* __restrict address, socklen_t* __restrict size) noexcept {
  return counted_answer(::syscall(SYS_getpeername, fd, address, size));
}
int getsockopt(int fd, int level, int name, void* __restrict value,
               socklen_t* __restrict size) noexcept {
  return counted_answer(::syscall(SYS_getsockopt, fd, level, name, value, size));
}
int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  return counted_answer(::syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}
}

// The whole test program's; the array forms call these.
void* operator new(std::size_t size) {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace strongroom::gateway {
namespace {

constexpr int kWarmUp = 300;
constexpr int kMeasured = 2000;

/// One request and its whole answer of known size, with plain system calls.
bool exchange(int fd, const std::string& request, std::size_t answer_size) {
  if (::send(fd, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size()))
    return false;
  char block[4096];
  for (std::size_t have = 0; have < answer_size;) {
    const ssize_t got = ::recv(fd, block, sizeof(block), 0);
    if (got <= 0) return false;
    have += static_cast<std::size_t>(got);
  }
  return true;
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? fd : -1;
}

/// Policies of every kind, none of which is reached.
std::vector<lease::GrantedPolicy> many_policies() {
  std::vector<lease::GrantedPolicy> all;
  for (std::uint8_t i = 1; i <= 3; ++i) {
    lease::GrantedPolicy one;
    one.id = PolicyId(IdBytes{i});
    one.scope = static_cast<lease::PolicyScope>(i);
    one.policy.allow = {*catalog::parse_rule("GET,POST /v1beta/**")};
    one.policy.deny = {*catalog::parse_rule("* /v1beta/files/**")};
    one.policy.requests_per_minute = catalog::Policy::kMaxRate;
    one.policy.concurrent = 100;
    one.policy.bytes_per_day = catalog::Policy::kMaxAmount;
    one.policy.budget = {"tokens", catalog::Policy::kMaxAmount};
    all.push_back(std::move(one));
  }
  return all;
}

/// Whether a few thousand requests were answered, while the gateway's work was counted.
bool ask_and_count(const std::vector<lease::GrantedPolicy>& policies) {
  allocations = questions = 0;
  const SystemClock clock;
  io::Loop gateway_loop(clock);
  io::Loop other_loop(clock);
  World world(gateway_loop, other_loop);
  world.vault.keeps_notes = false;
  world.vault.entry(kGeminiPass).policies = policies;
  const std::string body =
      R"({"usageMetadata":{"totalTokenCount":12},"text":")" + std::string(1024, 'y') + "\"}";
  const std::string answer = ok(body, "content-type: application/json\r\n");
  world.provider.answer = [&](const Provider::Seen&) { return answer; };
  // The gateway writes Content-Length last; the head is otherwise as long as the provider's.
  const std::string asked =
      request("POST", "/gemini/v1beta/models/m:generateContent",
              with_pass() + "content-type: application/json\r\n", std::string(200, 'z'));
  bool is_right = false;
  std::thread others([&] { other_loop.run(); });
  std::thread client([&] {
    const int fd = connect_to(world.port);
    is_right = fd >= 0;
    for (int i = 0; i < kWarmUp + kMeasured && is_right; ++i) {
      if (i == kWarmUp) gateway_loop.post([] { is_counting = true; });
      is_right = exchange(fd, asked, answer.size());
    }
    ::close(fd);
    gateway_loop.post([&] {
      is_counting = false;
      gateway_loop.stop();
    });
  });
  gateway_loop.run();
  client.join();
  other_loop.stop();
  others.join();
  return is_right;
}

void expect_none(const std::vector<lease::GrantedPolicy>& policies) {
  if (!io::keeps_frames()) GTEST_SKIP() << "a sanitizer watches the frames";
  const SystemClock clock;
  SteadyTime begun{};
  bool is_right = false;
  // A machine that stands still for longer than a lease lives has requests refused, rightly.
  for (int i = 0; i < 5 && !is_right; ++i) {
    begun = clock.steady();
    is_right = ask_and_count(policies);
  }
  ASSERT_TRUE(is_right);
  // What a second brings (renewal of leases, sweeps) is not a request's; two thousand of them would
  // show.
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(clock.steady() - begun);
  const long few = kMeasured / 50 + 20 * seconds.count();
  EXPECT_LT(allocations.load(), few) << "allocations for " << kMeasured << " requests";
  EXPECT_LT(questions.load(), few) << "system calls that move no octet";
}

TEST(SteadyState, ARequestAllocatesNothing) {
  expect_none({});
}
TEST(SteadyState, ARequestUnderPoliciesAllocatesNothing) {
  expect_none(many_policies());
}

}  // namespace
}  // namespace strongroom::gateway
