// The certificates we make ourselves: P-256, ECDSA with SHA-256. SPDX-License-Identifier:
// Apache-2.0
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <ctime>
#include <memory>

#include "base/secret.h"
#include "io/authority/certificate_making.h"
#include "io/dial/addresses.h"
#include "io/tls/state.h"
#include "io/tls/tls.h"

namespace strongroom::io {
namespace {

using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
constexpr std::chrono::hours kBackdating{24};
constexpr std::chrono::hours kAuthorityLength{3650 * 24};
constexpr std::chrono::hours kLeafLength{90 * 24};

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  const Extension extension = make_extension(certificate, issuer, id, value);
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

Cert begin(EVP_PKEY* key, const std::string& common_name, std::chrono::hours length) {
  using std::chrono::system_clock;
  const auto now = std::chrono::time_point_cast<WallTime::duration>(system_clock::now());
  Cert certificate = begin_certificate({"", common_name}, {now - kBackdating, now + length});
  if (certificate != nullptr) X509_set_pubkey(certificate.get(), key);
  return certificate;
}

bool add_name(X509* certificate, const char* field, const std::string& value) {
  if (value.empty()) return true;
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

/// RFC 5280 4.1.2.2: positive, at most 20 octets.
bool set_random_serial(X509* certificate) {
  constexpr int kBits = 128;
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_new());
  return number != nullptr &&
         BN_rand(number.get(), kBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_is_zero(number.get()) == 0 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_time(ASN1_TIME* field, WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch();
  return ASN1_TIME_set(field, static_cast<std::time_t>(seconds.count())) != nullptr;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Key new_key() {
  return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
}

Extension make_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  return Extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
}

Cert begin_certificate(const Subject& subject, const Validity& validity) {
  Cert certificate(X509_new());
  X509* made = certificate.get();
  const bool is_begun =
      made != nullptr && X509_set_version(made, X509_VERSION_3) == 1 && set_random_serial(made) &&
      set_time(X509_getm_notBefore(made), validity.from) &&
      set_time(X509_getm_notAfter(made), validity.until) &&
      add_name(made, "O", subject.organisation) && add_name(made, "CN", subject.common_name);
  return is_begun ? std::move(certificate) : nullptr;
}

std::string pem_of(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

Error making_failed() {
  return {Code::Internal, "a certificate could not be made: " + tls_errors()};
}

namespace {

Cert read_certificate(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Cert(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Key read_key(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  // Nobody is asked for a passphrase at a terminal: such a key is none.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
}

Cert make_authority_certificate(EVP_PKEY* key, const std::string& common_name,
                                std::chrono::hours length) {
  Cert certificate = begin(key, common_name, length);
  if (certificate == nullptr) return nullptr;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  X509* self = certificate.get();
  const bool made =
      add_extension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(self, self, NID_subject_key_identifier, "hash") &&
      X509_sign(self, key, EVP_sha256()) > 0;
  return made ? std::move(certificate) : nullptr;
}

Cert make_leaf_certificate(X509* issuer, EVP_PKEY* issuer_key, EVP_PKEY* key,
                           const std::vector<std::string>& names, std::chrono::hours length) {
  Cert certificate = begin(key, names[0].size() <= 64 ? names[0] : "strongroom", length);
  if (certificate == nullptr) return nullptr;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  std::string alternatives;
  for (const auto& name : names)
    alternatives += (alternatives.empty() ? "" : ",") +
                    std::string(is_address_literal(name) ? "IP:" : "DNS:") + name;
  X509* leaf = certificate.get();
  const bool made = add_extension(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(leaf, issuer, NID_ext_key_usage, "serverAuth") &&
                    add_extension(leaf, issuer, NID_subject_key_identifier, "hash") &&
                    add_extension(leaf, issuer, NID_authority_key_identifier, "keyid:always") &&
                    add_extension(leaf, issuer, NID_subject_alt_name, alternatives) &&
                    X509_sign(leaf, issuer_key, EVP_sha256()) > 0;
  return made ? std::move(certificate) : nullptr;
}

}  // namespace

Result<Certificate> make_authority(const std::string& common_name) {
  const Key key = new_key();
  const Cert made = make_authority_certificate(key.get(), common_name, kAuthorityLength);
  if (made == nullptr) return std::unexpected(making_failed());
  return Certificate{pem_of(made.get()), pem_of(key.get())};
}

namespace {

constexpr std::chrono::hours kKeptWhenGoodFor{365 * 24};

/// Of this key, and good for long: what was given to clients goes on being right.
bool is_still_good(X509* kept, EVP_PKEY* key) {
  using std::chrono::system_clock;
  std::time_t later = system_clock::to_time_t(system_clock::now() + kKeptWhenGoodFor);
  return kept != nullptr && X509_verify(kept, key) == 1 && X509_check_private_key(kept, key) == 1 &&
         X509_cmp_time(X509_get0_notAfter(kept), &later) > 0;
}

}  // namespace

Result<Certificate> authority_of_seed(const std::string& common_name, const Secret& seed,
                                      const std::string& kept_pem) {
  const Key key = key_of_seed(seed);
  if (key == nullptr) return std::unexpected(making_failed());
  Cert made = read_certificate(kept_pem);
  if (!is_still_good(made.get(), key.get()))
    made = make_authority_certificate(key.get(), common_name, kAuthorityLength);
  ERR_clear_error();
  if (made == nullptr) return std::unexpected(making_failed());
  return Certificate{pem_of(made.get()), pem_of(key.get())};
}

Status check_server_certificate(const Certificate& certificate) {
  const auto wrong = [](const char* what) {
    ERR_clear_error();
    return fail(Code::Invalid, what);
  };
  const Cert leaf = read_certificate(certificate.chain_pem);
  if (leaf == nullptr) return wrong("the certificate's file holds no PEM certificate");
  const Key key = read_key(certificate.private_key_pem);
  if (key == nullptr)
    return wrong("the private key's file holds no PEM key, or one behind a passphrase");
  if (X509_check_private_key(leaf.get(), key.get()) != 1)
    return wrong(
        "the private key does not belong to the certificate (the server's own comes first)");
  if (X509_cmp_current_time(X509_get0_notBefore(leaf.get())) > 0)
    return wrong("the certificate is not good yet");
  if (X509_cmp_current_time(X509_get0_notAfter(leaf.get())) < 0)
    return wrong("the certificate's time is over");
  return {};
}

Result<WallTime> end_of_certificate(const std::string& chain_pem) {
  const Cert leaf = read_certificate(chain_pem);
  tm parts{};
  if (leaf == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(leaf.get()), &parts) != 1) {
    ERR_clear_error();
    return fail(Code::Invalid, "the file holds no PEM certificate");
  }
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

Result<Certificate> make_leaf(const Certificate& authority, const std::vector<std::string>& names) {
  const Cert issuer = read_certificate(authority.chain_pem);
  const Key issuer_key = read_key(authority.private_key_pem);
  if (issuer == nullptr || issuer_key == nullptr || names.empty())
    return std::unexpected(making_failed());
  const Key key = new_key();
  const Cert leaf =
      make_leaf_certificate(issuer.get(), issuer_key.get(), key.get(), names, kLeafLength);
  if (leaf == nullptr) return std::unexpected(making_failed());
  return Certificate{pem_of(leaf.get()) + authority.chain_pem, pem_of(key.get())};
}

}  // namespace strongroom::io
