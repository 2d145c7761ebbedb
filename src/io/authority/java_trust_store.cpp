// A trust store as Java reads it (PKCS #12, RFC 7292). SPDX-License-Identifier: Apache-2.0
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <memory>

#include "io/authority/ca_bundle.h"
#include "io/authority/certificate_making.h"

namespace strongroom::io {
namespace {

using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Octets = std::unique_ptr<ASN1_STRING, Freer<ASN1_STRING_free>>;
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

/// Taken as it stands: reading a certificate's key costs OpenSSL half a millisecond, and there are
/// well over a hundred public roots.
Octets certificate_of(std::string_view block) {
  const Bio bio(BIO_new_mem_buf(block.data(), static_cast<int>(block.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* der = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &der, &size) != 1) return nullptr;
  const unsigned char* at = der;
  Octets whole(static_cast<ASN1_STRING*>(
      static_cast<void*>(ASN1_item_d2i(nullptr, &at, size, ASN1_ITEM_rptr(ASN1_SEQUENCE)))));
  if (at != der + size) whole.reset();
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(der);
  return whole;
}

/// Every certificate has a name of its own: one of the same name would replace the one before.
bool add_trusted(const Bags& bags, ASN1_STRING* certificate, const ASN1_OBJECT* any_purpose) {
  const std::string name = "strongroom-" + std::to_string(sk_PKCS12_SAFEBAG_num(bags.get()));
  PKCS12_SAFEBAG* const bag = PKCS12_item_pack_safebag(certificate, ASN1_ITEM_rptr(ASN1_SEQUENCE),
                                                       NID_x509Certificate, NID_certBag);
  if (bag == nullptr) return false;
  if (sk_PKCS12_SAFEBAG_push(bags.get(), bag) == 0) {
    PKCS12_SAFEBAG_free(bag);
    return false;
  }
  return PKCS12_add_friendlyname_utf8(bag, name.data(), static_cast<int>(name.size())) == 1 &&
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
  const Bags bags(sk_PKCS12_SAFEBAG_new_null());
  for (const auto block : certificate_blocks(bundle_pem)) {
    const Octets certificate = certificate_of(block);
    if (certificate == nullptr) continue;
    if (!add_trusted(bags, certificate.get(), any_purpose.get()))
      return std::unexpected(making_failed());
  }
  ERR_clear_error();
  if (sk_PKCS12_SAFEBAG_num(bags.get()) <= 0)
    return fail(Code::Invalid, "The bundle holds no PEM certificate.");
  const Store store = store_of(bags, password);
  unsigned char* der = nullptr;
  const int size = store == nullptr ? -1 : i2d_PKCS12(store.get(), &der);
  if (size <= 0) return std::unexpected(making_failed());
  ByteVector out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace strongroom::io
