// A control server over real sockets and a real vault on a temporary database, for the tests of
// this room. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/metrics.h"
#include "api/router.h"
#include "api/schema.h"
#include "audit/log.h"
#include "catalog/catalog.h"
#include "http/client.h"
#include "io/net.h"
#include "store/store.h"
#include "vault/seal.h"
#include "vault/vault.h"

namespace strongroom::api {

inline constexpr std::string_view kFirstValue = "AIzaCanaryCanaryCanaryCanaryCanary00001";
inline constexpr std::string_view kSecondValue = "AIzaCanaryCanaryCanaryCanaryCanary00002";
inline constexpr std::string_view kGitValue = "ghp_CanaryCanaryCanaryCanaryCanary0003";

/// No holders: nothing was leased.
class NoHolders final : public vault::HolderFences {
 public:
  io::Task<std::vector<vault::HolderOutcome>> fence(vault::FenceKind, IdBytes, std::string,
                                                    std::chrono::milliseconds) override {
    co_return std::vector<vault::HolderOutcome>();
  }
  bool has_runner(SessionId) const override { return true; }
  void refresh(KeyId) override {}
};

struct Said {
  int status = 0;
  json::value document;
  http::ClientResponse raw;
};

class ControlServerTest : public ::testing::Test {
 public:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "strongroom-api-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    auto catalog = catalog::Catalog::from_sources(catalog::built_in_sources());
    ASSERT_TRUE(catalog) << catalog.error().message;
    catalog_ = std::make_unique<catalog::Catalog>(std::move(*catalog));
    auto store = store::open_sqlite(folder_ + "/strongroom.db");
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    open_record();
    open_vault();
    start_server();
  }
  void TearDown() override {
    server_.reset();
    vault_.reset();
    record_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open_record() {
    audit::Log::Options options;
    options.directory = folder_ + "/audit";
    options.clock = &clock_;
    options.signing_key = crypto::generate_signing_key();
    options.post = [this](std::function<void()> work) { loop_.post(std::move(work)); };
    auto record = audit::Log::open(std::move(options));
    ASSERT_TRUE(record) << record.error().message;
    record_ = std::move(*record);
  }

  void open_vault() {
    vault::SealOptions seal;
    seal.file_path = folder_ + "/seal.key";
    auto root = vault::open_root_key(*store_, seal);
    ASSERT_TRUE(root) << root.error().message;
    auto vault = vault::Vault::open({clock_, *store_, *catalog_, *record_, std::move(*root)});
    ASSERT_TRUE(vault) << vault.error().message;
    vault_ = std::move(*vault);
    vault_->set_fences(fences_);
  }

  void start_server() {
    const Secret token = make_operator_token();
    token_ = token.reveal([](ByteView plain) { return std::string(text_of(plain)); });
    ControlOptions options;
    options.token_hash = crypto::sha256(bytes_of(token_));
    options.owner_uid = ::getuid();
    options.gateway = "http://127.0.0.1:8701";
    options.console_url = "http://console.test/";
    ControlHooks hooks;
    hooks.check_key = [](const vault::Actor&, KeyId) -> io::Task<Result<CheckAnswer>> {
      CheckAnswer answer{"rejected", 400, "API key not valid"};
      co_return answer;
    };
    hooks.make_credentials = [this](SessionId session) -> io::Task<Status> {
      if (while_credentials_are_made_) co_await while_credentials_are_made_(session);
      co_return credentials_made_;
    };
    hooks.open_socket = [this](SessionId session, std::optional<unsigned>) {
      has_socket_ = session;
      return socket_;
    };
    hooks.attach_runner = [this](SessionId session, io::Stream stream) {
      attached_ = session;
      loop_.spawn(greet(std::move(stream)));
    };
    server_ = std::make_unique<ControlServer>(
        ControlServer::Parts{loop_, *vault_, *record_, *catalog_, &metrics_}, options, hooks);
    auto bound = io::listen_tcp({"127.0.0.1", 0});
    ASSERT_TRUE(bound);
    port_ = bound->bound.port;
    auto unix_fd = io::listen_unix(folder_ + "/control.sock");
    ASSERT_TRUE(unix_fd);
    server_->start(bound->fd, *unix_fd);
  }

  static io::Task<void> greet(io::Stream stream) {
    const ByteView hello = bytes_of("lease channel");
    (void)co_await stream.write_all(hello);
  }

  void run(io::Task<void> body) {
    bool is_done = false;
    loop_.spawn([](io::Task<void> inner, ControlServerTest& test, bool& done) -> io::Task<void> {
      co_await std::move(inner);
      done = true;
      co_await test.server_->stop(std::chrono::seconds(1));
      test.loop_.stop();
    }(std::move(body), *this, is_done));
    loop_.spawn([](io::Loop& loop) -> io::Task<void> {
      co_await loop.sleep(std::chrono::seconds(30));
      loop.stop();
    }(loop_));
    loop_.run();
    ASSERT_TRUE(is_done) << "the test took over 30 s";
  }

  io::Task<Said> send(http::ClientRequest request) {
    const Deadline deadline = Deadline::after(clock_, std::chrono::seconds(5));
    std::string host = "127.0.0.1";
    auto stream =
        co_await io::dial_tcp(loop_, std::move(host), port_, io::PrivateAddresses::Allow, deadline);
    EXPECT_TRUE(stream);
    const auto response = co_await http::fetch(*stream, request);
    EXPECT_TRUE(response) << request.target;
    Said said;
    if (!response) co_return said;
    said.raw = *response;
    said.status = response->status;
    for (const std::string_view value : {kFirstValue, kSecondValue, kGitValue})
      EXPECT_EQ(response->body.find(value), std::string::npos)
          << "a key's value came out: " << request.target;
    if (auto document = parse_json(response->body)) said.document = std::move(*document);
    co_return said;
  }

  /// One call as the operator; an answer that worked must be what the table says.
  io::Task<Said> call(std::string method, std::string target, json::value body = nullptr) {
    http::ClientRequest request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.host = "127.0.0.1:" + std::to_string(port_);
    request.headers.emplace_back("Authorization", "Bearer " + token_);
    const std::string text = body.is_null() ? std::string() : to_text(body);
    if (!text.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.body = text;
    const Said said = co_await send(request);
    if (said.status < 300) check_shape(request, said);
    co_return said;
  }

  static void check_shape(const http::ClientRequest& request, const Said& said) {
    const Route route =
        find_route(request.method, request.target.substr(0, request.target.find('?')));
    ASSERT_NE(route.operation, nullptr) << request.target;
    const Operation& operation = *route.operation;
    EXPECT_EQ(said.status, operation.status) << operation.name;
    EXPECT_EQ(said.raw.header("cache-control"), "no-store") << operation.name;
    if (operation.response.empty()) return;
    if (operation.shape == Shape::One) expect_schema(said.document, operation);
    if (operation.shape != Shape::List) return;
    ASSERT_TRUE(said.document.is_array()) << operation.name;
    for (const auto& item : said.document.get_array()) expect_schema(item, operation);
  }
  static void expect_schema(const json::value& document, const Operation& operation) {
    const Status status = check_document(document, schema(operation.response));
    EXPECT_TRUE(status) << operation.name << ": " << (status ? "" : status.error().message) << "\n"
                        << to_text(document);
  }

  static std::string id_of(const Said& said) {
    return optional_string(said.document.as_object(), "id").value_or("");
  }
  static std::string error_of(const Said& said) {
    if (!said.document.is_object() || !said.document.get_object().contains("error")) return "";
    return optional_string(said.document.get_object().at("error").as_object(), "code").value_or("");
  }

  std::string folder_;
  SystemClock clock_;
  io::Loop loop_{clock_};
  Metrics metrics_;
  NoHolders fences_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> record_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<ControlServer> server_;
  std::string token_;
  std::uint16_t port_ = 0;
  SessionId attached_;
  SessionId has_socket_;
  Result<std::string> socket_ = "/nowhere/s";
  std::function<io::Task<void>(SessionId)> while_credentials_are_made_;
  Status credentials_made_;
};

}  // namespace strongroom::api
