// Clients that others wrote, told by their variables alone whom to trust, against a TLS server that
// mints what they ask for. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "io/authority/authority_for_test.h"
#include "io/authority/ca_bundle.h"
#include "io/authority/leaf_mint.h"
#include "io/net.h"

namespace strongroom::io {
namespace {

/// Says to each client which host it was taken for. As in the gateway, the certificate is the one
/// for the host of the client's tunnel, or else for the name that it asks for.
class Server {
 public:
  Server(LeafMint& mint, std::string tunnel_host)
      : mint_(mint), tunnel_host_(std::move(tunnel_host)) {
    const auto bound = listen_tcp({"127.0.0.1", 0});
    EXPECT_TRUE(bound);
    port = bound->bound.port;
    acceptor_ = std::make_unique<Acceptor>(
        loop_, bound->fd, [this](Stream stream) { loop_.spawn(serve(std::move(stream))); });
    thread_ = std::thread([this] { loop_.run(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    loop_.stop();
    thread_.join();
  }
  int port = 0;

 private:
  Task<void> serve(Stream stream) {
    stream.set_deadline(loop_.deadline_in(std::chrono::seconds(60)));
    const auto asked = co_await stream.read_server_name(undecided_);
    const std::string host = asked && tunnel_host_.empty() ? *asked : tunnel_host_;
    const auto server = mint_.server_for(host);
    if (!asked || !server) co_return;
    const auto secured = co_await stream.continue_tls_server(**server);
    if (!secured) co_return;
    std::string request;
    ByteVector block(1024);
    while (request.find("\r\n\r\n") == std::string::npos) {
      const auto got = co_await stream.read_some(block);
      if (!got || *got == 0) co_return;
      request += text_of(ByteView(block).first(*got));
    }
    const std::string answer =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(host.size()) +
        "\r\n\r\n" + host;
    (void)co_await stream.write_all(bytes_of(answer));
    (void)co_await stream.finish_writing();
  }

  LeafMint& mint_;
  std::string tunnel_host_;
  TlsServer undecided_ = std::move(*TlsServer::undecided());
  SystemClock clock_;
  Loop loop_{clock_};
  std::unique_ptr<Acceptor> acceptor_;
  std::thread thread_;
};

struct Client {
  const char* name;
  const char* probe;  ///< succeeds where the client is installed
  /// Prints what https://HOST:PORT at 127.0.0.1 answers.
  const char* command;
};

constexpr const char* kPython = R"(import socket, ssl, sys
host, port = sys.argv[1], int(sys.argv[2])
plain = socket.create_connection(("127.0.0.1", port), 20)
with ssl.create_default_context().wrap_socket(plain, server_hostname=host) as tls:
    tls.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    print(b"".join(iter(lambda: tls.recv(4096), b"")).split(b"\r\n\r\n")[1].decode())
)";
constexpr const char* kNode = R"(const [host, port] = process.argv.slice(2);
const isAddress = require("net").isIP(host);
require("https").get({host: "127.0.0.1", port, servername: isAddress ? "" : host, agent: false,
    checkServerIdentity: (_, c) => require("tls").checkServerIdentity(host, c)},
  (answer) => answer.on("data", (data) => process.stdout.write(data)))
  .on("error", () => process.exit(1));
)";
constexpr const char* kJava = R"(import java.net.*;
import javax.net.ssl.*;
class Ask {
  public static void main(String[] a) throws Exception {
    int port = Integer.parseInt(a[1]);
    Socket plain = new Socket("127.0.0.1", port);
    SSLSocket tls = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault())
        .createSocket(plain, a[0], port, true);
    SSLParameters wish = tls.getSSLParameters();
    wish.setEndpointIdentificationAlgorithm("HTTPS");
    tls.setSSLParameters(wish);
    tls.getOutputStream().write("GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes());
    System.out.print(new String(tls.getInputStream().readAllBytes()).split("\r\n\r\n")[1]);
  }
}
)";
constexpr Client kClients[] = {
    {"curl", "true",
     "curl -sS --http1.1 --max-time 20 --noproxy '*' --resolve $HOST:$PORT:127.0.0.1 "
     "https://$HOST:$PORT/"},
    {"python", "true", "python3 $FOLDER/ask.py $HOST $PORT"},
    {"node", "node --version", "node $FOLDER/ask.cjs $HOST $PORT"},
    {"java", "java --list-modules | grep -q jdk.compiler", "java $FOLDER/Ask.java $HOST $PORT"},
};

class RealClients : public ::testing::TestWithParam<Client> {
 public:
  SystemClock clock;
  std::filesystem::path folder;

  RealClients() {
    std::signal(SIGPIPE, SIG_IGN);
    char name[] = "/tmp/io-test-XXXXXX";
    folder = ::mkdtemp(name);
    std::ofstream(folder / "ask.py") << kPython;
    std::ofstream(folder / "ask.cjs") << kNode;
    std::ofstream(folder / "Ask.java") << kJava;
  }
  ~RealClients() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<LeafMint> session(std::vector<std::string> only_hosts = {}) {
    auto authority =
        new_authority({"ses_1", clock.wall(), std::chrono::hours(1), std::move(only_hosts)});
    EXPECT_TRUE(authority) << authority.error().message;
    return std::make_unique<LeafMint>(std::move(*authority), clock, [](std::string_view host) {
      return host.ends_with(".example.com") || host == "127.0.0.1";
    });
  }
  void trust(const LeafMint& mint) {
    const std::string& own = mint.authority().certificate_pem();
    const auto bundle = ca_bundle_pem(own);
    ASSERT_TRUE(bundle) << bundle.error().message;
    const auto store = java_trust_store(*bundle, "changeit");
    ASSERT_TRUE(store);
    std::ofstream(folder / "ca.pem") << own;
    std::ofstream(folder / "bundle.pem") << *bundle;
    std::ofstream(folder / "bundle.p12", std::ios::binary) << text_of(*store);
  }
  /// What the client prints; nothing when it fails.
  std::string ask(const Server& server, const std::string& host) {
    const std::string at = folder.string();
    const std::string command = "unset SSL_CERT_DIR NODE_OPTIONS; export FOLDER=" + at +
                                " HOST=" + host + " PORT=" + std::to_string(server.port) +
                                " SSL_CERT_FILE=" + at + "/bundle.pem CURL_CA_BUNDLE=" + at +
                                "/bundle.pem NODE_EXTRA_CA_CERTS=" + at +
                                "/ca.pem JAVA_TOOL_OPTIONS='-Djavax.net.ssl.trustStoreType=PKCS12 "
                                "-Djavax.net.ssl.trustStore=" +
                                at + "/bundle.p12 -Djavax.net.ssl.trustStorePassword=changeit'; " +
                                GetParam().command + " 2>" + at + "/errors";
    FILE* const pipe = ::popen(command.c_str(), "r");
    char block[256];
    const std::size_t got = std::fread(block, 1, sizeof(block), pipe);
    std::string out(block, got);
    if (out.ends_with('\n')) out.pop_back();
    return ::pclose(pipe) == 0 ? out : "";
  }
  [[nodiscard]] std::string errors() const {
    std::ifstream in(folder / "errors");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static bool is_here() {
    return std::system((std::string("( ") + GetParam().probe + " ) >/dev/null 2>&1").c_str()) == 0;
  }
};

TEST_P(RealClients, O3_trust_what_is_minted_for_the_name_they_ask_for) {
  if (!is_here()) GTEST_SKIP() << GetParam().name << " is not installed";
  const auto own = session();
  trust(*own);
  const Server server(*own, "");
  EXPECT_EQ(ask(server, "api.example.com"), "api.example.com") << errors();
  EXPECT_EQ(ask(server, "b.example.com"), "b.example.com") << errors();
  EXPECT_EQ(ask(server, "evil.example"), "") << "not granted";
  const auto other = session();
  trust(*other);
  EXPECT_EQ(ask(server, "api.example.com"), "") << "another session's authority";
}

TEST_P(RealClients, A14_take_an_address_without_a_name) {
  if (!is_here()) GTEST_SKIP() << GetParam().name << " is not installed";
  const auto own = session();
  trust(*own);
  const Server server(*own, "127.0.0.1");
  EXPECT_EQ(ask(server, "127.0.0.1"), "127.0.0.1") << errors();
}

TEST_P(RealClients, O3_take_an_authority_that_is_confined) {
  if (!is_here()) GTEST_SKIP() << GetParam().name << " is not installed";
  const auto own = session({"api.example.com"});
  trust(*own);
  const Server server(*own, "");
  EXPECT_EQ(ask(server, "api.example.com"), "api.example.com") << errors();
}

INSTANTIATE_TEST_SUITE_P(Each, RealClients, ::testing::ValuesIn(kClients),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace strongroom::io
