// SPDX-License-Identifier: Apache-2.0
#include "app/proxy_door.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <csignal>
#include <string>
#include <thread>
#include <utility>

namespace strongroom::app {
namespace {

constexpr std::string_view kRequest =
    "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";

/// Blocking sockets of the test's own on both sides of a door, whose loop has a thread.
class Door : public ::testing::Test {
 protected:
  Door() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    std::signal(SIGPIPE, SIG_IGN);
    sockaddr_in at = loopback(0);
    socklen_t size = sizeof(at);
    EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::getsockname(listening_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    door_gateway_ = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    auto door =
        ProxyDoor::open(loop_, {door_gateway_, "", "srx_credential",
                                [this](ino_t inode) { return inode != 0 && is_of_session_; }, 0});
    EXPECT_TRUE(door) << door.error().message;
    door_ = std::move(*door);
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Door() override {
    for (const int fd : {client_, gateway_}) ::close(fd);
    loop_.stop();
    thread_.join();
    ::close(listening_);
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
  }
  void gateway_is_there() { ASSERT_EQ(::listen(listening_, 4), 0); }
  void dial() {
    client_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in at = loopback(door_->at().port);
    ASSERT_EQ(::connect(client_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
  }
  void accept_at_gateway() { gateway_ = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC); }
  static void say(int fd, std::string_view text) {
    ASSERT_EQ(::send(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  /// `size` octets, or fewer where the connection ends before.
  static std::string hear(int fd, std::size_t size) {
    std::string out(size, '\0');
    const ssize_t got = ::recv(fd, out.data(), size, MSG_WAITALL);
    out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return out;
  }

  SystemClock clock_;
  io::Loop loop_{clock_};
  std::unique_ptr<ProxyDoor> door_;
  std::string door_gateway_;
  bool is_of_session_ = true;  ///< changed before anybody dials
  int listening_;
  int client_ = -1;
  int gateway_ = -1;
  std::thread thread_;
};

TEST_F(Door, adds_the_credential_to_the_first_head_and_nothing_to_the_rest) {
  gateway_is_there();
  dial();
  for (const char octet : kRequest) say(client_, {&octet, 1});
  accept_at_gateway();
  const std::string expected =
      "CONNECT a.example:443 HTTP/1.1\r\n"
      // "session:srx_credential"
      "Proxy-Authorization: Basic c2Vzc2lvbjpzcnhfY3JlZGVudGlhbA==\r\n"
      "Host: a.example:443\r\n\r\n";
  EXPECT_EQ(hear(gateway_, expected.size()), expected);
  say(gateway_, "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(hear(client_, 19), "HTTP/1.1 200 OK\r\n\r\n");
  const std::string more(200'000, '\x16');
  std::thread writer([&] { say(client_, more); });
  EXPECT_EQ(hear(gateway_, more.size()), more);
  writer.join();
  // An end in order goes on alone.
  ::shutdown(client_, SHUT_WR);
  EXPECT_EQ(hear(gateway_, 1), "");
  say(gateway_, "last");
  ::shutdown(gateway_, SHUT_WR);
  EXPECT_EQ(hear(client_, 5), "last");
}

TEST_F(Door, ends_a_line_that_does_not_end) {
  gateway_is_there();
  dial();
  say(client_, std::string(8192, 'a'));
  EXPECT_EQ(hear(client_, 1), "");
}

TEST_F(Door, says_when_there_is_no_gateway) {
  dial();
  say(client_, kRequest);
  EXPECT_TRUE(hear(client_, 1000).starts_with("HTTP/1.1 503"));
}

TEST_F(Door, H2_lets_in_what_is_the_sessions_alone) {
  is_of_session_ = false;
  dial();
  EXPECT_TRUE(hear(client_, 1000).starts_with("HTTP/1.1 403"));
}

/// At a Unix socket, for the user it is for: base URLs' requests go on as they are.
TEST_F(Door, at_a_socket_H2_knows_its_user_and_adds_the_credential_for_proxies_alone) {
  gateway_is_there();
  const std::string folder = ::testing::TempDir() + "door-" + std::to_string(::getpid());
  const auto ask = [&](uid_t user, std::string_view request) {
    const ProxyDoor::Plan plan{door_gateway_, "", "srx_credential", {}, user};
    SystemClock clock;
    io::Loop loop(clock);
    auto door = ProxyDoor::open_socket(loop, plan, folder);
    EXPECT_TRUE(door) << door.error().message;
    std::thread thread([&loop] { loop.run(); });
    client_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    folder.copy(at.sun_path, sizeof(at.sun_path) - 1);
    EXPECT_EQ(::connect(client_, reinterpret_cast<const sockaddr*>(&at), sizeof(at)), 0);
    say(client_, request);
    std::string out;
    if (user == ::geteuid()) {
      accept_at_gateway();
      ::shutdown(client_, SHUT_WR);
      out = hear(gateway_, 1000);
      ::close(std::exchange(gateway_, -1));
    } else {
      out = hear(client_, 1000);
    }
    ::close(std::exchange(client_, -1));
    loop.stop();
    thread.join();
    return out;
  };
  constexpr std::string_view kBase = "GET /gemini/v1/models HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(ask(::geteuid(), kBase), kBase);
  EXPECT_NE(ask(::geteuid(), kRequest).find("Proxy-Authorization: Basic "), std::string::npos);
  EXPECT_TRUE(ask(::geteuid() + 1, kRequest).starts_with("HTTP/1.1 403"));
  EXPECT_NE(::access(folder.c_str(), F_OK), 0) << "the socket goes with its door";
}

TEST_F(Door, leads_to_plain_addresses_alone) {
  EXPECT_FALSE(ProxyDoor::open(loop_, {"ftp://127.0.0.1:8701", "", "srx_credential", {}, 0}));
  EXPECT_FALSE(ProxyDoor::open(loop_, {"http://nonsense", "", "srx_credential", {}, 0}));
}

}  // namespace
}  // namespace strongroom::app
