// Certificates as others read them: OpenSSL's own getters and `openssl verify`.
// SPDX-License-Identifier: Apache-2.0
#include "io/authority/session_authority.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <cstdlib>
#include <fstream>
#include <set>

#include "io/authority/authority_for_test.h"
#include "io/tls/pair_for_test.h"

namespace strongroom::io {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Secret seed(std::uint8_t fill = 7) {
  return Secret(ByteVector(32, fill));
}

std::string subject_of(const X509* certificate) {
  char* const line = X509_NAME_oneline(X509_get_subject_name(certificate), nullptr, 0);
  std::string out(line);
  OPENSSL_free(line);
  return out;
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  EXPECT_EQ(ASN1_TIME_to_tm(time, &parts), 1);
  return ::timegm(&parts);
}
std::int64_t seconds_of(WallTime time) {
  return std::chrono::floor<seconds>(time).time_since_epoch().count();
}

bool is_critical(const X509* certificate, int id) {
  const int at = X509_get_ext_by_NID(certificate, id, -1);
  return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(certificate, at)) == 1;
}

std::string serial_of(X509* certificate) {
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  EXPECT_FALSE(BN_is_negative(number.get()));
  EXPECT_LE(BN_num_bits(number.get()), 128);
  EXPECT_GT(BN_num_bits(number.get()), 64) << "once in 2^64 this is bad luck";
  char* const hex = BN_bn2hex(number.get());
  std::string out(hex);
  OPENSSL_free(hex);
  return out;
}

std::string octets_of(const ASN1_STRING* text) {
  return text == nullptr ? ""
                         : std::string(std::string_view(
                               reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                               static_cast<std::size_t>(ASN1_STRING_length(text))));
}

/// "DNS:name" or "IP:octets", of all that the certificate names.
std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> out;
  const std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* value = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    EXPECT_TRUE(type == GEN_DNS || type == GEN_IPADD);
    out.push_back((type == GEN_DNS ? "DNS:" : "IP:") + octets_of(value));
  }
  return out;
}

class Authorities : public ::testing::Test {
 public:
  ManualClock clock;
  WallTime now = clock.wall();
  [[nodiscard]] AuthorityFacts facts() const { return {"ses_1", now, hours(24)}; }
  SessionAuthority authority = std::move(*new_authority(facts()));

  Cert mint(std::string_view host) {
    const auto leaf = authority.mint(host, now);
    EXPECT_TRUE(leaf) << leaf.error().message;
    return leaf ? certificate_of(leaf->certificate_pem()) : nullptr;
  }
};

TEST_F(Authorities, O3_the_authoritys_certificate_is_as_rfc_5280_wants_it) {
  const Cert made = certificate_of(authority.certificate_pem());
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(X509_get_version(made.get()), X509_VERSION_3);
  EXPECT_EQ(subject_of(made.get()), "/O=Strongroom/CN=Strongroom session ses_1");
  EXPECT_EQ(X509_NAME_cmp(X509_get_subject_name(made.get()), X509_get_issuer_name(made.get())), 0);
  serial_of(made.get());
  EXPECT_EQ(seconds_of(X509_get0_notBefore(made.get())), seconds_of(now - minutes(5)));
  EXPECT_EQ(seconds_of(X509_get0_notAfter(made.get())), seconds_of(now + hours(24)));
  EXPECT_EQ(X509_check_ca(made.get()), 1);
  EXPECT_EQ(X509_get_pathlen(made.get()), 0);
  EXPECT_TRUE(is_critical(made.get(), NID_basic_constraints));
  EXPECT_EQ(X509_get_key_usage(made.get()), static_cast<unsigned>(KU_KEY_CERT_SIGN | KU_CRL_SIGN));
  EXPECT_TRUE(is_critical(made.get(), NID_key_usage));
  EXPECT_EQ(octets_of(X509_get0_subject_key_id(made.get())).size(), 20U);
  EXPECT_EQ(X509_get_signature_nid(made.get()), NID_ecdsa_with_SHA256);
  EXPECT_EQ(EVP_PKEY_get_bits(X509_get0_pubkey(made.get())), 256);
  EXPECT_LT(X509_get_ext_by_NID(made.get(), NID_name_constraints, -1), 0);
}

TEST_F(Authorities, O3_a_leaf_is_for_one_host_and_for_tls_servers) {
  const Cert issuer = certificate_of(authority.certificate_pem());
  const Cert made = mint("API.Example.com");
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(X509_get_version(made.get()), X509_VERSION_3);
  EXPECT_EQ(subject_of(made.get()), "/O=Strongroom/CN=api.example.com");
  EXPECT_EQ(names_of(made.get()), std::vector<std::string>{"DNS:api.example.com"});
  serial_of(made.get());
  EXPECT_EQ(seconds_of(X509_get0_notBefore(made.get())), seconds_of(now - minutes(5)));
  EXPECT_EQ(seconds_of(X509_get0_notAfter(made.get())), seconds_of(now - minutes(5) + hours(24)));
  EXPECT_EQ(X509_check_ca(made.get()), 0);
  EXPECT_EQ(X509_get_key_usage(made.get()), static_cast<unsigned>(KU_DIGITAL_SIGNATURE));
  EXPECT_TRUE(is_critical(made.get(), NID_key_usage));
  EXPECT_EQ(X509_get_extended_key_usage(made.get()), static_cast<unsigned>(XKU_SSL_SERVER));
  EXPECT_EQ(octets_of(X509_get0_authority_key_id(made.get())),
            octets_of(X509_get0_subject_key_id(issuer.get())));
  EXPECT_EQ(octets_of(X509_get0_subject_key_id(made.get())).size(), 20U);
  EXPECT_NE(octets_of(X509_get0_subject_key_id(made.get())),
            octets_of(X509_get0_subject_key_id(issuer.get())));
  EXPECT_EQ(X509_verify(made.get(), X509_get0_pubkey(issuer.get())), 1);
  EXPECT_EQ(X509_get_signature_nid(made.get()), NID_ecdsa_with_SHA256);
  EXPECT_NE(EVP_PKEY_eq(X509_get0_pubkey(made.get()), X509_get0_pubkey(issuer.get())), 1);
  EXPECT_EQ(X509_check_host(made.get(), "api.example.com", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(made.get(), "b.api.example.com", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_host(made.get(), "example.com", 0, 0, nullptr), 0);
}

TEST_F(Authorities, A10_an_address_is_named_as_an_address) {
  const Cert four = mint("203.0.113.7");
  EXPECT_EQ(names_of(four.get()),
            std::vector<std::string>{"IP:\xCB" + std::string(1, '\0') + "q\a"});
  EXPECT_EQ(X509_check_ip_asc(four.get(), "203.0.113.7", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(four.get(), "203.0.113.8", 0), 0);
  const Cert six = mint("2001:DB8::1");
  EXPECT_EQ(names_of(six.get()).at(0).size(), 3U + 16U);
  EXPECT_EQ(X509_check_ip_asc(six.get(), "2001:db8::1", 0), 1);
}

TEST_F(Authorities, a_long_name_stands_in_the_san_alone) {
  const std::string host = std::string(60, 'a') + "." + std::string(60, 'b') + ".example";
  const Cert made = mint(host);
  EXPECT_EQ(subject_of(made.get()), "/O=Strongroom");
  EXPECT_EQ(X509_check_host(made.get(), host.c_str(), 0, 0, nullptr), 1);
}

TEST_F(Authorities, A7_A8_what_is_no_single_host_gets_no_certificate) {
  for (const char* host : {"*.example.com",
                           "b\xC3\xBC"
                           "cher.example",
                           "a.example,DNS:b.example", ""})
    EXPECT_EQ(authority.mint(host, now).error().reason, "host_not_nameable") << host;
  EXPECT_NE(mint("xn--bcher-kva.example"), nullptr);
}

TEST_F(Authorities, serial_numbers_never_come_twice) {
  std::set<std::string> serials;
  for (int i = 0; i < 200; ++i) serials.insert(serial_of(mint("api.example.com").get()));
  EXPECT_EQ(serials.size(), 200U);
}

TEST_F(Authorities, a_leaf_never_outlives_its_authority) {
  now += hours(23);
  const auto late = authority.mint("api.example.com", now);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->validity().until, authority.validity().until);
  EXPECT_LE(authority.validity().from, late->validity().from);
  const Cert made = certificate_of(late->certificate_pem());
  EXPECT_EQ(seconds_of(X509_get0_notAfter(made.get())), seconds_of(authority.validity().until));
  now += hours(2);
  EXPECT_EQ(authority.mint("api.example.com", now).error().reason, "authority_expired");
  now -= hours(100);  // a clock that was set back: nothing before the authority's own time
  EXPECT_GE(authority.mint("api.example.com", now)->validity().from, authority.validity().from);
}

TEST_F(Authorities, a_leaf_is_good_without_its_authority) {
  auto other = new_authority(facts());
  ASSERT_TRUE(other);
  const auto leaf = other->mint("api.example.com", now);
  ASSERT_TRUE(leaf);
  other = fail(Code::NotFound, "gone");
  EXPECT_TRUE(TlsServer::of_leaf(*leaf));
}

TEST_F(Authorities, of_one_seed_have_one_name_and_key) {
  auto vault = SessionAuthority::from_seed(seed(), facts());
  auto gateway = SessionAuthority::from_seed(seed(), facts());
  auto other = SessionAuthority::from_seed(seed(8), facts());
  ASSERT_TRUE(vault && gateway && other);
  const Cert trusted = certificate_of(vault->certificate_pem());
  const Cert own = certificate_of(gateway->certificate_pem());
  EXPECT_EQ(EVP_PKEY_eq(X509_get0_pubkey(trusted.get()), X509_get0_pubkey(own.get())), 1);
  EXPECT_EQ(X509_NAME_cmp(X509_get_subject_name(trusted.get()), X509_get_subject_name(own.get())),
            0);
  EXPECT_NE(serial_of(trusted.get()), serial_of(own.get()));
  const auto leaf = certificate_of(gateway->mint("a.example", now)->certificate_pem());
  EXPECT_EQ(X509_verify(leaf.get(), X509_get0_pubkey(trusted.get())), 1);
  const auto strange = certificate_of(other->mint("a.example", now)->certificate_pem());
  EXPECT_NE(X509_verify(strange.get(), X509_get0_pubkey(trusted.get())), 1);
  EXPECT_FALSE(SessionAuthority::from_seed(Secret(ByteVector(31, 1)), facts()));
}

TEST_F(Authorities, lengths_and_names_have_limits) {
  const auto made = [&](std::string session, seconds length) {
    return new_authority({std::move(session), now, length}).has_value();
  };
  EXPECT_TRUE(made(std::string(44, 's'), SessionAuthority::kLongest));
  EXPECT_FALSE(made(std::string(45, 's'), hours(1)));
  EXPECT_FALSE(made("", hours(1)));
  EXPECT_FALSE(made("s", seconds(0)));
  EXPECT_FALSE(made("s", SessionAuthority::kLongest + seconds(1)));
}

/// A folder of files for `openssl verify`.
class Verified : public Authorities {
 public:
  std::string folder = "/tmp/io-test-XXXXXX";
  Verified() { EXPECT_NE(::mkdtemp(folder.data()), nullptr); }
  ~Verified() override {
    ::unlink((folder + "/ca.pem").c_str());
    ::unlink((folder + "/leaf.pem").c_str());
    ::rmdir(folder.c_str());
  }
  bool openssl_verifies(SessionAuthority& by, std::string_view host, const std::string& asked) {
    const auto leaf = by.mint(host, now);
    if (!leaf) return false;
    std::ofstream(folder + "/ca.pem") << by.certificate_pem();
    std::ofstream(folder + "/leaf.pem") << leaf->certificate_pem();
    const std::string command =
        "openssl verify -x509_strict -purpose sslserver -check_ss_sig -attime " +
        std::to_string(seconds_of(now)) + " " + asked + " -no-CApath" + " -CAfile " + folder +
        "/ca.pem " + folder + "/leaf.pem >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  }
};

TEST_F(Verified, O3_openssl_verify_is_content_even_when_strict) {
  EXPECT_TRUE(openssl_verifies(authority, "api.example.com", "-verify_hostname api.example.com"));
  EXPECT_TRUE(openssl_verifies(authority, "xn--bcher-kva.example", ""));
  EXPECT_TRUE(openssl_verifies(authority, "203.0.113.7", "-verify_ip 203.0.113.7"));
  EXPECT_TRUE(openssl_verifies(authority, "2001:db8::1", "-verify_ip 2001:db8::1"));
  EXPECT_FALSE(openssl_verifies(authority, "api.example.com", "-verify_hostname example.com"));
  EXPECT_FALSE(openssl_verifies(authority, "203.0.113.7", "-verify_ip 203.0.113.8"));
  now += hours(25);
  EXPECT_FALSE(openssl_verifies(authority, "api.example.com", "")) << "expired";
}

TEST_F(Verified, an_authority_can_be_confined_to_hosts) {
  const auto confined = [&](std::vector<std::string> hosts) {
    AuthorityFacts with = facts();
    with.only_hosts = std::move(hosts);
    return new_authority(with);
  };
  auto names = confined({"api.example.com", "b.example"});
  ASSERT_TRUE(names) << names.error().message;
  const Cert made = certificate_of(names->certificate_pem());
  EXPECT_TRUE(is_critical(made.get(), NID_name_constraints));
  EXPECT_TRUE(openssl_verifies(*names, "api.example.com", ""));
  EXPECT_TRUE(openssl_verifies(*names, "b.example", ""));
  EXPECT_FALSE(openssl_verifies(*names, "example.com", ""));
  EXPECT_FALSE(openssl_verifies(*names, "203.0.113.7", "")) << "no address is permitted";
  EXPECT_FALSE(openssl_verifies(*names, "2001:db8::1", ""));
  auto addresses = confined({"203.0.113.7", "2001:db8::1"});
  ASSERT_TRUE(addresses);
  EXPECT_TRUE(openssl_verifies(*addresses, "203.0.113.7", ""));
  EXPECT_TRUE(openssl_verifies(*addresses, "2001:db8::1", ""));
  EXPECT_FALSE(openssl_verifies(*addresses, "203.0.113.8", ""));
  EXPECT_FALSE(openssl_verifies(*addresses, "api.example.com", "")) << "no name is permitted";
  EXPECT_FALSE(confined({"*.example.com"}));
  EXPECT_FALSE(confined(std::vector<std::string>(257, "a.example")));
}

}  // namespace
}  // namespace strongroom::io
