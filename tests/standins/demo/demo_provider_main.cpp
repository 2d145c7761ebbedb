// A STAND-IN for the Gemini API, for `strongroom demo` only: real TLS under the provider's own host
// name, one answer, and the provider's own refusal for any key but the one given on standard input.
// Argument: the folder for provider-ca.pem. Prints "port N" when it listens.
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "http/body.h"
#include "http/head.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/stream.h"
#include "io/tls/tls.h"

namespace strongroom::standin {
namespace {

constexpr const char* kHost = "generativelanguage.googleapis.com";
constexpr const char* kAnswer =
    R"({"candidates":[{"content":{"role":"model","parts":[{"text":"Hello from the stand-in provider."}]},"finishReason":"STOP"}],)"
    R"("usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":6,"totalTokenCount":9},"modelVersion":"gemini-demo"})";
constexpr const char* kRefusal =
    R"({"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT",)"
    R"("details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}})";

struct Provider {
  io::TlsServer tls;
  std::string key;
};

std::string answer_to(const http::RequestHead& request, const Provider& provider) {
  const auto* host = request.headers.find(http::Name::Host);
  const auto* key = request.headers.find("x-goog-api-key");
  const bool is_ours = host != nullptr && host->value == kHost;
  const bool is_right = is_ours && key != nullptr && key->value == provider.key &&
                        request.target.find("key=") == std::string_view::npos;
  const std::string body = is_right ? kAnswer : kRefusal;
  return std::string("HTTP/1.1 ") + (is_right ? "200 OK" : "400 Bad Request") +
         "\r\ncontent-type: application/json\r\nx-strongroom-standin: 1\r\ncontent-length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

io::Task<void> serve(io::Stream stream, const Provider& provider) {
  const auto secured = co_await stream.start_tls_server(provider.tls);
  if (!secured) co_return;
  std::string buffer;
  ByteVector block(16384);
  http::BodyFollower body;
  for (;;) {
    http::RequestHead request;
    std::size_t scanned = 0;
    const auto outcome = http::parse_request(buffer, request, scanned);
    if (outcome.state == http::ParseState::Bad) co_return;
    if (outcome.state == http::ParseState::Complete) {
      const std::string answer = answer_to(request, provider);
      body.start(request.body);
      buffer.erase(0, outcome.consumed);
      while (!body.is_done()) {
        const auto step = body.feed(buffer);
        if (step.state == http::ParseState::Bad) co_return;
        buffer.erase(0, step.consumed);
        if (body.is_done() || step.consumed > 0) continue;
        const auto more = co_await stream.read_some(block);
        if (!more || *more == 0) co_return;
        buffer.append(text_of(ByteView(block).first(*more)));
      }
      const auto sent = co_await stream.write_all(bytes_of(answer));
      if (!sent) co_return;
      continue;
    }
    const auto got = co_await stream.read_some(block);
    if (!got || *got == 0) co_return;
    buffer.append(text_of(ByteView(block).first(*got)));
  }
}

Status run(const std::string& folder) {
  std::string key;
  std::getline(std::cin, key);
  STRONGROOM_TRY(const auto authority, io::make_authority("Strongroom demo stand-in"));
  STRONGROOM_TRY(const auto leaf, io::make_leaf(authority, {kHost}));
  std::ofstream(folder + "/provider-ca.pem") << authority.chain_pem;
  STRONGROOM_TRY(auto tls, io::TlsServer::create(leaf));
  STRONGROOM_TRY(const auto bound, io::listen_tcp({"127.0.0.1", 0}));
  const SystemClock clock;
  io::Loop loop(clock);
  const Provider provider{std::move(tls), key};
  io::Acceptor acceptor(loop, bound.fd,
                        [&](io::Stream stream) { loop.spawn(serve(std::move(stream), provider)); });
  loop.on_signals({SIGTERM, SIGINT}, [&](int) { loop.stop(); });
  std::printf("port %u\n", static_cast<unsigned>(bound.bound.port));
  std::fflush(stdout);
  loop.run();
  return {};
}

}  // namespace
}  // namespace strongroom::standin

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto done = strongroom::standin::run(argv[1]);
  if (!done) std::fprintf(stderr, "stand-in: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}
