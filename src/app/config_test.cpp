// Where the settings of `strongroom serve` come from. SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "app/cli_options.h"
#include "io/tls/tls.h"

namespace strongroom::app {
namespace {

class Settings : public ::testing::Test {
 protected:
  Settings() {
    folder_ = ::testing::TempDir() + "strongroom-config-XXXXXX";
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    add_commands(app_, options_, "strongroom");
  }
  ~Settings() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  static std::string authority() { return io::make_authority("inside").value().chain_pem; }
  /// What is wrong with such a configuration file; empty: nothing.
  std::string mistake(const std::string& text) {
    ServeFlags flags;
    flags.data = folder_;
    flags.config = write("strongroom.toml", text);
    const auto config = load_config(flags);
    if (config) return {};
    EXPECT_EQ(config.error().code, Code::Invalid) << config.error().message;
    return config.error().message;
  }
  std::string mistake_of_dial(const std::string& host, const std::string& to) {
    return mistake("[[gateway.dial]]\nhost = \"" + host + "\"\nto = \"" + to + "\"\n");
  }

  std::string folder_;
  CLI::App app_{"about", "strongroom"};
  Options options_;
};

TEST_F(Settings, every_flag_of_serve_wins_over_the_file) {
  const std::string file = write(
      "other.toml",
      "listen = \"127.0.0.1:1\"\nmetrics = \"127.0.0.1:1\"\nseal = \"file\"\nnames = [\"file\"]\n"
      "log_level = \"error\"\ndrain_seconds = 1\ngrace_seconds = 1\n[anchor]\nfile = \"file\"\n"
      "[gateway]\nlisten = \"127.0.0.1:1\"\ncertificate = \"file\"\nprivate_key = \"file\"\n"
      "names = [\"file\"]\nurl = \"http://file:1\"\nplain_http = \"local\"\nprocesses = 1\n"
      "upstream_proxy = \"http://file:1\"\nno_proxy = [\"file\"]\n");
  const std::map<std::string, std::string> given{{"--config", file},
                                                 {"--listen", "127.0.0.1:2"},
                                                 {"--name", "flag"},
                                                 {"--gateway", "127.0.0.1:3"},
                                                 {"--metrics", "127.0.0.1:4"},
                                                 {"--seal", "passphrase"},
                                                 {"--extra-ca", write("ca.pem", authority())},
                                                 {"--gateway-certificate", "/flag.pem"},
                                                 {"--gateway-private-key", "/flag.key"},
                                                 {"--gateway-name", "flag"},
                                                 {"--gateway-url", "https://flag:2"},
                                                 {"--gateway-plain-http", "anywhere"},
                                                 {"--upstream-proxy", "http://flag:2"},
                                                 {"--no-proxy", "flag"},
                                                 {"--gateway-processes", "2"},
                                                 {"--drain-seconds", "2"},
                                                 {"--grace-seconds", "2"},
                                                 {"--anchor", "/flag"},
                                                 {"--accept-rollback", ""},
                                                 {"--log-level", "debug"}};
  std::string line = "serve --data " + folder_;
  for (const auto* option : app_.get_subcommand("serve")->get_options()) {
    if (option->get_name() == "--help") continue;
    const auto found = given.find(option->get_name());
    ASSERT_NE(found, given.end()) << option->get_name() << ": say here what it sets";
    line += " " + found->first + " " + found->second;
  }
  app_.parse(line);
  options_.serve.data = options_.data;
  const auto config = load_config(options_.serve);
  ASSERT_TRUE(config) << config.error().message;
  const std::vector<std::string> flag{"flag"};
  EXPECT_EQ(config->data_directory, folder_);
  EXPECT_EQ(config->listen, "127.0.0.1:2");
  EXPECT_EQ(config->names, flag);
  EXPECT_EQ(config->gateway, "127.0.0.1:3");
  EXPECT_EQ(config->metrics, "127.0.0.1:4");
  EXPECT_EQ(config->seal, "passphrase");
  EXPECT_FALSE(config->extra_ca_pem.empty());
  EXPECT_EQ(config->gateway_certificate, "/flag.pem");
  EXPECT_EQ(config->gateway_private_key, "/flag.key");
  EXPECT_EQ(config->gateway_names, flag);
  EXPECT_EQ(config->gateway_url, "https://flag:2");
  EXPECT_EQ(config->plain_http, lease::PlainHttp::FromAnywhere);
  EXPECT_EQ(config->upstream_proxy, "http://flag:2");
  EXPECT_EQ(config->no_proxy, flag);
  EXPECT_EQ(config->gateway_processes, 2);
  EXPECT_EQ(config->drain.count(), 2);
  EXPECT_EQ(config->grace.count(), 2);
  EXPECT_EQ(config->anchor_file, "/flag");
  EXPECT_TRUE(config->accept_rollback);
  EXPECT_EQ(config->log_level, "debug");
}

TEST_F(Settings, a_flag_is_held_to_what_the_file_is_held_to) {
  ServeFlags flags;
  flags.data = folder_;
  flags.upstream_proxy = "https://proxy.example:3128";
  EXPECT_FALSE(load_config(flags));
  flags.upstream_proxy = "http://proxy.example:3128";
  EXPECT_TRUE(load_config(flags));
  flags.no_proxy = {"*.example"};
  EXPECT_FALSE(load_config(flags));
}

TEST_F(Settings, a_file_of_authorities_holds_one) {
  const std::string setting = "[gateway]\nextra_ca = \"ca.pem\"\n";
  for (const char* text :
       {"", "no certificate\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    write("ca.pem", text);
    EXPECT_NE(mistake(setting).find("ca.pem holds no PEM certificate"), std::string::npos) << text;
  }
  write("ca.pem", "# inside\n" + authority());
  EXPECT_EQ(mistake(setting), "");
}

TEST_F(Settings, what_a_dial_is_for_can_be_asked_for) {
  EXPECT_NE(mistake_of_dial("*.example.com:443", "127.0.0.1:1"), "");
  EXPECT_NE(mistake_of_dial("api.example.com:0", "127.0.0.1:1"), "");
  EXPECT_NE(mistake_of_dial("api.example.com:443", "127.0.0.1:0"), "");
  EXPECT_NE(mistake_of_dial("api.example.com", "127.0.0.1:1"), "");
  EXPECT_EQ(mistake_of_dial("API.Example.com:443", "127.0.0.1:1"), "");
  ServeFlags flags;
  flags.data = folder_;
  EXPECT_EQ(load_config(flags).value().dials.at(0).authority, "api.example.com:443");
}

}  // namespace
}  // namespace strongroom::app
