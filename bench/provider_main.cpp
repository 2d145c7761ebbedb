// The provider of the benchmarks: real TLS under one host name, fast answers of each kind that a
// case needs. It refuses (401) unless the fixed key stands in x-goog-api-key, so that every counted
// request proves the injection. Arguments: the folder to write ca.pem, leaf.pem and leaf.key to,
// the host name, the key. Prints "port N" when it listens. SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>

#include "base/clock.h"
#include "http/body.h"
#include "http/head.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/stream.h"
#include "io/tls/tls.h"

namespace strongroom::bench {
namespace {

constexpr int kEvents = 100;
constexpr std::chrono::milliseconds kBetweenEvents{5};
constexpr std::size_t kDownload = 64UL << 20U;
constexpr std::size_t kBlock = 256UL << 10U;

struct Provider {
  io::Loop& loop;
  io::TlsServer tls;
  std::string key;
  ByteVector block = ByteVector(kBlock, std::uint8_t{'x'});
};

std::string whole_answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(http::reason_phrase(status)) +
         "\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

std::string chunk(const std::string& text) {
  char size[32];
  std::snprintf(size, sizeof(size), "%zx\r\n", text.size());
  return size + text + "\r\n";
}

/// Each event says when it was sent, so that the reader knows what lay between.
io::Task<bool> send_events(io::Stream& stream, Provider& provider, int count) {
  const std::string head =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  auto sent = co_await stream.write_all(bytes_of(head));
  for (int i = 0; i < count && sent; ++i) {
    co_await provider.loop.sleep(kBetweenEvents);
    const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::steady_clock::now().time_since_epoch())
                         .count();
    const std::string event = chunk("data: " + std::to_string(now) + "\n\n");
    sent = co_await stream.write_all(bytes_of(event));
  }
  const std::string end = "0\r\n\r\n";
  if (sent) sent = co_await stream.write_all(bytes_of(end));
  co_return sent.has_value();
}

io::Task<bool> send_much(io::Stream& stream, Provider& provider) {
  const std::string head =
      "HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: " +
      std::to_string(kDownload) + "\r\n\r\n";
  auto sent = co_await stream.write_all(bytes_of(head));
  for (std::size_t done = 0; done < kDownload && sent; done += kBlock)
    sent = co_await stream.write_all(provider.block);
  co_return sent.has_value();
}

/// One event, then silence until the other side ends it.
io::Task<bool> hold(io::Stream& stream) {
  const std::string head =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n" +
      chunk("data: held\n\n");
  const auto sent = co_await stream.write_all(bytes_of(head));
  if (sent) (void)co_await stream.wait_readable();
  co_return false;
}

io::Task<bool> answer(io::Stream& stream, Provider& provider, const http::RequestHead& request) {
  const auto* key = request.headers.find("x-goog-api-key");
  const bool is_right = key != nullptr && key->value == provider.key;
  if (is_right && request.target.ends_with("/events"))
    co_return co_await send_events(stream, provider, kEvents);
  if (is_right && request.target.ends_with("/download"))
    co_return co_await send_much(stream, provider);
  if (is_right && request.target.ends_with("/hold")) co_return co_await hold(stream);
  const std::string text = is_right ? whole_answer(200, "{\"ok\":true}")
                                    : whole_answer(401, "{\"error\":\"wrong key\"}");
  const auto sent = co_await stream.write_all(bytes_of(text));
  co_return sent.has_value();
}

/// What is left of the body after the head.
io::Task<bool> read_body(io::Stream& stream, http::BodyFraming framing, std::string& rest,
                         ByteVector& block) {
  http::BodyFollower body;
  body.start(framing);
  while (!body.is_done()) {
    const auto step = body.feed(rest);
    if (step.state == http::ParseState::Bad) co_return false;
    rest.erase(0, step.consumed);
    if (body.is_done() || step.consumed > 0) continue;
    const auto got = co_await stream.read_some(block);
    if (!got || *got == 0) co_return false;
    rest.assign(text_of(ByteView(block).first(*got)));
  }
  co_return true;
}

io::Task<void> serve(io::Stream stream, Provider& provider) {
  const auto secured = co_await stream.start_tls_server(provider.tls);
  if (!secured) co_return;
  std::string buffer;
  ByteVector small(4096);
  for (;;) {
    http::RequestHead request;
    std::size_t scanned = 0;
    const auto outcome = http::parse_request(buffer, request, scanned);
    if (outcome.state == http::ParseState::Bad) co_return;
    if (outcome.state == http::ParseState::Complete) {
      std::string rest = buffer.substr(outcome.consumed);
      ByteVector large(request.body.kind == http::BodyKind::None ? 0 : kBlock);
      const bool has_body = co_await read_body(stream, request.body, rest, large);
      if (!has_body) co_return;
      const bool goes_on = co_await answer(stream, provider, request);
      if (!goes_on) co_return;
      buffer = std::move(rest);
      continue;
    }
    const auto got = co_await stream.read_some(small);
    if (!got || *got == 0) co_return;
    buffer.append(text_of(ByteView(small).first(*got)));
  }
}

Status run(const std::string& folder, const std::string& host, const std::string& key) {
  STRONGROOM_TRY(const auto authority, io::make_authority("Strongroom benchmark provider"));
  STRONGROOM_TRY(const auto leaf, io::make_leaf(authority, {host}));
  std::ofstream(folder + "/ca.pem") << authority.chain_pem;
  std::ofstream(folder + "/leaf.pem") << leaf.chain_pem;
  std::ofstream(folder + "/leaf.key") << leaf.private_key_pem;
  STRONGROOM_TRY(auto tls, io::TlsServer::create(leaf));
  STRONGROOM_TRY(const auto bound, io::listen_tcp({"127.0.0.1", 0}));
  const SystemClock clock;
  io::Loop loop(clock);
  Provider provider{loop, std::move(tls), key};
  io::Acceptor acceptor(loop, bound.fd,
                        [&](io::Stream stream) { loop.spawn(serve(std::move(stream), provider)); });
  loop.on_signals({SIGTERM, SIGINT}, [&](int) { loop.stop(); });
  std::printf("port %u\n", static_cast<unsigned>(bound.bound.port));
  std::fflush(stdout);
  loop.run();
  return {};
}

}  // namespace
}  // namespace strongroom::bench

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  const auto done = strongroom::bench::run(argv[1], argv[2], argv[3]);
  if (!done) std::fprintf(stderr, "provider: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
