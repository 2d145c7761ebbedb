// SPDX-License-Identifier: Apache-2.0
#include "app/secure_connection.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <csignal>
#include <future>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/tls/tls.h"

namespace strongroom::app {
namespace {

constexpr std::chrono::seconds kPatience{30};
/// For the server's own end, once ours has been said.
constexpr std::chrono::seconds kLinger{2};
constexpr std::size_t kBlock = 32UL << 10U;

/// What one thread works on.
struct Bridge {
  Bridge(io::Endpoint to, std::string ca) : at(std::move(to)), ca_pem(std::move(ca)) {}
  io::Endpoint at;
  std::string ca_pem;
  int theirs = -1;  ///< the end that is ours in this thread
  std::promise<Status> secured;
  std::optional<io::TlsClient> tls;  ///< outlives what is connected by it
  std::optional<io::Stream> local;
  std::optional<io::Stream> remote;
};

io::Task<Status> secure(io::Loop& loop, Bridge& bridge) {
  auto tls = io::TlsClient::create(bridge.ca_pem);
  if (!tls) co_return std::unexpected(std::move(tls).error());
  bridge.tls.emplace(std::move(*tls));
  const Deadline deadline = loop.deadline_in(kPatience);
  auto dialled = co_await io::dial_tcp(loop, bridge.at.host, bridge.at.port,
                                       io::PrivateAddresses::Allow, deadline);
  if (!dialled) co_return std::unexpected(std::move(dialled).error());
  bridge.remote.emplace(std::move(*dialled));
  bridge.remote->set_deadline(deadline);
  std::string host = bridge.at.host;
  const auto secured = co_await bridge.remote->start_tls_client(*bridge.tls, std::move(host),
                                                                io::ProtocolOffer::Http1);
  if (!secured) co_return std::unexpected(secured.error());
  bridge.remote->set_deadline(Deadline());
  co_return Status();
}

/// What comes from the network; its end is handed on, and the descriptor's own is waited for.
io::Task<void> bring(Bridge& bridge, io::Event& over) {
  ByteVector block(kBlock);
  for (;;) {
    const auto got = co_await bridge.remote->read_some(block);
    if (!got || *got == 0) break;
    const ByteView octets = ByteView(block).first(*got);
    const auto given = co_await bridge.local->write_all(octets);
    wipe(block.data(), *got);
    if (!given) break;
  }
  (void)co_await bridge.local->finish_writing();
  over.set();
}

/// Until the descriptor is closed; what was written to it has gone out then.
io::Task<void> take(Bridge& bridge) {
  ByteVector block(kBlock);
  for (;;) {
    const auto got = co_await bridge.local->read_some(block);
    if (!got || *got == 0) break;
    const ByteView octets = ByteView(block).first(*got);
    const auto sent = co_await bridge.remote->write_all(octets);
    wipe(block.data(), *got);
    if (!sent) break;
  }
  (void)co_await bridge.remote->finish_writing();
}

io::Task<void> carry(io::Loop& loop, Bridge& bridge) {
  Status secured = co_await secure(loop, bridge);
  auto local = io::Stream::adopt(loop, bridge.theirs);
  if (secured && !local) secured = std::unexpected(local.error());
  if (local) bridge.local.emplace(std::move(*local));
  const bool is_secured = secured.has_value();
  bridge.secured.set_value(std::move(secured));
  if (is_secured) {
    io::Event over(loop);
    loop.spawn(bring(bridge, over));
    co_await take(bridge);
    const bool has_answered = co_await over.wait_until(loop.deadline_in(kLinger));
    bridge.remote->abort();
    bridge.local->abort();
    if (!has_answered) co_await over.wait();
  }
  loop.stop();
}

void work(const std::shared_ptr<Bridge>& bridge) {
  const SystemClock clock;
  io::Loop loop(clock);
  loop.spawn(carry(loop, *bridge));
  loop.run();
  bridge->local.reset();
  bridge->remote.reset();
}

/// Signals are the caller's: the thread takes none.
std::thread start(const std::shared_ptr<Bridge>& bridge) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(work, bridge);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace

SecureConnections::~SecureConnections() {
  for (auto& thread : threads_) thread.join();
}

Result<int> SecureConnections::connect(const std::string& authority, const std::string& ca_pem) {
  STRONGROOM_TRY(auto at, io::parse_endpoint(authority));
  STRONGROOM_TRY(const auto pair, io::socket_pair());
  const auto bridge = std::make_shared<Bridge>(std::move(at), ca_pem);
  bridge->theirs = pair.theirs;
  auto secured = bridge->secured.get_future();
  threads_.push_back(start(bridge));
  if (const Status done = secured.get(); !done) {
    ::close(pair.ours);
    return fail(Code::Unavailable,
                "no Strongroom answers at https://" + authority + ": " + done.error().message);
  }
  ::fcntl(pair.ours, F_SETFL, 0);  // the caller waits
  return pair.ours;
}

}  // namespace strongroom::app
