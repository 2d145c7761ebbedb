// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "http/client.h"
#include "io/net.h"
#include "io/tls/tls.h"

namespace strongroom::http {
namespace {

using namespace std::chrono_literals;

/// A server on a free port whose handler echoes what it got.
class ServerTest : public ::testing::Test {
 public:
  ServerTest() { start({}); }

  void start(ServerLimits limits) {
    server_ = std::make_unique<Server>(
        loop_, [this](ServerRequest& request) { return handle(request); }, limits);
    auto bound = io::listen_tcp({"127.0.0.1", 0});
    ASSERT_TRUE(bound);
    port_ = bound->bound.port;
    server_->listen(bound->fd);
  }

  io::Task<ServerResponse> handle(ServerRequest& request) {
    ++handled_;
    ServerResponse response;
    if (request.path == "/slow") {
      entered_.set();
      co_await release_.wait();
    }
    if (request.path == "/stream")
      response.stream = [](ResponseWriter& writer) { return write_events(writer); };
    if (request.path == "/switch" && request.upgrade == "echo/1") {
      response.status = 101;
      response.headers.emplace_back("Connection", "Upgrade");
      response.headers.emplace_back("Upgrade", "echo/1");
      response.take_over = [this](io::Stream stream) { loop_.spawn(echo(std::move(stream))); };
      co_return response;
    }
    response.body = request.method + " " + request.path;
    for (const auto& [name, value] : request.query) response.body += " " + name + "=" + value;
    response.body += " [" + std::string(request.body.text()) + "]";
    co_return response;
  }

  static io::Task<void> write_events(ResponseWriter& writer) {
    for (const std::string_view event : {"data: 1\n\n", "", "data: 2\n\n"}) {
      const Status status = co_await writer.write(event);
      if (!status) co_return;
    }
  }

  static io::Task<void> echo(io::Stream stream) {
    std::array<std::uint8_t, 64> block{};
    const MutableBytes room(block);
    const auto got = co_await stream.read_some(room);
    const ByteView octets(block.data(), got.value_or(0));
    (void)co_await stream.write_all(octets);
  }

  /// Runs a test's coroutine to its end on the loop; fails after 20 s.
  void run(io::Task<void> body) {
    loop_.spawn(finish(std::move(body)));
    loop_.spawn(watch());
    loop_.run();
    ASSERT_TRUE(finished_) << "the test took over 120 s";
  }
  io::Task<void> finish(io::Task<void> body) {
    co_await std::move(body);
    finished_ = true;
    loop_.stop();
  }
  io::Task<void> watch() {
    co_await loop_.sleep(120s);
    loop_.stop();
  }

  io::Task<io::Stream> connect() {
    const Deadline deadline = Deadline::after(clock_, 60s);
    std::string host = "127.0.0.1";
    auto stream =
        co_await io::dial_tcp(loop_, std::move(host), port_, io::PrivateAddresses::Allow, deadline);
    EXPECT_TRUE(stream);
    co_return std::move(*stream);
  }

  /// Sends `text` as it is and reads until the server ends the connection.
  io::Task<std::string> exchange(std::string text) {
    io::Stream stream = co_await connect();
    const ByteView octets = bytes_of(text);
    (void)co_await stream.write_all(octets);
    (void)co_await stream.finish_writing();
    std::string answer;
    std::array<std::uint8_t, 4096> block{};
    const MutableBytes room(block);
    std::size_t size = 1;
    while (size > 0) {
      const auto got = co_await stream.read_some(room);
      size = got.value_or(0);
      answer.append(text_of(ByteView(block).first(size)));
    }
    co_return answer;
  }

  SystemClock clock_;
  io::Loop loop_{clock_};
  io::Event entered_{loop_};
  io::Event release_{loop_};
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
  int handled_ = 0;
  bool finished_ = false;
};

TEST_F(ServerTest, RawExchanges) {
  struct Case {
    std::string name;
    std::string text;
    std::string starts;
    std::string holds;
  };
  const std::vector<Case> cases = {
      {"plain", "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n", "GET /a []"},
      {"query", "GET /a?x=1%202&y=a+b HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n",
       "GET /a x=1 2 y=a b []"},
      {"pipelined", "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
       "HTTP/1.1 200 OK\r\n", "GET /b []"},
      {"length", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
       "HTTP/1.1 200 OK\r\n", "POST /a [hello]"},
      {"chunked",
       "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
       "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
       "HTTP/1.1 200 OK\r\n", "POST /a [hello]"},
      {"expect",
       "POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: "
       "close\r\n\r\n",
       "HTTP/1.1 100 Continue\r\n\r\n", ""},
      {"close", "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n",
       "Connection: close"},
      {"HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "Connection: close"},
      {"HTTP/1.0 keep-alive",
       "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
       "HTTP/1.1 200 OK\r\n", "GET /b []"},
      {"HTTP/1.0 stream", "GET /stream HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n",
       "\r\n\r\ndata: 1\n\ndata: 2\n\n"},
      {"absolute form", "GET http://a/a HTTP/1.1\r\nHost: a\r\n\r\n",
       "HTTP/1.1 400 Bad Request\r\n", "\"code\":\"bad_request\""},
      {"bad escape in the query", "GET /a?x=%zz HTTP/1.1\r\nHost: a\r\n\r\n",
       "HTTP/1.1 400 Bad Request\r\n", ""},
      {"CL.TE",
       "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\nG",
       "HTTP/1.1 400 Bad Request\r\n", "Connection: close"},
      {"bad chunk", "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz",
       "HTTP/1.1 400 Bad Request\r\n", ""},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported\r\n",
       ""},
      {"too large by length",
       "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n" + std::string(100'000, 'x'),
       "HTTP/1.1 413 Content Too Large\r\n", ""},
      {"too large by chunks",
       "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" +
           std::string(2 << 20, 'x'),
       "HTTP/1.1 413 Content Too Large\r\n", ""},
      {"cut head", "GET /a HTTP/1.1\r\nHos", "", ""},
  };
  run([](ServerTest& test, const std::vector<Case>& all) -> io::Task<void> {
    for (const Case& each : all) {
      const std::string answer = co_await test.exchange(each.text);
      EXPECT_TRUE(answer.starts_with(each.starts)) << each.name << ": " << answer;
      EXPECT_NE(answer.find(each.holds), std::string::npos) << each.name << ": " << answer;
      if (each.starts.empty()) EXPECT_EQ(answer, "") << each.name;
    }
  }(*this, cases));
}

TEST_F(ServerTest, KeepsAliveThroughTheClient) {
  run([](ServerTest& test) -> io::Task<void> {
    io::Stream stream = co_await test.connect();
    ClientRequest request;
    request.method = "POST";
    request.target = "/x?a=%C3%A9";
    const std::string body(300'000, 'b');
    request.body = body;
    for (int i = 0; i < 3; ++i) {
      const auto response = co_await fetch(stream, request);
      EXPECT_TRUE(response);
      if (!response) co_return;
      EXPECT_EQ(response->status, 200);
      EXPECT_TRUE(response->keeps_alive);
      EXPECT_EQ(response->body, "POST /x a=\xc3\xa9 [" + body + "]");
    }
  }(*this));
  EXPECT_EQ(handled_, 3);
}

TEST_F(ServerTest, StreamsAResponse) {
  run([](ServerTest& test) -> io::Task<void> {
    io::Stream stream = co_await test.connect();
    ClientRequest request;
    request.target = "/stream";
    const auto response = co_await fetch(stream, request);
    EXPECT_TRUE(response);
    EXPECT_EQ(response->header("transfer-encoding"), "chunked");
    EXPECT_EQ(response->body, "data: 1\n\ndata: 2\n\n");
  }(*this));
}

TEST_F(ServerTest, HeadHasNoBody) {
  run([](ServerTest& test) -> io::Task<void> {
    io::Stream stream = co_await test.connect();
    ClientRequest request;
    request.method = "HEAD";
    const auto response = co_await fetch(stream, request);
    EXPECT_TRUE(response);
    EXPECT_EQ(response->body, "");
    EXPECT_EQ(response->header("content-length"), "9");  // HEAD / []
  }(*this));
}

TEST_F(ServerTest, HandsTheConnectionOver) {
  run([](ServerTest& test) -> io::Task<void> {
    io::Stream stream = co_await test.connect();
    ClientRequest request;
    request.method = "POST";
    request.target = "/switch";
    request.headers.emplace_back("Connection", "Upgrade");
    request.headers.emplace_back("Upgrade", "echo/1");
    const auto response = co_await fetch(stream, request);
    EXPECT_TRUE(response);
    EXPECT_EQ(response->status, 101);
    const ByteView hello = bytes_of("hello");
    (void)co_await stream.write_all(hello);
    std::array<std::uint8_t, 16> block{};
    const MutableBytes room(block);
    const auto got = co_await stream.read_some(room);
    EXPECT_EQ(text_of(ByteView(block).first(got.value_or(0))), "hello");
  }(*this));
}

TEST_F(ServerTest, RefusesOctetsBeforeTheSwitch) {
  run([](ServerTest& test) -> io::Task<void> {
    std::string text =
        "POST /switch HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: "
        "echo/1\r\nContent-Length: 0\r\n\r\nearly";
    const std::string answer = co_await test.exchange(std::move(text));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400")) << answer;
  }(*this));
}

TEST_F(ServerTest, EndsAConnectionThatIsTooSlow) {
  ServerLimits limits;
  limits.head_time = 100ms;
  limits.body_time = 100ms;
  limits.idle_time = 100ms;
  start(limits);
  run([](ServerTest& test) -> io::Task<void> {
    for (const std::string_view text :
         {"", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"}) {
      io::Stream stream = co_await test.connect();
      const ByteView octets = bytes_of(text);
      if (!octets.empty()) (void)co_await stream.write_all(octets);
      std::array<std::uint8_t, 16> block{};
      const MutableBytes room(block);
      const auto got = co_await stream.read_some(room);
      EXPECT_EQ(got.value_or(0), 0U) << text;
    }
  }(*this));
  EXPECT_EQ(handled_, 0);
}

TEST_F(ServerTest, StopWaitsForTheBusyAndEndsTheIdle) {
  run([](ServerTest& test) -> io::Task<void> {
    io::Stream idle = co_await test.connect();
    io::Stream busy = co_await test.connect();
    const ByteView slow = bytes_of("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)co_await busy.write_all(slow);
    co_await test.entered_.wait();
    test.loop_.spawn(
        [](ServerTest& same) -> io::Task<void> { co_await same.server_->stop(10s); }(test));
    std::array<std::uint8_t, 4096> block{};
    const MutableBytes room(block);
    const auto nothing = co_await idle.read_some(room);
    EXPECT_EQ(nothing.value_or(0), 0U);
    test.release_.set();
    const auto got = co_await busy.read_some(room);
    const std::string answer(text_of(ByteView(block).first(got.value_or(0))));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  }(*this));
}

TEST_F(ServerTest, StopEndsWhatTakesTooLong) {
  run([](ServerTest& test) -> io::Task<void> {
    io::Stream busy = co_await test.connect();
    const ByteView slow = bytes_of("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)co_await busy.write_all(slow);
    co_await test.entered_.wait();
    co_await test.server_->stop(50ms);
    std::array<std::uint8_t, 64> block{};
    const MutableBytes room(block);
    const auto got = co_await busy.read_some(room);
    EXPECT_EQ(got.value_or(0), 0U);
    test.release_.set();
  }(*this));
}

TEST_F(ServerTest, IdleConnectionsKeepNobodyOut) {
  ServerLimits limits;
  limits.max_connections = 4;
  start(limits);
  run([](ServerTest& test) -> io::Task<void> {
    std::vector<io::Stream> idle;
    for (int i = 0; i < 20; ++i) {
      io::Stream stream = co_await test.connect();
      idle.push_back(std::move(stream));
    }
    io::Stream last = co_await test.connect();
    ClientRequest request;
    const auto response = co_await fetch(last, request);
    EXPECT_TRUE(response);
    EXPECT_LE(test.server_->connections(), 4U);
  }(*this));
  EXPECT_EQ(handled_, 1);
}

TEST_F(ServerTest, KnowsTheUserAtAUnixSocket) {
  char folder[] = "/tmp/strongroom-http-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/s";
  std::optional<int> uid;
  Server server(loop_, [&uid](ServerRequest& request) -> io::Task<ServerResponse> {
    uid = request.peer.unix_uid;
    co_return ServerResponse();
  });
  auto fd = io::listen_unix(path);
  ASSERT_TRUE(fd);
  server.listen(*fd);
  run([](ServerTest& test, std::string where) -> io::Task<void> {
    auto stream = co_await io::dial_unix(test.loop_, std::move(where));
    EXPECT_TRUE(stream);
    ClientRequest request;
    const auto response = co_await fetch(*stream, request);
    EXPECT_TRUE(response);
  }(*this, path));
  EXPECT_EQ(uid, static_cast<int>(::getuid()));
  ::unlink(path.c_str());
  ::rmdir(folder);
}

TEST_F(ServerTest, SpeaksTlsAndPlainHttpOnOnePort) {
  const auto authority = io::make_authority("Test");
  ASSERT_TRUE(authority);
  const auto leaf = io::make_leaf(*authority, {"localhost"});
  ASSERT_TRUE(leaf);
  auto tls = io::TlsServer::create(*leaf);
  ASSERT_TRUE(tls);
  server_->offer_tls(std::make_shared<const io::TlsServer>(std::move(*tls)));
  auto client = io::TlsClient::create(authority->chain_pem);
  ASSERT_TRUE(client);
  run([](ServerTest& test, const io::TlsClient& trusting) -> io::Task<void> {
    for (const bool is_secure : {true, false}) {
      const Deadline deadline = Deadline::after(test.clock_, 60s);
      std::string host = "127.0.0.1";
      auto stream = co_await io::dial_tcp(test.loop_, std::move(host), test.port_,
                                          io::PrivateAddresses::Allow, deadline);
      EXPECT_TRUE(stream);
      if (is_secure) {
        std::string name = "localhost";
        const Status secured =
            co_await stream->start_tls_client(trusting, std::move(name), io::ProtocolOffer::Http1);
        EXPECT_TRUE(secured);
      }
      ClientRequest request;
      request.target = "/a";
      const auto response = co_await fetch(*stream, request);
      EXPECT_TRUE(response && response->body == "GET /a []");
    }
  }(*this, *client));
}

}  // namespace
}  // namespace strongroom::http
