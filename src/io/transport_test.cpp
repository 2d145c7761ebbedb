// Streams under load and in trouble, with real sockets. SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "io/dial/addresses.h"
#include "io/dial/resolver.h"
#include "io/echo_for_test.h"

namespace {
std::atomic<std::size_t> allocations{0};
}  // namespace

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
// Counted for the whole test program, below operator new: Asio allocates with aligned_alloc,
// OpenSSL with malloc.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void* malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
}
#endif

namespace strongroom::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Transport : public Echo {};

TEST_F(Transport, unix_sockets_carry_octets_and_tell_who_is_there) {
  char folder[] = "/tmp/io-test-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/socket";
  const auto fd = listen_unix(path);
  ASSERT_TRUE(fd) << fd.error().message;
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  serve_at(*fd);
  Status done;
  run(use_once(
      dial_unix(loop, path),
      [](Stream& stream) {
        EXPECT_EQ(stream.peer().unix_uid, static_cast<int>(::getuid()));
        EXPECT_EQ(stream.peer().unix_pid, static_cast<int>(::getpid()));
        return round_trip(stream, 300'000);
      },
      done));
  EXPECT_TRUE(done) << done.error().message;
  const auto again = listen_unix(path);
  EXPECT_TRUE(again) << "a stale file is replaced";
  ::close(*again);
  ::unlink(path.c_str());
  ::rmdir(folder);
}

TEST_F(Transport, two_parts_arrive_in_order_over_plain_and_tls) {
  const auto both = [](Stream& stream) -> Task<Status> {
    for (const std::size_t size : {0U, 1U, 1000U, 15'000U, 16'384U, 100'000U}) {
      ByteVector whole(size + 500);
      for (std::size_t i = 0; i < whole.size(); ++i)
        whole[i] = static_cast<std::uint8_t>(i * 7 + size);
      const ByteView view(whole);
      const auto sent = co_await stream.write_all(view.first(500), view.subspan(500));
      if (!sent) co_return sent;
      const auto back = co_await expect(stream, view);
      if (!back) co_return back;
    }
    co_return Status();
  };
  listen();
  const auto plain = once(both);
  EXPECT_TRUE(plain) << plain.error().message;
  acceptor.reset();
  listen({"api.example.com"});
  const auto client = TlsClient::create(authority.chain_pem);
  const auto secured = once_over_tls(*client, "api.example.com", both);
  EXPECT_TRUE(secured) << secured.error().message;
}

TEST_F(Transport, A3_names_are_matched_as_a_whole) {
  const auto client = TlsClient::create(authority.chain_pem);
  const auto hello = [](Stream& stream) { return round_trip(stream, 10); };
  listen({"*.example.com", "127.0.0.1"});
  EXPECT_TRUE(once_over_tls(*client, "a.example.com", hello));
  EXPECT_TRUE(once_over_tls(*client, "127.0.0.1", hello)) << "an address is matched as an address";
  EXPECT_FALSE(once_over_tls(*client, "a.b.example.com", hello));
  EXPECT_FALSE(once_over_tls(*client, "example.com", hello));
  EXPECT_FALSE(once_over_tls(*client, "127.0.0.2", hello));
  acceptor.reset();
  listen({"a*.example.com"});
  EXPECT_FALSE(once_over_tls(*client, "ab.example.com", hello))
      << "no part of a label may be a wildcard";
}

/// What the server chose of the offer; the reason of its refusal otherwise.
Task<void> negotiate(Task<Result<Stream>> dialled, const TlsClient& client, ProtocolOffer offer,
                     std::string& out) {
  auto stream = co_await std::move(dialled);
  if (!stream) co_return;
  const auto done = co_await stream->start_tls_client(client, "api.example.com", offer);
  out = done ? std::string(stream->tls_protocol()) : done.error().reason;
}

TEST_F(Transport, protocols_are_offered_for_each_connection_by_itself) {
  using Protocols = TlsServer::Protocols;
  listen({"api.example.com"});
  const auto leaf = make_leaf(authority, {"api.example.com"});
  const auto client = TlsClient::create(authority.chain_pem);
  const auto chosen = [&](Protocols protocols, ProtocolOffer offer) {
    tls = std::move(*TlsServer::create(*leaf, protocols));
    std::string out;
    run(negotiate(dial(), *client, offer, out));
    return out;
  };
  EXPECT_EQ(chosen(Protocols::Http1, ProtocolOffer::Http1), "http/1.1");
  EXPECT_EQ(chosen(Protocols::Http1, ProtocolOffer::Http2AndHttp1), "http/1.1");
  EXPECT_EQ(chosen(Protocols::Http2AndHttp1, ProtocolOffer::Http1), "http/1.1");
  EXPECT_EQ(chosen(Protocols::Http2AndHttp1, ProtocolOffer::Http2AndHttp1), "h2");
  EXPECT_EQ(chosen(Protocols::Http2, ProtocolOffer::Http2AndHttp1), "h2");
  EXPECT_EQ(chosen(Protocols::Http2, ProtocolOffer::Http1), kNoCommonProtocol);
}

/// Reads nothing until the sender has been held back, then everything.
TEST_F(Transport, a_slow_reader_holds_the_sender_back) {
  const auto pair = socket_pair();
  ASSERT_TRUE(pair);
  auto sender = Stream::adopt(loop, pair->ours);
  auto reader = Stream::adopt(loop, pair->theirs);
  const ByteVector large(16_MiB, 's');
  bool is_sent = false;
  const auto send = [&]() -> Task<void> {
    const auto done = co_await sender->write_all(large);
    EXPECT_TRUE(done);
    is_sent = true;
    (void)co_await sender->finish_writing();
  };
  std::size_t received = 0;
  const auto read = [&]() -> Task<void> {
    co_await loop.sleep(milliseconds(100));
    EXPECT_FALSE(is_sent) << "16 MiB are more than the kernel keeps";
    ByteVector block(65536);
    for (;;) {
      const auto got = co_await reader->read_some(block);
      if (!got || *got == 0) break;
      received += *got;
    }
  };
  loop.spawn(send());
  run(read());
  EXPECT_EQ(received, large.size());
  EXPECT_TRUE(is_sent);
}

TEST_F(Transport, a_deadline_ends_a_write_that_nobody_reads) {
  const auto pair = socket_pair();
  auto sender = Stream::adopt(loop, pair->ours);
  const ByteVector large(16_MiB, 's');
  Status done;
  const auto send = [&]() -> Task<void> {
    sender->set_deadline(Deadline::after(clock, milliseconds(50)));
    done = co_await sender->write_all(large);
  };
  run(send());
  ::close(pair->theirs);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Timeout);
}

TEST_F(Transport, abort_is_final_even_when_the_descriptor_is_used_again) {
  listen({"api.example.com"});
  const auto client = TlsClient::create(authority.chain_pem);
  const auto done = once_over_tls(*client, "api.example.com", [](Stream& stream) -> Task<Status> {
    const int before = stream.native_handle();
    stream.abort();
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    if (ends[0] != before && ends[1] != before)
      EXPECT_EQ(::dup3(ends[1], before, O_CLOEXEC), before);
    const auto sent = co_await stream.write_all(bytes_of("must reach nobody"));
    char octet = 0;
    EXPECT_LT(::read(ends[0], &octet, 1), 0);
    for (const int fd : {ends[0], ends[1]}) ::close(fd);
    if (ends[0] != before && ends[1] != before) ::close(before);
    co_return sent;
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Cancelled);
}

TEST_F(Transport, the_end_of_a_peer_is_noticed_while_nobody_reads) {
  for (const bool is_tls : {false, true}) {
    if (is_tls) acceptor.reset();
    if (is_tls)
      listen({"api.example.com"});
    else
      listen();
    const auto client = TlsClient::create(authority.chain_pem);
    const auto use = [](Stream& stream) -> Task<Status> {
      EXPECT_FALSE(stream.has_peer_ended());
      EXPECT_FALSE(stream.is_stale());
      bool is_woken = false;
      Event noticed(stream.loop());
      stream.watch_readable([&] {
        is_woken = true;
        noticed.set();
      });
      (void)co_await stream.finish_writing();  // the echo server ends its side then
      const auto deadline = Deadline::after(stream.loop().clock(), seconds(60));
      (void)co_await noticed.wait_until(deadline);
      EXPECT_TRUE(is_woken);
      for (int i = 0; i < 12'000 && !stream.has_peer_ended(); ++i)
        co_await stream.loop().sleep(milliseconds(5));
      EXPECT_TRUE(stream.has_peer_ended());
      EXPECT_TRUE(stream.is_stale());
      co_return Status();
    };
    const auto done = is_tls ? once_over_tls(*client, "api.example.com", use) : once(use);
    EXPECT_TRUE(done) << done.error().message;
  }
}

TEST_F(Transport, a_peer_that_resets_raises_no_signal) {
  std::signal(SIGPIPE, SIG_DFL);
  const auto pair = socket_pair();
  auto stream = Stream::adopt(loop, pair->ours);
  ::close(pair->theirs);
  Status done;
  const auto send = [&]() -> Task<void> { done = co_await stream->write_all(bytes_of("x")); };
  run(send());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::Network);
}

Task<void> count_down(Task<void> task, int& left, Loop& loop) {
  co_await std::move(task);
  if (--left == 0) loop.stop();
}

TEST_F(Transport, a_thousand_connections_at_once) {
  listen();
  constexpr int kConnections = 1000;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8192);
  ::setrlimit(RLIMIT_NOFILE, &files);
  int left = kConnections;
  std::vector<Status> done(kConnections);
  for (int i = 0; i < kConnections; ++i) {
    auto use = use_once(
        dial(), [](Stream& stream) { return round_trip(stream, 3000); },
        done[static_cast<std::size_t>(i)]);
    loop.spawn(count_down(std::move(use), left, loop));
  }
  loop.run();
  for (const auto& each : done) ASSERT_TRUE(each) << each.error().message;
  EXPECT_EQ(accepted, 1000U);
}

TEST_F(Transport, N5_descriptor_exhaustion_is_survived) {
  listen();
  std::vector<int> hoard;
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{256, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  // One descriptor is left: for the client's socket, none for the server's.
  for (int fd = 0; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) hoard.push_back(fd);
  ::close(hoard.back());
  hoard.pop_back();
  const auto release = [](Transport& self, std::vector<int>& held) -> Task<void> {
    co_await self.loop.sleep(milliseconds(250));
    EXPECT_EQ(self.accepted, 0U);
    for (const int fd : held) ::close(fd);
  };
  loop.spawn(release(*this, hoard));
  const auto done = once([](Stream& stream) { return round_trip(stream, 100); });
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_EQ(accepted, 1U);
}

/// Round trips between two coroutines of one loop.
Task<Status> many_round_trips(Stream& stream, int count, ByteVector& block) {
  for (int i = 0; i < count; ++i) {
    const auto sent =
        co_await stream.write_all(ByteView(block).first(100), ByteView(block).first(200));
    if (!sent) co_return sent;
    std::size_t received = 0;
    while (received < 300) {
      const auto got = co_await stream.read_some(block);
      if (!got) co_return std::unexpected(got.error());
      received += *got;
    }
  }
  co_return Status();
}

Task<Status> counted_round_trips(Stream& stream, std::size_t& counted) {
  ByteVector block(65536);
  stream.set_deadline(Deadline::after(stream.loop().clock(), seconds(60)));
  const auto warm = co_await many_round_trips(stream, 200, block);
  if (!warm) co_return warm;
  const std::size_t before = allocations.load();
  const auto measured = co_await many_round_trips(stream, 2000, block);
  counted = allocations.load() - before;
  co_return measured;
}

TEST_F(Transport, the_steady_state_allocates_nothing) {
  std::size_t plain = 1;
  listen();
  EXPECT_TRUE(once([&](Stream& stream) { return counted_round_trips(stream, plain); }));
  EXPECT_LE(plain, 2U) << "in 2,000 round trips";
  acceptor.reset();
  listen({"api.example.com"});
  const auto client = TlsClient::create(authority.chain_pem);
  std::size_t secured = 1;
  EXPECT_TRUE(once_over_tls(*client, "api.example.com",
                            [&](Stream& stream) { return counted_round_trips(stream, secured); }));
  // OpenSSL's own, seven at either end: it gives its buffers back whenever a connection idles, so
  // that idle streams stay small.
  EXPECT_LE(secured, 14U * 2000U + 2U) << "in 2,000 round trips";
  RecordProperty("tls_allocations", static_cast<int>(secured));
}

TEST(Resolver, answers_from_the_system_and_survives_the_end_of_its_loop) {
  const SystemClock clock;
  for (int round = 0; round < 20; ++round) {
    Loop loop(clock);
    Result<std::vector<ResolvedAddress>> found;
    std::string name = "localhost";  // in another spelling each time, so that none is remembered
    for (std::size_t bit = 0; bit < 5; ++bit)
      if (((round >> bit) & 1) != 0) name[bit] = static_cast<char>(name[bit] - 'a' + 'A');
    loop.spawn(
        [](Loop& own, std::string host, Result<std::vector<ResolvedAddress>>& out) -> Task<void> {
          out = co_await resolve(own, host, 80, Deadline());
          own.stop();
        }(loop, name, found));
    if (round % 2 == 1) loop.post([&loop] { loop.stop(); });  // before the answer, as a rule
    loop.run();
    if (round % 2 == 0) {
      EXPECT_TRUE(found) << found.error().message;
    }
  }
}

struct Reached {
  const char* address;
  bool is_private;
};

TEST(PrivateAddresses, G1_table) {
  constexpr Reached kTable[] = {{"127.0.0.1", true},
                                {"127.255.255.254", true},
                                {"0.0.0.0", true},
                                {"0.1.2.3", true},
                                {"10.0.0.1", true},
                                {"100.64.0.1", true},
                                {"100.127.255.255", true},
                                {"100.128.0.1", false},
                                {"169.254.169.254", true},
                                {"172.16.0.1", true},
                                {"172.31.255.255", true},
                                {"172.32.0.1", false},
                                {"192.0.0.8", true},
                                {"192.0.2.1", true},
                                {"192.168.1.1", true},
                                {"192.169.0.1", false},
                                {"198.18.0.1", true},
                                {"168.63.129.16", true},
                                {"168.63.129.17", false},
                                {"198.51.100.7", true},
                                {"203.0.113.7", true},
                                {"224.0.0.1", true},
                                {"240.0.0.1", true},
                                {"255.255.255.255", true},
                                {"8.8.8.8", false},
                                {"1.1.1.1", false},
                                {"::1", true},
                                {"::", true},
                                {"::ffff:127.0.0.1", true},
                                {"::ffff:8.8.8.8", true},
                                {"::127.0.0.1", true},
                                {"64:ff9b::7f00:1", true},
                                {"64:ff9b:1::1", true},
                                {"2002:7f00:1::", true},
                                {"2001::1", true},
                                {"2001:db8::1", true},
                                {"3fff:abc::1", true},
                                {"fc00::1", true},
                                {"fd00::1", true},
                                {"fe80::1", true},
                                {"ff02::1", true},
                                {"fec0::1", true},
                                {"100::1", true},
                                {"2606:4700::1111", false},
                                {"2a00:1450:4001:81b::200e", false}};
  const SystemClock clock;
  Loop loop(clock);
  for (const auto& [address, is_private] : kTable) {
    Result<std::vector<ResolvedAddress>> found;
    loop.spawn(
        [](Loop& own, std::string host, Result<std::vector<ResolvedAddress>>& out) -> Task<void> {
          out = co_await resolve(own, host, 443, Deadline());
          own.stop();
        }(loop, address, found));
    loop.run();
    ASSERT_TRUE(found) << address;
    EXPECT_EQ(is_private_address(found->at(0).storage), is_private) << address;
  }
}

}  // namespace
}  // namespace strongroom::io
