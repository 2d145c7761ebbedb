// A peer that sends records without content. SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <thread>

#include "io/echo_for_test.h"
#include "io/tls/state.h"

namespace strongroom::io {
namespace {

/// A client that sends whatever it likes, on a thread of its own.
class TlsFlood : public Echo {
 public:
  /// True when an octet behind each of `rounds` times `updates` new keys comes back.
  bool is_answered(int rounds, int updates) {
    listen({"api.example.com"});
    bool answered = false;
    std::thread client([&] {
      const int fd = connected();
      answered = speak(fd, rounds, updates);
      ::close(fd);
      loop.post([this] { loop.stop(); });
    });
    loop.run();
    client.join();
    return answered;
  }

 private:
  [[nodiscard]] int connected() const {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(at.port);
    ::inet_pton(AF_INET, at.host.c_str(), &to.sin_addr);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
    return fd;
  }

  static bool speak(int fd, int rounds, int updates) {
    const SslContext context = make_context(TLS_client_method());
    const Ssl ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), fd);
    if (SSL_connect(ssl.get()) != 1) return false;
    for (int round = 0; round < rounds; ++round) {
      for (int i = 0; i < updates; ++i)
        if (SSL_key_update(ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
            SSL_do_handshake(ssl.get()) != 1)
          return false;
      char octet = 'x';
      if (SSL_write(ssl.get(), &octet, 1) != 1 || SSL_read(ssl.get(), &octet, 1) != 1) return false;
    }
    return true;
  }
};

TEST_F(TlsFlood, N8_records_without_content_end_the_connection) {
  EXPECT_FALSE(is_answered(1, 100));
}

TEST_F(TlsFlood, new_keys_now_and_then_are_no_harm) {
  EXPECT_TRUE(is_answered(20, 5));
}

}  // namespace
}  // namespace strongroom::io
