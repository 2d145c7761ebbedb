// The certificates we make ourselves: P-256, ECDSA with SHA-256. SPDX-License-Identifier:
// Apache-2.0
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <ctime>
#include <memory>

#include "base/secret.h"
#include "io/addresses.h"
#include "io/certificate_making.h"
#include "io/tls.h"
#include "io/tls_state.h"

namespace strongroom::io {
namespace {

using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
constexpr long kDay = 24L * 3600;
constexpr std::chrono::hours kAuthorityLength{3650 * 24};
constexpr std::chrono::hours kLeafLength{90 * 24};

bool add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Version, serial, times, name and key; not signed yet.
Cert begin(EVP_PKEY* key, const std::string& common_name, std::chrono::hours length) {
  Cert certificate(X509_new());
  std::uint8_t serial[16];
  RAND_bytes(serial, sizeof(serial));
  serial[0] &= 0x7FU;
  const std::unique_ptr<BIGNUM, Freer<BN_free>> number(BN_bin2bn(serial, sizeof(serial), nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  X509_set_version(certificate.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()),
                  static_cast<long>(std::chrono::seconds(length).count()));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
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
  return Key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

}  // namespace

Cert make_authority_certificate(EVP_PKEY* key, const std::string& common_name,
                                std::chrono::hours length) {
  Cert certificate = begin(key, common_name, length);
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

Result<Certificate> make_authority(const std::string& common_name) {
  const Key key = new_key();
  const Cert made = make_authority_certificate(key.get(), common_name, kAuthorityLength);
  if (made == nullptr) return std::unexpected(making_failed());
  return Certificate{pem_of(made.get()), pem_of(key.get())};
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
