// SPDX-License-Identifier: Apache-2.0
#include "io/loopback_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

TEST_F(LoopbackPeers, is_nobody_where_there_is_no_other_end) {
  EXPECT_FALSE(loopback_peer(listening_));
  EXPECT_FALSE(loopback_peer(-1));
}

}  // namespace
}  // namespace strongroom::io
