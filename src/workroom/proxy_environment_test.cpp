// SPDX-License-Identifier: Apache-2.0
#include "workroom/proxy_environment.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "catalog/catalog.h"
#include "io/authority/ca_bundle.h"
#include "io/tls/tls.h"
#include "workroom/ca_variables.h"

namespace strongroom::workroom {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(CaVariables, J4_are_named_once_and_nothing_else_may_set_them) {
  std::set<std::string_view> names;
  for (const auto& variable : kCaVariables) {
    EXPECT_TRUE(names.insert(variable.name).second) << variable.name;
    EXPECT_FALSE(variable.readers.empty()) << variable.name;
    EXPECT_FALSE(catalog::check_variable_name(variable.name)) << variable.name;
  }
  EXPECT_FALSE(names.contains("PGSSLROOTCERT"));
}

TEST(CaVariables, O3_what_replaces_a_tools_roots_has_them_all) {
  const auto form_of = [](std::string_view name) {
    return std::ranges::find(kCaVariables, name, &CaVariable::name)->form;
  };
  for (const char* name :
       {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT",
        "AWS_CA_BUNDLE", "npm_config_cafile", "CARGO_HTTP_CAINFO",
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"})
    EXPECT_EQ(form_of(name), TrustForm::Bundle) << name;
  for (const char* name : {"NODE_EXTRA_CA_CERTS", "DENO_CERT"})
    EXPECT_EQ(form_of(name), TrustForm::Authority) << name;
  EXPECT_EQ(form_of("JAVA_TOOL_OPTIONS"), TrustForm::JavaStore);
  EXPECT_EQ(form_of("SSL_CERT_DIR"), TrustForm::Absent);
}

/// Made for one test; its files remove it.
TrustPlace new_place() {
  std::string folder = ::testing::TempDir() + "strongroom-trust-XXXXXX";
  EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  return {folder, folder};
}

const ProxyFacts kFacts{"http://127.0.0.1:8701", "127.0.0.1", 4001};

std::string java_options_with(const TrustFiles& files) {
  for (const auto& variable : proxy_variables(kFacts, files))
    if (variable.name == "JAVA_TOOL_OPTIONS") return variable.value;
  return {};
}

TEST(ProxyEnvironment, O3_java_is_told_of_a_store_and_of_the_proxy) {
  const auto authority = io::make_authority("session");
  ASSERT_TRUE(authority);
  const auto files = TrustFiles::write(authority->chain_pem, new_place());
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(java_options_with(*files),
            "-Djavax.net.ssl.trustStoreType=PKCS12 -Djavax.net.ssl.trustStore=\"" +
                files->java_store() +
                "\" -Djavax.net.ssl.trustStorePassword=changeit"
                " -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=4001"
                " -Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=4001"
                " -Dhttp.nonProxyHosts=127.0.0.1|localhost|127.*|[::1]");
  EXPECT_FALSE(content_of(files->java_store()).empty());
}

TEST(ProxyEnvironment, what_the_caller_says_to_java_stands_before_what_the_session_says) {
  const auto authority = io::make_authority("session");
  ASSERT_TRUE(authority);
  const auto files = TrustFiles::write(authority->chain_pem, new_place());
  ASSERT_TRUE(files) << files.error().message;
  SessionFacts facts{"ses_1", kFacts.gateway, {}, proxy_variables(kFacts, *files), {}};
  facts.added = {{"JAVA_TOOL_OPTIONS", "-Xmx64m"}};
  const auto built = build_environment(facts, {});
  ASSERT_TRUE(built) << built.error().message;
  const auto found =
      std::ranges::find(built->plain, std::string("JAVA_TOOL_OPTIONS"), &PlainVariable::name);
  ASSERT_NE(found, built->plain.end());
  EXPECT_EQ(found->value, "-Xmx64m " + java_options_with(*files));
  facts.added = {{"HTTPS_PROXY", "http://elsewhere.example"}, {"SSL_CERT_DIR", "/certificates"}};
  const auto otherwise = build_environment(facts, {});
  ASSERT_TRUE(otherwise) << otherwise.error().message;
  const auto value_of = [&](std::string_view name) {
    const auto at = std::ranges::find(otherwise->plain, name, &PlainVariable::name);
    return at == otherwise->plain.end() ? std::string() : at->value;
  };
  EXPECT_EQ(value_of("HTTPS_PROXY"), "http://elsewhere.example") << "the caller's word counts";
  EXPECT_EQ(value_of("SSL_CERT_DIR"), "/certificates");
  EXPECT_EQ(value_of("https_proxy"), "");
  EXPECT_EQ(value_of("http_proxy"), "http://127.0.0.1:4001");
  facts.proxy.clear();
  facts.added = {{"JAVA_TOOL_OPTIONS", "-Xmx64m"}};
  EXPECT_TRUE(build_environment(facts, {}));
}

TEST(ProxyEnvironment, O3_variables_name_files_that_hold_what_they_should) {
  const auto authority = io::make_authority("session");
  ASSERT_TRUE(authority);
  std::string folder;
  {
    const auto files = TrustFiles::write(authority->chain_pem, new_place());
    ASSERT_TRUE(files) << files.error().message;
    folder = std::filesystem::path(files->bundle()).parent_path();
    EXPECT_EQ(content_of(files->authority()), authority->chain_pem);
    EXPECT_TRUE(content_of(files->bundle()).starts_with(authority->chain_pem));
    const auto roots = io::public_roots_pem(io::usual_root_files());
    if (roots) {
      EXPECT_EQ(content_of(files->bundle()), authority->chain_pem + *roots);
    }
    std::set<std::string> names;
    for (const auto& variable : proxy_variables(kFacts, *files)) {
      EXPECT_TRUE(names.insert(variable.name).second) << variable.name;
      if (variable.name == "NODE_EXTRA_CA_CERTS") {
        EXPECT_EQ(variable.value, files->authority());
      }
      if (variable.name == "SSL_CERT_FILE") {
        EXPECT_EQ(variable.value, files->bundle());
      }
      if (variable.name == "HTTPS_PROXY") {
        EXPECT_EQ(variable.value, "http://127.0.0.1:4001") << "J8: no credential is in it";
      }
    }
    EXPECT_TRUE(names.contains("NODE_EXTRA_CA_CERTS") && names.contains("SSL_CERT_FILE"));
    EXPECT_FALSE(names.contains("SSL_CERT_DIR"));
    EXPECT_FALSE(is_inherited("SSL_CERT_DIR"));
    EXPECT_TRUE(std::filesystem::exists(files->java_store()));
    EXPECT_EQ(content_of(files->wget_file()), "ca_certificate = " + files->bundle() + "\n");
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace strongroom::workroom
