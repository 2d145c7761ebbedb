// SPDX-License-Identifier: Apache-2.0
#include "app/session_sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <array>
#include <cstring>
#include <filesystem>
#include <utility>

#include "crypto/crypto.h"

namespace strongroom::app {
namespace {

class SessionSocketsTest : public testing::Test {
 protected:
  SessionSocketsTest() { ::mkdtemp(folder_.data()); }
  ~SessionSocketsTest() override {
    for (const int fd : {channel_, told_last_}) ::close(fd);
    std::filesystem::remove_all(folder_);
  }

  static SessionId new_session() {
    IdBytes id{};
    crypto::random(id);
    return SessionId(id);
  }

  /// Reads as a gateway does: all that waits. The answer: how many messages.
  std::size_t read_all() {
    for (std::size_t count = 0;; ++count) {
      std::array<char, 64> message{};
      alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
      iovec part{message.data(), message.size()};
      msghdr head{};
      head.msg_iov = &part;
      head.msg_iovlen = 1;
      head.msg_control = control.data();
      head.msg_controllen = control.size();
      if (::recvmsg(channel_, &head, MSG_DONTWAIT) <= 0) return count;
      ::close(std::exchange(told_last_, -1));
      const cmsghdr* const first = CMSG_FIRSTHDR(&head);
      if (first != nullptr) std::memcpy(&told_last_, CMSG_DATA(first), sizeof(told_last_));
    }
  }

  /// The last message brought this session's socket.
  bool was_told_last(const std::string& path) const {
    sockaddr_un address{};
    socklen_t size = sizeof(address);
    return ::getsockname(told_last_, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
           path == address.sun_path;
  }

  std::string folder_ = "/tmp/strongroom-sockets-XXXXXX";
  int channel_ = -1;
  int told_last_ = -1;
};

TEST_F(SessionSocketsTest, a_gateway_that_stood_still_hears_of_every_socket_that_is_left) {
  SessionSockets sockets(folder_ + "/s");
  channel_ = sockets.channel_of_new_gateway().value();
  for (int i = 0; i < 500; ++i) {
    const SessionId session = new_session();
    ASSERT_TRUE(sockets.open(session, ::geteuid()));
    sockets.close(session);
  }
  const auto last = sockets.open(new_session(), ::geteuid());
  ASSERT_TRUE(last);
  EXPECT_GT(read_all(), 0U);
  EXPECT_FALSE(was_told_last(*last)) << "there was room for all of it: the test shows nothing";
  sockets.tell_all();
  EXPECT_GT(read_all(), 0U);
  EXPECT_TRUE(was_told_last(*last));
  sockets.tell_all();
  EXPECT_EQ(read_all(), 0U) << "nothing is told twice";
}

}  // namespace
}  // namespace strongroom::app
