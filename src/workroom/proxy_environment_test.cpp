// SPDX-License-Identifier: Apache-2.0
#include "workroom/proxy_environment.h"

#include <gtest/gtest.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "catalog/catalog.h"
#include "io/ca_bundle.h"
#include "io/tls.h"
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

TEST(ProxyEnvironment, O3_variables_name_files_that_hold_what_they_should) {
  const auto authority = io::make_authority("session");
  ASSERT_TRUE(authority);
  std::string folder;
  {
    const auto files = TrustFiles::write(authority->chain_pem);
    ASSERT_TRUE(files) << files.error().message;
    folder = std::filesystem::path(files->bundle()).parent_path();
    EXPECT_EQ(content_of(files->authority()), authority->chain_pem);
    EXPECT_TRUE(content_of(files->bundle()).starts_with(authority->chain_pem));
    const auto roots = io::public_roots_pem(io::usual_root_files());
    if (roots) {
      EXPECT_EQ(content_of(files->bundle()), authority->chain_pem + *roots);
    }
    std::set<std::string> names;
    for (const auto& variable : proxy_variables("http://127.0.0.1:8701", "srx_x", *files)) {
      EXPECT_TRUE(names.insert(variable.name).second) << variable.name;
      if (variable.name == "NODE_EXTRA_CA_CERTS") {
        EXPECT_EQ(variable.value, files->authority());
      }
      if (variable.name == "SSL_CERT_FILE") {
        EXPECT_EQ(variable.value, files->bundle());
      }
      if (variable.name == "HTTPS_PROXY") {
        EXPECT_EQ(variable.value, "http://session:srx_x@127.0.0.1:8701");
      }
    }
    EXPECT_TRUE(names.contains("NODE_EXTRA_CA_CERTS") && names.contains("SSL_CERT_FILE"));
    EXPECT_FALSE(names.contains("SSL_CERT_DIR"));
    EXPECT_FALSE(is_inherited("SSL_CERT_DIR"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace strongroom::workroom
