// SPDX-License-Identifier: Apache-2.0
#include "io/authority/ca_bundle.h"

#include <gtest/gtest.h>
#include <openssl/pkcs12.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "io/authority/authority_for_test.h"
#include "io/tls/pair_for_test.h"

namespace strongroom::io {
namespace {

std::string authority(std::string session) {
  const ManualClock clock;
  const auto made = new_authority({std::move(session), clock.wall()});
  return made->certificate_pem();
}

std::string in_lines(std::string pem, const std::string& end_of_line) {
  std::string out;
  for (const char c : pem) out += c == '\n' ? end_of_line : std::string(1, c);
  return out;
}

class Bundles : public ::testing::Test {
 public:
  std::filesystem::path folder;
  std::string own = authority("own");
  std::string first = authority("root 1");
  std::string second = authority("root 2");

  Bundles() {
    char name[] = "/tmp/io-test-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~Bundles() override { std::filesystem::remove_all(folder); }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
    return folder / name;
  }
};

TEST_F(Bundles, O3_public_roots_stand_beside_ours) {
  const std::vector<std::string> files = {folder / "missing", file("empty", ""),
                                          file("text", "no certificate"),
                                          file("roots", first + second), file("late", own)};
  const auto bundle = ca_bundle_pem(own, files);
  ASSERT_TRUE(bundle) << bundle.error().message;
  EXPECT_EQ(*bundle, own + first + second);
}

TEST_F(Bundles, careless_files_become_orderly) {
  const std::string careless =
      "# A root\n" + in_lines(first, "\r\n") +
      "-----BEGIN TRUSTED CERTIFICATE-----\nAAAA\n-----END TRUSTED "
      "CERTIFICATE-----\n"
      "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n"
      "-----BEGIN CERTIFICATE-----\nAAAA\n" +
      second.substr(0, second.size() - 1) + own +
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
      "-----BEGIN CERTIFICATE-----\nAAAA";
  const std::vector<std::string> files = {file("careless", careless)};
  const auto roots = public_roots_pem(files);
  ASSERT_TRUE(roots);
  EXPECT_EQ(*roots, first + second + own);
}

TEST_F(Bundles, a_machine_without_roots_is_told_so) {
  const std::vector<std::string> files = {folder / "missing", folder,
                                          file("huge", std::string(9_MiB, '\n') + first)};
  const auto none = ca_bundle_pem(own, files);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Code::Unavailable);
  EXPECT_EQ(none.error().reason, "no_public_roots");
  EXPECT_NE(none.error().message.find(files[0]), std::string::npos);
  const std::vector<std::string> good = {file("roots", first)};
  EXPECT_EQ(ca_bundle_pem("", good).error().code, Code::Invalid);
}

TEST_F(Bundles, this_process_own_roots_come_first) {
  const char* const before = std::getenv("SSL_CERT_FILE");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("SSL_CERT_FILE", "/company/roots.pem", 1);
  EXPECT_EQ(usual_root_files().front(), "/company/roots.pem");
  ::setenv("SSL_CERT_FILE", "relative.pem", 1);
  EXPECT_EQ(usual_root_files().front(), "/etc/ssl/certs/ca-certificates.crt");
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_EQ(usual_root_files().front(), "/etc/ssl/certs/ca-certificates.crt");
  if (before != nullptr) ::setenv("SSL_CERT_FILE", kept.c_str(), 1);
}

TEST_F(Bundles, O3_this_machines_bundle_is_whole) {
  const auto bundle = ca_bundle_pem(own);
  if (!bundle) GTEST_SKIP() << bundle.error().message;
  EXPECT_GT(certificate_blocks(*bundle).size(), 20U);
  EXPECT_TRUE(bundle->starts_with(own));
  for (const auto block : certificate_blocks(*bundle))
    EXPECT_NE(certificate_of(std::string(block)), nullptr);
}

TEST_F(Bundles, O3_javas_store_holds_what_the_bundle_holds) {
  const std::string broken =
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + own + first + second;
  const auto store = java_trust_store(broken, "changeit");
  ASSERT_TRUE(store) << store.error().message;
  const unsigned char* at = store->data();
  const std::unique_ptr<PKCS12, Freer<PKCS12_free>> read(
      d2i_PKCS12(nullptr, &at, static_cast<long>(store->size())));
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(PKCS12_verify_mac(read.get(), "changeit", -1), 1);
  EXPECT_NE(PKCS12_verify_mac(read.get(), "other", -1), 1);
  STACK_OF(X509)* certificates = nullptr;
  EVP_PKEY* key = nullptr;
  ASSERT_EQ(PKCS12_parse(read.get(), "changeit", &key, nullptr, &certificates), 1);
  EXPECT_EQ(key, nullptr);
  ASSERT_EQ(sk_X509_num(certificates), 3);
  std::string all;
  for (int i = 0; i < 3; ++i) all += pem_of(sk_X509_value(certificates, i));
  for (const auto& each : {own, first, second}) EXPECT_NE(all.find(each), std::string::npos);
  sk_X509_pop_free(certificates, X509_free);
  ERR_clear_error();
  EXPECT_EQ(java_trust_store("nothing", "changeit").error().code, Code::Invalid);
}

std::string output_of(const std::string& command) {
  FILE* const pipe = ::popen(command.c_str(), "r");
  std::string out;
  char block[4096];
  for (std::size_t got = 0; (got = std::fread(block, 1, sizeof(block), pipe)) > 0;)
    out.append(block, got);
  ::pclose(pipe);
  return out;
}

TEST_F(Bundles, O3_javas_own_tool_reads_the_store) {
  if (std::system("keytool -help >/dev/null 2>&1") != 0) GTEST_SKIP() << "no Java here";
  const auto store = java_trust_store(own + first + second, "changeit");
  ASSERT_TRUE(store);
  const auto path = file("store.p12", std::string(text_of(*store)));
  const auto listed =
      output_of("keytool -list -keystore " + path + " -storepass changeit 2>/dev/null");
  EXPECT_NE(listed.find("3 entries"), std::string::npos) << listed;
  std::size_t trusted = 0;
  for (auto at = listed.find("trustedCertEntry"); at != std::string::npos;
       at = listed.find("trustedCertEntry", at + 1))
    ++trusted;
  EXPECT_EQ(trusted, 3U) << listed;
}

}  // namespace
}  // namespace strongroom::io
