// How certificates are made with OpenSSL; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

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

/// P-256. Null when OpenSSL fails, as with all that follow.
[[nodiscard]] Key new_key();
[[nodiscard]] std::string pem_of(X509* certificate);
[[nodiscard]] std::string pem_of(EVP_PKEY* key);
/// Of what OpenSSL said; empties its queue.
[[nodiscard]] Error making_failed();

/// Signed by itself; may sign leaves, no further authorities.
[[nodiscard]] Cert make_authority_certificate(EVP_PKEY* key, const std::string& common_name,
                                              std::chrono::hours length);
/// For a server of these names (host names or addresses), signed by `issuer`.
[[nodiscard]] Cert make_leaf_certificate(X509* issuer, EVP_PKEY* issuer_key, EVP_PKEY* key,
                                         const std::vector<std::string>& names,
                                         std::chrono::hours length);

}  // namespace strongroom::io
