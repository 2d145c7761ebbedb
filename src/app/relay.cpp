// SPDX-License-Identifier: Apache-2.0
#include "app/relay.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "app/config.h"
#include "app/join.h"
#include "crypto/session_credentials.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/process/process.h"

namespace strongroom::app {
namespace {

class Relay {
 public:
  Relay(std::string socket, const crypto::ProxyCredential& credential)
      : socket_(std::move(socket)), preamble_("\x01" + crypto::to_text(credential) + "\n") {}

  int run(int fd) {
    acceptor_ = std::make_unique<io::Acceptor>(
        loop_, fd, [this](io::Stream stream) { loop_.spawn(serve(std::move(stream))); });
    loop_.on_signals({SIGTERM, SIGINT}, [this](int) { loop_.stop(); });
    std::puts("ready");
    std::fflush(stdout);
    loop_.run();
    return 0;
  }

 private:
  io::Task<void> serve(io::Stream client) {
    auto gateway = co_await io::dial_unix(loop_, socket_);
    if (!gateway) co_return;  // the client sees its connection end
    const auto said = co_await gateway->write_all(bytes_of(std::string_view(preamble_)));
    if (!said) co_return;
    co_await join(std::move(client), std::move(*gateway));
  }

  SystemClock clock_;
  io::Loop loop_{clock_};
  std::string socket_;
  std::string preamble_;
  std::unique_ptr<io::Acceptor> acceptor_;
};

}  // namespace

int relay(const Common& common, const RelayOptions& options) {
  const char* const text = std::getenv("STRONGROOM_PROXY_CREDENTIAL");
  const auto credential = crypto::proxy_credential_of(text == nullptr ? "" : text);
  if (!credential)
    return report(Error(Code::Invalid, "STRONGROOM_PROXY_CREDENTIAL holds no proxy credential"));
  if (const auto confined = io::confine_this_process(); !confined) return report(confined.error());
  ::signal(SIGPIPE, SIG_IGN);
  const auto endpoint = io::parse_endpoint(options.listen);
  if (!endpoint) return report(endpoint.error());
  const auto bound = io::listen_tcp(*endpoint);
  if (!bound) return report(bound.error());
  const std::string socket =
      options.socket.empty() ? data_directory(common.data) + "/gateway.sock" : options.socket;
  return Relay(socket, *credential).run(bound->fd);
}

}  // namespace strongroom::app
