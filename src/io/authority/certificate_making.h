// How certificates are made with OpenSSL; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "io/authority/leaf.h"

namespace strongroom::io {

template <auto free_function>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    free_function(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;

/// P-256. Null when OpenSSL fails, as with all that follow.
[[nodiscard]] Key new_key();
/// P-256, always the same for the same 32 octets.
[[nodiscard]] Key key_of_seed(const Secret& seed);
[[nodiscard]] std::string pem_of(X509* certificate);
[[nodiscard]] std::string pem_of(EVP_PKEY* key);
/// Of what OpenSSL said; empties its queue.
[[nodiscard]] Error making_failed();

/// Empty parts are left out.
struct Subject {
  std::string organisation;
  std::string common_name;  ///< at most 64 characters (RFC 5280 A.1)
};
/// Version 3, a random serial number of 128 bits, times and subject; no key, not signed.
[[nodiscard]] Cert begin_certificate(const Subject& subject, const Validity& validity);
/// In OpenSSL's words (x509v3_config(5)); `value` holds nothing that an agent wrote.
[[nodiscard]] Extension make_extension(X509* certificate, X509* issuer, int id,
                                       const std::string& value);

}  // namespace strongroom::io
