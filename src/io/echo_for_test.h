// A loop with an echo server, for io's tests. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/loop.h"
#include "io/net.h"
#include "io/stream.h"
#include "io/tls/tls.h"

namespace strongroom::io {

/// run() ends when `client` has ended.
class Echo : public ::testing::Test {
 public:
  SystemClock clock;
  Loop loop{clock};
  std::optional<TlsServer> tls;
  Certificate authority = *make_authority("test");
  std::unique_ptr<Acceptor> acceptor;
  Endpoint at;
  std::size_t accepted = 0;

  void listen(std::vector<std::string> names = {}) {
    if (!names.empty()) {
      auto leaf = make_leaf(authority, names);
      ASSERT_TRUE(leaf) << leaf.error().message;
      tls = std::move(*TlsServer::create(*leaf));
    }
    const auto bound = listen_tcp({"127.0.0.1", 0});
    ASSERT_TRUE(bound) << bound.error().message;
    at = bound->bound;
    serve_at(bound->fd);
  }

  void serve_at(int fd) {
    acceptor = std::make_unique<Acceptor>(loop, fd, [this](Stream stream) {
      ++accepted;
      loop.spawn(serve(std::move(stream)));
    });
  }

  Task<void> serve(Stream stream) {
    if (tls) {
      const auto done = co_await stream.start_tls_server(*tls);
      if (!done) co_return;
    }
    ByteVector block(65536);
    for (;;) {
      const auto got = co_await stream.read_some(block);
      if (!got || *got == 0) break;
      const auto sent = co_await stream.write_all(ByteView(block).first(*got));
      if (!sent) break;
    }
    (void)co_await stream.finish_writing();
  }

  void run(Task<void> client) {
    loop.spawn(finish(std::move(client)));
    loop.run();
  }
  Task<void> finish(Task<void> client) {
    co_await std::move(client);
    loop.stop();
  }

  Task<Result<Stream>> dial() {
    const auto deadline = Deadline::after(clock, std::chrono::seconds(60));
    co_return co_await dial_tcp(loop, at.host, at.port, PrivateAddresses::Allow, deadline);
  }

  /// `sent` must come back whole.
  static Task<Status> echo(Stream& stream, ByteView sent) {
    auto written = co_await stream.write_all(sent);
    if (!written) co_return written;
    co_return co_await expect(stream, sent);
  }
  static Task<Status> expect(Stream& stream, ByteView sent) {
    ByteVector block(65536);
    while (!sent.empty()) {
      const auto got = co_await stream.read_some(block);
      if (!got) co_return std::unexpected(got.error());
      if (*got == 0 || *got > sent.size())
        co_return fail(Code::Network, "ended early, or answered too much");
      if (std::memcmp(block.data(), sent.data(), *got) != 0)
        co_return fail(Code::Network, "other octets came back");
      sent = sent.subspan(*got);
    }
    co_return Status();
  }
  static Task<Status> round_trip(Stream& stream, std::size_t size) {
    ByteVector sent(size);
    for (std::size_t i = 0; i < size; ++i) sent[i] = static_cast<std::uint8_t>(i * 31 + (i >> 8U));
    co_return co_await echo(stream, sent);
  }

  /// Dials, uses, and keeps what the use answered.
  static Task<void> use_once(Task<Result<Stream>> dialled, std::function<Task<Status>(Stream&)> use,
                             Status& out) {
    auto stream = co_await std::move(dialled);
    if (!stream) {
      out = std::unexpected(stream.error());
      co_return;
    }
    out = co_await use(*stream);
  }
  Status once(std::function<Task<Status>(Stream&)> use) {
    Status done;
    run(use_once(dial(), std::move(use), done));
    return done;
  }
  Status once_over_tls(const TlsClient& client, std::string host,
                       std::function<Task<Status>(Stream&)> use) {
    return once(
        [&client, host, use](Stream& stream) { return secured(stream, client, host, use); });
  }
  static Task<Status> secured(Stream& stream, const TlsClient& client, std::string host,
                              std::function<Task<Status>(Stream&)> use) {
    auto done = co_await stream.start_tls_client(client, host, ProtocolOffer::Http1);
    if (!done) co_return done;
    co_return co_await use(stream);
  }
};

}  // namespace strongroom::io
