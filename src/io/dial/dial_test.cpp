// Dialling several addresses, with real sockets on loopback and a clock that the tests move. A dead
// address is a listener that takes nobody in any more. SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>

#include "io/dial/addresses.h"
#include "io/dial/known_addresses.h"
#include "io/dial/own_addresses.h"
#include "io/dial/race.h"

namespace strongroom::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

ResolvedAddress address_of(const std::string& host, std::uint16_t port = 443) {
  ResolvedAddress out;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&out.storage, &v4, out.size = sizeof(v4));
  } else {
    EXPECT_EQ(::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr), 1) << host;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&out.storage, &v6, out.size = sizeof(v6));
  }
  return out;
}

/// A socket bound to a free port, and what comes of that.
class Place {
 public:
  explicit Place(const std::string& host) : address_(address_of(host, 0)) {
    fd_ = ::socket(address_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd_, raw(), address_.size), 0) << host;
    EXPECT_EQ(::getsockname(fd_, raw(), &address_.size), 0);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    for (const int fd : {fd_, client_}) ::close(fd);
  }
  Place& listen(int backlog) {
    EXPECT_EQ(::listen(fd_, backlog), 0);
    return *this;
  }
  /// One connection fills the queue; what comes later is not answered.
  Place& die() {
    listen(0);
    client_ = ::socket(address_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(client_, raw(), address_.size), 0);
    EXPECT_TRUE(has_caller(-1));
    return *this;
  }
  /// A connection waits to be accepted.
  [[nodiscard]] bool has_caller(int wait = 0) const {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, wait) == 1;
  }
  [[nodiscard]] int accept() const { return ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC); }
  [[nodiscard]] const ResolvedAddress& address() const { return address_; }
  [[nodiscard]] std::string text() const { return text_of_address(address_.storage); }

 private:
  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&address_.storage); }
  ResolvedAddress address_;
  int fd_ = -1;
  int client_ = -1;
};

long open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

class Dial : public ::testing::Test {
 public:
  ManualClock clock;
  std::optional<Loop> loop{clock};
  std::optional<Result<Stream>> dialled;

  /// Begins the first attempts.
  void start(std::vector<ResolvedAddress> found, milliseconds limit = milliseconds(10'000)) {
    start(plan_dial(found, PrivateAddresses::Allow, {}), limit);
  }
  void start(DialPlan plan, milliseconds limit) {
    loop->spawn(dial(std::move(plan), Deadline::after(clock, limit)));
    settle();
  }
  Task<void> dial(DialPlan plan, Deadline deadline) {
    auto done = co_await dial_first(*loop, std::move(plan), deadline, "api.example.com");
    dialled.emplace(std::move(done));
    loop->stop();
  }
  /// Until the dial has ended, with the clock where it is.
  void finish() {
    bool has_given_up = false;
    const auto limit = loop->call_in(seconds(60), [&] {
      has_given_up = true;
      loop->stop();
    });
    while (!dialled && !has_given_up) loop->run();
    Loop::cancel(limit);
    EXPECT_FALSE(has_given_up) << "the dial waits for a time that does not come";
  }
  /// Until the loop has looked at what is due by now, and acted on it: a deadline of the same time
  /// has passed then, and some turns more.
  void settle() {
    bool is_settled = false;
    loop->spawn(settled(is_settled));
    while (!is_settled) loop->run();
  }
  Task<void> settled(bool& is_settled) {
    Event never(*loop);
    const Deadline now(clock.steady());
    (void)co_await never.wait_until(now);
    for (int i = 0; i < 3; ++i) co_await loop->yield();
    is_settled = true;
    loop->stop();
  }
  void advance(int millis) {
    clock.advance(milliseconds(millis));
    settle();
  }
  [[nodiscard]] bool has_reached(const Place& place) const {
    return dialled && *dialled && (*dialled)->peer().address == place.text();
  }
  [[nodiscard]] std::string failure() const {
    return dialled && !*dialled ? dialled->error().message : "no failure";
  }
};

TEST_F(Dial, a_dead_address_holds_up_for_the_attempt_delay_only) {
  Place dead("127.0.0.1");
  dead.die();
  Place live("127.0.0.2");
  live.listen(8);
  start({dead.address(), live.address()});
  advance(249);
  EXPECT_FALSE(live.has_caller()) << "before the delay is over the first goes on alone";
  EXPECT_FALSE(dialled);
  clock.advance(milliseconds(1));
  finish();
  EXPECT_TRUE(has_reached(live)) << failure();
}

TEST_F(Dial, a_dead_address_of_one_family_gives_way_to_the_other) {
  if (!std::filesystem::exists("/proc/net/if_inet6")) GTEST_SKIP() << "no IPv6 here";
  Place dead("::1");
  dead.die();
  Place live("127.0.0.1");
  live.listen(8);
  start({live.address(), dead.address()});  // the resolver's order is not what counts
  advance(249);
  EXPECT_FALSE(live.has_caller());
  clock.advance(milliseconds(1));
  finish();
  EXPECT_TRUE(has_reached(live)) << failure();
}

TEST_F(Dial, a_refusal_is_followed_at_once) {
  const Place refusing("127.0.0.1");
  Place live("127.0.0.2");
  live.listen(8);
  start({refusing.address(), live.address()});
  finish();  // the clock stands still
  EXPECT_TRUE(has_reached(live)) << failure();
}

TEST_F(Dial, a_refusal_beside_a_pending_attempt_is_followed_at_once) {
  Place dead("127.0.0.1");
  dead.die();
  const Place refusing("127.0.0.2");
  Place live("127.0.0.3");
  live.listen(8);
  start({dead.address(), refusing.address(), live.address()});
  advance(249);
  EXPECT_FALSE(live.has_caller());
  clock.advance(milliseconds(1));
  finish();
  EXPECT_TRUE(has_reached(live)) << failure();
}

/// The kernel asks again after a second; the clock of the dial stands still meanwhile.
TEST_F(Dial, an_attempt_that_is_overtaken_still_may_win) {
  Place slow("127.0.0.1");
  slow.die();
  Place dead("127.0.0.2");
  dead.die();
  start({slow.address(), dead.address()});
  advance(250);
  ::close(slow.accept());
  finish();
  EXPECT_TRUE(has_reached(slow)) << failure();
}

TEST_F(Dial, the_losers_are_closed_when_one_has_won) {
  Place dead("127.0.0.1");
  dead.die();
  Place also_dead("127.0.0.2");
  also_dead.die();
  Place live("127.0.0.3");
  live.listen(8);
  const long before = open_descriptors();
  start({dead.address(), also_dead.address(), live.address()});
  EXPECT_EQ(open_descriptors(), before + 1);
  advance(250);
  EXPECT_EQ(open_descriptors(), before + 2);
  clock.advance(milliseconds(250));
  finish();
  ASSERT_TRUE(has_reached(live)) << failure();
  EXPECT_EQ(open_descriptors(), before + 1) << "the winner only";
  settle();  // what waited for the losers ends
  dialled.reset();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Dial, when_all_refuse_one_error_names_them) {
  const Place first("127.0.0.1");
  const Place second("127.0.0.2");
  const long before = open_descriptors();
  start({first.address(), second.address()});
  finish();
  EXPECT_EQ(failure(), "cannot connect to api.example.com (" + first.text() +
                           ": Connection refused; " + second.text() + ": Connection refused)");
  EXPECT_EQ(dialled->error().code, Code::Network);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Dial, the_deadline_bounds_the_whole_dial) {
  Place dead("127.0.0.1");
  dead.die();
  const Place refusing("127.0.0.2");
  Place also_dead("127.0.0.3");
  also_dead.die();
  const Place late("127.0.0.4");
  const long before = open_descriptors();
  start({dead.address(), refusing.address(), also_dead.address(), late.address()},
        milliseconds(400));
  advance(250);
  advance(149);
  EXPECT_FALSE(dialled);
  clock.advance(milliseconds(1));
  finish();
  EXPECT_EQ(failure(), "api.example.com did not accept a connection in time (" + dead.text() +
                           ": no answer; " + refusing.text() + ": Connection refused; " +
                           also_dead.text() + ": no answer; addresses not tried: 1)");
  EXPECT_EQ(dialled->error().code, Code::Timeout);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Dial, a_deadline_that_has_passed_begins_nothing) {
  Place live("127.0.0.1");
  live.listen(8);
  start({live.address()}, milliseconds(0));
  finish();
  EXPECT_EQ(failure(),
            "api.example.com did not accept a connection in time (addresses not tried: 1)");
  EXPECT_FALSE(live.has_caller());
}

TEST_F(Dial, at_most_eight_addresses_are_tried) {
  std::vector<std::unique_ptr<Place>> places;
  std::vector<ResolvedAddress> found;
  for (int i = 0; i < 12; ++i) {
    places.push_back(std::make_unique<Place>("127.0.0." + std::to_string(i + 1)));
    found.push_back(places.back()->address());
  }
  for (int i = 8; i < 12; ++i) places[static_cast<std::size_t>(i)]->listen(8);
  start(found);
  finish();
  ASSERT_TRUE(dialled);
  EXPECT_FALSE(*dialled);
  EXPECT_NE(failure().find(places[7]->text()), std::string::npos) << failure();
  EXPECT_NE(failure().find("addresses not tried: 4"), std::string::npos) << failure();
  for (int i = 8; i < 12; ++i) EXPECT_FALSE(places[static_cast<std::size_t>(i)]->has_caller());
}

/// With one attempt, with two, and when one has won.
TEST_F(Dial, a_loop_that_ends_leaves_nothing_open) {
  for (const int millis : {0, 249, 250, 500}) {
    Place dead("127.0.0.1");
    dead.die();
    Place also_dead("127.0.0.2");
    also_dead.die();
    Place live("127.0.0.3");
    live.listen(8);
    loop.reset();
    const long before = open_descriptors();
    loop.emplace(clock);
    start({dead.address(), also_dead.address(), live.address()});
    for (int passed = 0; passed < millis; passed += 249) advance(std::min(249, millis - passed));
    loop.reset();
    dialled.reset();
    EXPECT_EQ(open_descriptors(), before) << millis;
  }
}

TEST_F(Dial, G1_private_addresses_among_others_are_never_tried) {
  Place live("127.0.0.1");
  live.listen(8);
  for (const bool has_public : {false, true}) {
    // Nothing is routed to a port 0.
    std::vector<ResolvedAddress> found{live.address()};
    if (has_public) found.push_back(address_of("8.8.8.8", 0));
    DialPlan plan = plan_dial(found, PrivateAddresses::Refuse, {live.text(), true});
    dialled.reset();
    start(std::move(plan), milliseconds(0));
    finish();
    EXPECT_FALSE(*dialled);
    EXPECT_EQ(dialled->error().reason, has_public ? "" : "private_address");
    EXPECT_EQ(failure().find("which are not dialled: 1") != std::string::npos, has_public)
        << failure();
    EXPECT_FALSE(live.has_caller());
  }
}

/// Each address of each interface; that plans leave them out, test_ssrf.py shows, where one that
/// nobody would call private can be had.
TEST(OwnAddresses, G4_are_known) {
  ifaddrs* all = nullptr;
  ASSERT_EQ(::getifaddrs(&all), 0);
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    const int family = each->ifa_addr == nullptr ? AF_UNSPEC : each->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    ResolvedAddress own;
    std::memcpy(&own.storage, each->ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    EXPECT_TRUE(is_own_address(own.storage)) << text_of_address(own.storage);
    EXPECT_TRUE(is_own_by_source(own.storage)) << text_of_address(own.storage);
  }
  ::freeifaddrs(all);
  EXPECT_TRUE(is_own_address(address_of("127.9.9.9").storage));
  EXPECT_FALSE(is_own_address(address_of("1.1.1.1").storage));
  EXPECT_FALSE(is_own_by_source(address_of("1.1.1.1").storage));
  EXPECT_FALSE(is_own_address(address_of("2606:4700::1").storage));
}

// ------------------------------------------------------------------------------------------------
// the order, and what is remembered

std::string order_of(const std::vector<std::string>& hosts, const DialHint& hint = {},
                     PrivateAddresses policy = PrivateAddresses::Allow) {
  std::vector<ResolvedAddress> found;
  for (const auto& host : hosts) found.push_back(address_of(host));
  std::string out;
  for (const auto& each : plan_dial(found, policy, hint).addresses)
    out += (out.empty() ? "" : " ") + text_of_address(each.storage);
  return out;
}

TEST(DialPlan, families_alternate_from_ipv6_on) {
  EXPECT_EQ(order_of({"1.1.1.1", "1.1.1.2", "1.1.1.3", "2606::1", "2606::2"}),
            "[2606::1]:443 1.1.1.1:443 [2606::2]:443 1.1.1.2:443 1.1.1.3:443");
  EXPECT_EQ(order_of({"2606::1", "2606::2", "1.1.1.1"}), "[2606::1]:443 1.1.1.1:443 [2606::2]:443");
  EXPECT_EQ(order_of({"1.1.1.2", "1.1.1.1"}), "1.1.1.2:443 1.1.1.1:443");
  EXPECT_EQ(order_of({}), "");
}

TEST(DialPlan, the_bound_leaves_both_families_in) {
  std::vector<std::string> hosts;
  for (int i = 1; i <= 20; ++i) hosts.push_back("2606::" + std::to_string(i));
  hosts.emplace_back("1.1.1.1");
  const std::string order = order_of(hosts);
  EXPECT_NE(order.find("1.1.1.1:443"), std::string::npos) << order;
  EXPECT_EQ(std::count(order.begin(), order.end(), ' '), 7);
}

TEST(DialPlan, a_hint_only_moves_what_the_resolver_still_says) {
  const std::vector<std::string> hosts{"1.1.1.1", "1.1.1.2", "2606::1"};
  EXPECT_EQ(order_of(hosts, {"1.1.1.2:443", true}), "1.1.1.2:443 [2606::1]:443 1.1.1.1:443");
  EXPECT_EQ(order_of(hosts, {"[2606::1]:443", false}), "1.1.1.1:443 1.1.1.2:443 [2606::1]:443");
  EXPECT_EQ(order_of(hosts, {"9.9.9.9:443", true}), "[2606::1]:443 1.1.1.1:443 1.1.1.2:443");
}

TEST(DialPlan, G1_a_hint_lets_no_private_address_in) {
  EXPECT_EQ(order_of({"10.0.0.1", "1.1.1.1", "::1", "::ffff:10.0.0.1"}, {"10.0.0.1:443", true},
                     PrivateAddresses::Refuse),
            "1.1.1.1:443");
}

TEST(KnownAddresses, are_kept_for_a_while_and_are_few) {
  ManualClock clock;
  KnownAddresses known;
  EXPECT_EQ(known.hint("a:443", clock.steady()).address, "");
  known.note("a:443", "1.1.1.1:443", true, clock.steady());
  EXPECT_EQ(known.hint("a:443", clock.steady()).address, "1.1.1.1:443");
  EXPECT_TRUE(known.hint("a:443", clock.steady()).has_worked);
  clock.advance(KnownAddresses::kKept / 2);
  known.note("a:443", "1.1.1.1:443", true, clock.steady());
  clock.advance(KnownAddresses::kKept / 2);
  EXPECT_EQ(known.hint("a:443", clock.steady()).address, "") << "its time is not prolonged";
  known.note("a:443", "1.1.1.1:443", true, clock.steady());
  known.note("a:443", "1.1.1.1:443", false, clock.steady());
  EXPECT_FALSE(known.hint("a:443", clock.steady()).has_worked);
  known.forget("a:443");
  EXPECT_EQ(known.hint("a:443", clock.steady()).address, "");
  for (std::size_t i = 0; i <= KnownAddresses::kMaxNames; ++i)
    known.note(std::to_string(i), "1.1.1.1:443", true, clock.steady());
  EXPECT_EQ(known.hint("0", clock.steady()).address, "");
  EXPECT_EQ(known.hint(std::to_string(KnownAddresses::kMaxNames), clock.steady()).address,
            "1.1.1.1:443");
}

}  // namespace
}  // namespace strongroom::io
