// A trust store as Java reads it (PKCS #12, RFC 7292). SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <memory>

#include "io/ca_bundle.h"
#include "io/certificate_making.h"

namespace strongroom::io {
namespace {

using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Object = std::unique_ptr<ASN1_OBJECT, Freer<ASN1_OBJECT_free>>;
using Store = std::unique_ptr<PKCS12, Freer<PKCS12_free>>;

struct BagsFree {
  void operator()(STACK_OF(PKCS12_SAFEBAG) * bags) const {
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
  }
};
struct SafesFree {
  void operator()(STACK_OF(PKCS7) * safes) const { sk_PKCS7_pop_free(safes, PKCS7_free); }
};
using Bags = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), BagsFree>;
using Safes = std::unique_ptr<STACK_OF(PKCS7), SafesFree>;

/// Java takes a certificate for trusted only where this attribute says for what: for anything.
constexpr const char* kTrustedKeyUsage = "2.16.840.1.113894.746875.1.1";
constexpr int kMacRounds = 2048;

Cert certificate_of(std::string_view block) {
  const Bio bio(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
  return Cert(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

/// Every certificate has a name of its own: one of the same name would replace the one before.
bool add_trusted(Bags& bags, X509* certificate, const ASN1_OBJECT* any_purpose) {
  const std::string name =
      "strongroom-" + std::to_string(bags == nullptr ? 0 : sk_PKCS12_SAFEBAG_num(bags.get()));
  const auto* const name_octets = reinterpret_cast<const unsigned char*>(name.data());
  if (X509_alias_set1(certificate, name_octets, static_cast<int>(name.size())) != 1) return false;
  STACK_OF(PKCS12_SAFEBAG)* all = bags.release();
  PKCS12_SAFEBAG* const bag = PKCS12_add_cert(&all, certificate);
  bags.reset(all);
  return bag != nullptr &&
         PKCS12_add1_attr_by_txt(bag, kTrustedKeyUsage, V_ASN1_OBJECT,
                                 reinterpret_cast<const unsigned char*>(any_purpose), -1) == 1;
}

/// Not encrypted: what is in it, anybody may read.
Store store_of(const Bags& bags, const std::string& password) {
  STACK_OF(PKCS7)* list = nullptr;
  const bool is_packed = PKCS12_add_safe(&list, bags.get(), -1, 0, nullptr) == 1;
  const Safes safes(list);
  Store store(is_packed ? PKCS12_add_safes(safes.get(), 0) : nullptr);
  const bool is_sealed =
      store != nullptr &&
      PKCS12_set_mac(store.get(), password.data(), static_cast<int>(password.size()), nullptr, 0,
                     kMacRounds, EVP_sha256()) == 1;
  return is_sealed ? std::move(store) : nullptr;
}

}  // namespace

Result<ByteVector> java_trust_store(std::string_view bundle_pem, const std::string& password) {
  const Object any_purpose(OBJ_nid2obj(NID_anyExtendedKeyUsage));
  Bags bags;
  for (const auto block : certificate_blocks(bundle_pem)) {
    const Cert certificate = certificate_of(block);
    if (certificate == nullptr) continue;
    if (!add_trusted(bags, certificate.get(), any_purpose.get()))
      return std::unexpected(making_failed());
  }
  ERR_clear_error();
  if (bags == nullptr) return fail(Code::Invalid, "The bundle holds no PEM certificate.");
  const Store store = store_of(bags, password);
  unsigned char* der = nullptr;
  const int size = store == nullptr ? -1 : i2d_PKCS12(store.get(), &der);
  if (size <= 0) return std::unexpected(making_failed());
  ByteVector out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace strongroom::io
