// What a SessionAuthority holds; for io's own files. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "io/authority/certificate_making.h"
#include "io/authority/session_authority.h"

namespace strongroom::io {

/// What is the same in all leaves of an authority.
struct LeafMould {
  Key key;
  Key public_key;  ///< the same, as X509_set_pubkey is quick with it
  std::vector<Extension> extensions;
};

struct SessionAuthority::State {
  Key key;
  Cert certificate;
  std::string pem;
  Validity validity;
  LeafMould mould;  ///< empty until the first leaf
};

}  // namespace strongroom::io
