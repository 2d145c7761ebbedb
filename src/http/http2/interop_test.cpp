// Against programs that are not ours: curl and node as clients, nginx as a server (not nghttp2).
// Each test is left out where its program is missing. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "http/http2/sessions_for_test.h"
#include "io/net.h"
#include "io/process/process.h"

namespace strongroom::http {
namespace {

using namespace std::chrono_literals;
using Kind = Http2EventKind;

/// A directory of its own, removed at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "http2-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string at(const std::string& name) const { return (path_ / name).string(); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(at(name), std::ios::binary) << text;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(at(name), std::ios::binary).rdbuf();
    return text.str();
  }

 private:
  std::filesystem::path path_;
};

class Http2Interop : public ::testing::Test {
 protected:
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

  SystemClock clock_;
  io::Loop loop_{clock_};
  Folder folder_;
  bool finished_ = false;
};

// Our server, their clients.

/// Answers each request with its own head and then its body, octet by octet the same.
class Echo {
 public:
  explicit Echo(const Clock& clock) : session_(Http2Role::Server, clock) {}

  static io::Task<void> serve(const Clock& clock, io::Stream stream) {
    Echo echo(clock);
    std::vector<std::uint8_t> room(16384);
    std::vector<std::uint8_t> output(16384);
    const MutableBytes into(room);
    for (;;) {
      while (echo.session_.wants_output()) {
        const std::size_t size = echo.session_.take_output(output);
        const ByteView octets = ByteView(output).first(size);
        const Status written = co_await stream.write_all(octets);
        if (!written) co_return;
        echo.handle_events();
      }
      if (echo.session_.is_finished()) co_return;
      const auto got = co_await stream.read_some(into);
      if (!got || *got == 0) co_return;
      (void)echo.session_.feed(ByteView(room).first(*got));
      echo.handle_events();
    }
  }

 private:
  void handle_events() {
    while (auto event = session_.next_event()) {
      if (event->kind == Kind::Request) answer(*event);
      if (event->kind == Kind::Closed)
        session_.release(event->stream);
      else if (event->stream != 0)
        relay(event->stream);
    }
  }
  void answer(const Http2Event& request) {
    const RequestHead head = request_head(request.text);
    ResponseHead answer = response_head("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
    answer.headers.push("x-method", head.method, Name::Other);
    answer.headers.push("x-target", head.target, Name::Other);
    EXPECT_TRUE(session_.submit_answer(request.stream, answer, Http2End::Open));
  }
  void relay(Http2StreamId id) {
    for (;;) {
      const ByteView run = session_.readable(id);
      const bool is_last = run.empty() && session_.has_ended(id);
      if (run.empty() && !is_last) return;
      const auto taken = session_.send_data(id, run, is_last ? Http2End::Ends : Http2End::Open);
      if (!taken || is_last) return;
      session_.consume(id, *taken);
      if (*taken < run.size()) return;
    }
  }
  Http2Session session_;
};

class Http2Clients : public Http2Interop {
 protected:
  void SetUp() override {
    if (::access("/usr/bin/curl", X_OK) != 0) GTEST_SKIP() << "no curl";
    auto bound = io::listen_tcp({"127.0.0.1", 0});
    ASSERT_TRUE(bound);
    url_ = "http://127.0.0.1:" + std::to_string(bound->bound.port);
    acceptor_ = std::make_unique<io::Acceptor>(loop_, bound->fd, [this](io::Stream stream) {
      loop_.spawn(Echo::serve(clock_, std::move(stream)));
    });
  }
  io::Task<int> curl(std::vector<std::string> arguments) {
    io::Spawn child;
    child.program = "/usr/bin/curl";
    child.arguments = {"-q", "-sS", "--http2-prior-knowledge", "--noproxy", "*", "-m", "20"};
    child.arguments.insert(child.arguments.end(), arguments.begin(), arguments.end());
    const auto pid = io::spawn(child);
    EXPECT_TRUE(pid);
    const int id = pid.value_or(0);
    const auto ended = co_await io::exit_of(loop_, id);
    co_return ended.value_or(-1);
  }
  std::string url_;
  std::unique_ptr<io::Acceptor> acceptor_;
};

TEST_F(Http2Clients, GetAndLargePost) {
  std::string large;
  for (int i = 0; i < 400'000; ++i) large += std::to_string(i);
  folder_.write("body", large);
  const auto body = [this]() -> io::Task<void> {
    std::vector<std::string> get = {"-D", folder_.at("head"), "-o", folder_.at("got"),
                                    url_ + "/a?b=c"};
    const int first = co_await curl(std::move(get));
    EXPECT_EQ(first, 0);
    std::vector<std::string> post = {"-o", folder_.at("echo"), "--data-binary",
                                     "@" + folder_.at("body"), url_ + "/post"};
    const int second = co_await curl(std::move(post));
    EXPECT_EQ(second, 0);
  };
  run(body());
  const std::string head = folder_.read("head");
  EXPECT_TRUE(head.starts_with("HTTP/2 200")) << head;
  EXPECT_NE(head.find("x-method: GET\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("x-target: /a?b=c\r\n"), std::string::npos) << head;
  EXPECT_EQ(folder_.read("got"), "");
  EXPECT_TRUE(folder_.read("echo") == large) << "2.3 MiB there and back through the windows";
}

/// (curl 7.88 fails on a connection that it uses again without an upgrade, with nginx as with us.)
/// 300 requests at once on one connection, each in pieces; every third is cancelled half-way.
constexpr std::string_view kNodeScript = R"(
const http2 = require('http2');
const session = http2.connect(process.argv[1]);
session.on('error', (e) => { console.error(e); process.exit(2); });
let left = 300, wrong = 0;
for (let i = 0; i < 300; i++) {
  const stream = session.request({':method': 'POST', ':path': '/' + i, 'x-n': String(i)});
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (piece) => { text += piece; if (i % 3 == 0) stream.close(8); });
  stream.on('error', () => {});
  stream.on('close', () => {
    if (i % 3 != 0 && text != ('piece ' + i).repeat(2000)) wrong++;
    if (--left == 0) { session.close(); process.exitCode = wrong ? 1 : 0; }
  });
  stream.write(('piece ' + i).repeat(1000));
  setImmediate(() => stream.end(('piece ' + i).repeat(1000)));
}
)";

TEST_F(Http2Clients, ManyAtOnceFromNode) {
  if (::access("/usr/bin/node", X_OK) != 0) GTEST_SKIP() << "no node";
  const auto body = [this]() -> io::Task<void> {
    io::Spawn child;
    child.program = "/usr/bin/node";
    child.arguments = {"-e", std::string(kNodeScript), url_};
    const auto pid = io::spawn(child);
    EXPECT_TRUE(pid);
    const int id = pid.value_or(0);
    const auto ended = co_await io::exit_of(loop_, id);
    EXPECT_EQ(ended.value_or(-1), 0);
  };
  run(body());
}

// Our client, nginx.

class Http2Nginx : public Http2Interop {
 protected:
  void SetUp() override {
    if (::access("/usr/sbin/nginx", X_OK) != 0) GTEST_SKIP() << "no nginx";
    for (int i = 0; i < 300'000; ++i) large_ += std::to_string(i);
    folder_.write("large", large_);
    folder_.write("small", "small");
    folder_.write("nginx.conf",
                  "daemon off; master_process off; pid " + folder_.at("pid") + "; error_log " +
                      folder_.at("log") +
                      "; events {} http { access_log off; "
                      "client_body_temp_path " +
                      folder_.at("b") + "; proxy_temp_path " + folder_.at("p") +
                      "; fastcgi_temp_path " + folder_.at("f") + "; uwsgi_temp_path " +
                      folder_.at("u") + "; scgi_temp_path " + folder_.at("s") +
                      "; server { listen unix:" + folder_.at("socket") + " http2; root " +
                      folder_.at("") + "; location /trailing { add_trailer x-end done; alias " +
                      folder_.at("small") + "; } } }");
    io::Spawn child;
    child.program = "/usr/sbin/nginx";
    child.arguments = {"-p", folder_.at(""),   "-c", folder_.at("nginx.conf"),
                       "-e", folder_.at("log")};
    const auto pid = io::spawn(child);
    ASSERT_TRUE(pid);
    pid_ = *pid;
  }
  void TearDown() override {
    if (pid_ > 0) (void)::kill(pid_, SIGKILL);
  }
  /// As soon as nginx listens.
  io::Task<io::Stream> connect() {
    for (;;) {
      std::string path = folder_.at("socket");
      auto stream = co_await io::dial_unix(loop_, std::move(path));
      if (stream) co_return std::move(*stream);
      co_await loop_.sleep(10ms);
    }
  }
  struct Answer {
    std::string head;
    std::string body;
    std::string trailers;
    bool is_whole = false;
    std::uint32_t code = 999;
  };
  /// Sends all requests on one connection and waits until each stream is closed.
  io::Task<void> exchange(std::vector<std::string> requests) {
    io::Stream stream = co_await connect();
    Http2Session session(Http2Role::Client, clock_);
    for (const std::string& text : requests) {
      const auto end = text.starts_with("POST") ? Http2End::Open : Http2End::Ends;
      const auto id = session.submit_request(request_head(text), Http2Scheme::Http, end);
      EXPECT_TRUE(id);
      if (end == Http2End::Open)
        EXPECT_TRUE(session.send_data(id.value_or(0), bytes_of("posted"), Http2End::Ends));
    }
    std::vector<std::uint8_t> room(16384);
    const MutableBytes into(room);
    std::size_t closed = 0;
    while (closed < requests.size()) {
      while (session.wants_output()) {
        const std::size_t size = session.take_output(into);
        const ByteView octets = ByteView(room).first(size);
        const Status written = co_await stream.write_all(octets);
        if (!written) co_return;
      }
      const auto got = co_await stream.read_some(into);
      if (!got || *got == 0) break;
      const Status fed = session.feed(ByteView(room).first(*got));
      EXPECT_TRUE(fed);
      while (auto event = session.next_event()) {
        Answer& answer = answers_[event->stream];
        if (event->kind == Kind::Answer) answer.head = event->text;
        if (event->kind == Kind::Trailers) answer.trailers = event->text;
        if (event->kind == Kind::Data) answer.body += read_all(session, event->stream);
        if (event->kind == Kind::End) answer.is_whole = true;
        if (event->kind != Kind::Closed) continue;
        answer.code = event->code;
        session.release(event->stream);
        ++closed;
      }
    }
    EXPECT_EQ(session.held_streams(), 0U);
  }
  std::string large_;
  int pid_ = 0;
  std::map<Http2StreamId, Answer> answers_;
};

TEST_F(Http2Nginx, ManyKindsOfAnswers) {
  std::vector<std::string> requests = {
      "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
      "HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /missing HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /small HTTP/1.1\r\nHost: a\r\n"
      "Content-Length: 6\r\n\r\n",
      "GET /trailing HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /small HTTP/1.1\r\nHost: a\r\n"
      "Cookie: a=b; c=d\r\nConnection: x-a\r\n"
      "X-A: 1\r\nAuthorization: Bearer x\r\n\r\n",
  };
  for (int i = 0; i < 60; ++i) requests.push_back("GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
  run(exchange(std::move(requests)));
  EXPECT_TRUE(answers_[1].head.starts_with("HTTP/1.1 200 OK\r\n")) << answers_[1].head;
  EXPECT_TRUE(answers_[1].body == large_);
  EXPECT_NE(answers_[3].head.find("content-length: " + std::to_string(large_.size())),
            std::string::npos);
  EXPECT_EQ(answers_[3].body, "");
  EXPECT_TRUE(answers_[5].head.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_TRUE(answers_[7].head.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_EQ(answers_[9].body, "small");
  EXPECT_EQ(answers_[9].trailers, "x-end: done\r\n");
  for (Http2StreamId id = 11; id < 2 * 66; id += 2) EXPECT_EQ(answers_[id].body, "small") << id;
  for (const auto& [id, answer] : answers_) {
    EXPECT_TRUE(answer.is_whole) << id;
    EXPECT_EQ(answer.code, 0U) << id;
  }
}

}  // namespace
}  // namespace strongroom::http
