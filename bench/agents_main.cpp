// Agents that come through a proxy which ends their TLS: each opens a tunnel with CONNECT, speaks
// TLS in it, sends so many small POSTs one after the other, and begins again. A tunnel before the
// first counted one makes sure that the proxy has its certificate. Arguments: the proxy's port, the
// credential for it ("user:password", or "-"), the host asked for, the file with whom to trust, the
// value of x-goog-api-key, agents, requests of a tunnel, seconds. Prints one JSON object.
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "base/clock.h"
#include "base/encoding.h"
#include "http/body.h"
#include "http/head.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/stream.h"
#include "io/tls/tls.h"

namespace strongroom::bench {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::uint64_t kMostRefused = 20;

struct Plan {
  io::Loop& loop;
  io::TlsClient tls;
  std::string proxy_host = {};
  std::uint16_t proxy_port = 0;
  std::string host = {};
  std::string connect = {};  ///< the whole head
  std::string request = {};  ///< head and body
  int requests_of_tunnel = 1;
  bool is_over = false;
  std::uint64_t requests = 0;
  std::uint64_t tunnels = 0;
  std::uint64_t refused = 0;  ///< by a peer whose provider had hung up on it; the tunnel ends
  std::string failure = {};
};

/// Reads one answer of known length; its status, 0 when there was none.
io::Task<int> read_answer(io::Stream& stream, std::string_view method, std::string& buffer) {
  http::ResponseHead head;
  std::size_t scanned = 0;
  ByteVector block(16384);
  http::BodyFollower body;
  bool has_head = false;
  for (;;) {
    if (!has_head && !buffer.empty()) {
      const auto outcome = http::parse_response(buffer, method, head, scanned);
      if (outcome.state == http::ParseState::Bad) co_return 0;
      if (outcome.state == http::ParseState::Complete) {
        has_head = true;
        body.start(head.body);
        buffer.erase(0, outcome.consumed);
      }
    }
    if (has_head && !body.is_done() && !buffer.empty()) {
      const auto step = body.feed(buffer);
      if (step.state == http::ParseState::Bad) co_return 0;
      buffer.erase(0, step.consumed);
      if (step.consumed > 0) continue;
    }
    if (has_head && body.is_done()) co_return head.status;
    const auto got = co_await stream.read_some(block);
    if (!got || *got == 0) co_return 0;
    buffer.append(text_of(ByteView(block).first(*got)));
  }
}

/// One tunnel with all its requests. False: something went wrong, said in plan.failure.
io::Task<bool> use_tunnel(Plan& plan) {
  auto dialled =
      co_await io::dial_tcp(plan.loop, plan.proxy_host, plan.proxy_port,
                            io::PrivateAddresses::Allow, plan.loop.deadline_in(kPatience));
  if (!dialled) co_return false;
  io::Stream stream = std::move(*dialled);
  std::string buffer;
  (void)co_await stream.write_all(bytes_of(plan.connect));
  const int opened = co_await read_answer(stream, "CONNECT", buffer);
  if (opened != 200) {
    plan.failure = "CONNECT was answered " + std::to_string(opened);
    co_return false;
  }
  const auto secured =
      co_await stream.start_tls_client(plan.tls, plan.host, io::ProtocolOffer::Http1);
  if (!secured) {
    plan.failure = secured.error().message;
    co_return false;
  }
  ++plan.tunnels;
  for (int i = 0; i < plan.requests_of_tunnel && !plan.is_over; ++i) {
    (void)co_await stream.write_all(bytes_of(plan.request));
    const int status = co_await read_answer(stream, "POST", buffer);
    if (status != 200) {
      if (++plan.refused > kMostRefused)
        plan.failure = "requests were answered " + std::to_string(status);
      break;
    }
    ++plan.requests;
  }
  stream.abort();
  co_return true;
}

io::Task<void> work(Plan& plan) {
  while (!plan.is_over && plan.failure.empty()) {
    const bool is_well = co_await use_tunnel(plan);
    if (!is_well && plan.failure.empty()) plan.failure = "the proxy cannot be reached";
  }
}

io::Task<void> run_all(Plan& plan, int agents, int seconds) {
  const bool is_warm = co_await use_tunnel(plan);
  plan.requests = plan.tunnels = 0;
  if (is_warm) {
    for (int i = 0; i < agents; ++i) plan.loop.spawn(work(plan));
    co_await plan.loop.sleep(std::chrono::seconds(seconds));
  }
  plan.is_over = true;
  plan.loop.stop();
}

std::string text_of_file(const char* name) {
  std::ifstream file(name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int run(char** arguments) {
  auto tls = io::TlsClient::create(text_of_file(arguments[4]));
  if (!tls) return 1;
  const SystemClock clock;
  io::Loop loop(clock);
  Plan plan{loop, std::move(*tls)};
  plan.proxy_host = "127.0.0.1";
  plan.proxy_port = static_cast<std::uint16_t>(std::atoi(arguments[1]));
  plan.host = arguments[3];
  const std::string credential = arguments[2];
  plan.connect = "CONNECT " + plan.host + ":443 HTTP/1.1\r\nhost: " + plan.host + ":443\r\n";
  if (credential != "-")
    plan.connect += "proxy-authorization: Basic " + to_base64(bytes_of(credential)) + "\r\n";
  plan.connect += "\r\n";
  plan.request = "POST /v1beta/models/gemini-bench:generateContent HTTP/1.1\r\nhost: " + plan.host +
                 "\r\ncontent-type: application/json\r\nx-goog-api-key: " + arguments[5] +
                 "\r\ncontent-length: 200\r\n\r\n" + std::string(200, 'z');
  plan.requests_of_tunnel = std::atoi(arguments[7]);
  const int seconds = std::atoi(arguments[8]);
  loop.spawn(run_all(plan, std::atoi(arguments[6]), seconds));
  loop.run();
  if (!plan.failure.empty()) std::fprintf(stderr, "agents: %s\n", plan.failure.c_str());
  std::printf("{\"requests\": %llu, \"tunnels\": %llu, \"refused\": %llu}\n",
              static_cast<unsigned long long>(plan.requests),
              static_cast<unsigned long long>(plan.tunnels),
              static_cast<unsigned long long>(plan.refused));
  return plan.failure.empty() ? 0 : 1;
}

}  // namespace
}  // namespace strongroom::bench

int main(int argc, char** argv) {
  if (argc != 9) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  return strongroom::bench::run(argv);
}
