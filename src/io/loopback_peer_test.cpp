// SPDX-License-Identifier: Apache-2.0
#include "io/loopback_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <ctime>

#include "io/socket_tables.h"

namespace strongroom::io {
namespace {

constexpr uid_t kNobody = 65534;

class LoopbackPeers : public ::testing::Test {
 protected:
  LoopbackPeers() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    at_.sin_family = AF_INET;
    at_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at_);
    EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&at_), size), 0);
    EXPECT_EQ(::listen(listening_, 4), 0);
    EXPECT_EQ(::getsockname(listening_, reinterpret_cast<sockaddr*>(&at_), &size), 0);
  }
  ~LoopbackPeers() override {
    ::close(listening_);
    ::close(client_);
    ::close(accepted_);
  }

  bool dial(int family) {
    client_ = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 mapped{};
    mapped.sin6_family = AF_INET6;
    mapped.sin6_port = at_.sin_port;
    if (::inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr) != 1) return false;
    return (family == AF_INET
                ? ::connect(client_, reinterpret_cast<sockaddr*>(&at_), sizeof(at_))
                : ::connect(client_, reinterpret_cast<sockaddr*>(&mapped), sizeof(mapped))) == 0;
  }
  int accepted() {
    accepted_ = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    return accepted_;
  }

  sockaddr_in at_{};
  int listening_;
  int client_ = -1;
  int accepted_ = -1;
};

TEST_F(LoopbackPeers, is_who_opened_the_connection) {
  ASSERT_TRUE(dial(AF_INET));
  const auto peer = loopback_peer(accepted());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->user, ::geteuid());
  struct stat facts{};
  ASSERT_EQ(::fstat(client_, &facts), 0);
  EXPECT_EQ(peer->inode, facts.st_ino);
}

TEST_F(LoopbackPeers, is_found_for_a_socket_of_both_families) {
  if (!dial(AF_INET6)) GTEST_SKIP() << "no IPv6 here";
  const auto peer = loopback_peer(accepted());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->user, ::geteuid());
}

TEST_F(LoopbackPeers, is_another_where_another_opened_it) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be somebody else";
  int done[2];
  ASSERT_EQ(::pipe2(done, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    char octet = 0;
    if (::setuid(kNobody) != 0 || !dial(AF_INET)) ::_exit(1);
    ::close(done[1]);
    ::_exit(::read(done[0], &octet, 1) == 0 ? 0 : 1);
  }
  const auto peer = loopback_peer(accepted());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->user, kNobody);
  ::close(done[0]);
  ::close(done[1]);
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

/// A connection over ::1, where there is IPv6.
TEST(LoopbackPeersOfIpv6, are_found_as_well) {
  const int listening = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int client = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 at{};
  at.sin6_family = AF_INET6;
  at.sin6_addr = IN6ADDR_LOOPBACK_INIT;
  socklen_t size = sizeof(at);
  if (::bind(listening, reinterpret_cast<sockaddr*>(&at), size) != 0)
    GTEST_SKIP() << "no IPv6 here";
  ASSERT_EQ(::listen(listening, 1), 0);
  ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&at), &size), 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&at), size), 0);
  const int accepted = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
  const auto peer = loopback_peer(accepted);
  ASSERT_TRUE(peer);
  struct stat facts{};
  ASSERT_EQ(::fstat(client, &facts), 0);
  EXPECT_EQ(peer->inode, facts.st_ino);
  EXPECT_EQ(peer->user, ::geteuid());
  for (const int fd : {listening, client, accepted}) ::close(fd);
}

TEST_F(LoopbackPeers, is_nobody_where_the_other_end_was_closed) {
  ASSERT_TRUE(dial(AF_INET));
  const int fd = accepted();
  ::close(client_);
  client_ = -1;
  EXPECT_FALSE(loopback_peer(fd));
}

/// Who opened it may be gone, and somebody else listen at the very port.
TEST_F(LoopbackPeers, is_never_who_listens_at_the_port) {
  // Bound first: a port that connect() chooses may be in a connection that others have closed.
  client_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in theirs{};
  theirs.sin_family = AF_INET;
  theirs.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(theirs);
  ASSERT_EQ(::bind(client_, reinterpret_cast<sockaddr*>(&theirs), size), 0);
  ASSERT_EQ(::getsockname(client_, reinterpret_cast<sockaddr*>(&theirs), &size), 0);
  ASSERT_EQ(::connect(client_, reinterpret_cast<sockaddr*>(&at_), sizeof(at_)), 0);
  const int fd = accepted();
  const linger at_once{1, 0};
  ASSERT_EQ(::setsockopt(client_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
  ::close(client_);
  client_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(client_, reinterpret_cast<sockaddr*>(&theirs), size), 0);
  ASSERT_EQ(::listen(client_, 1), 0);
  EXPECT_FALSE(loopback_peer(fd));
}

SocketEnd end_at(in_port_t port) {
  SocketEnd out;
  EXPECT_EQ(::inet_pton(AF_INET6, "::ffff:127.0.0.1", &out.address), 1);
  out.port = port;
  return out;
}

double used_by_this_thread() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

/// Connections that were closed stay in the tables for a minute: whoever makes many of them must
/// not make the question dear for all.
TEST_F(LoopbackPeers, N8_costs_the_same_however_many_sockets_there_are) {
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(dial(AF_INET));
    ::close(client_);
    ::close(accepted());
  }
  ASSERT_TRUE(dial(AF_INET));
  const int fd = accepted();
  ASSERT_TRUE(loopback_peer(fd));
  const double begun = used_by_this_thread();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(loopback_peer(fd));
  const double asked = used_by_this_thread();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(find_in_tables(end_at(0), end_at(0)));
  EXPECT_LT(10 * (asked - begun), used_by_this_thread() - asked);
}

/// Where the kernel cannot be asked.
TEST_F(LoopbackPeers, stand_in_the_tables_too) {
  ASSERT_TRUE(dial(AF_INET));
  sockaddr_in theirs{};
  socklen_t size = sizeof(theirs);
  ASSERT_EQ(::getsockname(client_, reinterpret_cast<sockaddr*>(&theirs), &size), 0);
  const auto found = find_in_tables(end_at(theirs.sin_port), end_at(at_.sin_port));
  const auto asked = loopback_peer(accepted());
  ASSERT_TRUE(found && asked);
  EXPECT_EQ(found->inode, asked->inode);
  EXPECT_EQ(found->user, asked->user);
}

TEST_F(LoopbackPeers, is_nobody_where_there_is_no_other_end) {
  EXPECT_FALSE(loopback_peer(listening_));
  EXPECT_FALSE(loopback_peer(-1));
}

}  // namespace
}  // namespace strongroom::io
