// CertificateHost: the one spelling of a host that a certificate of a session's authority may name.
//
// Used by: SessionAuthority and LeafMint, so that what was granted, what was asked for and what is
// certified are compared octet by octet (threats.md A7, A8, A10). Threads: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace strongroom::io {

struct CertificateHost {
  /// A host name in lower case, or an address as inet_ntop writes it (no brackets).
  std::string text;
  bool is_address = false;
};

/// Host names: labels of letters, digits and inner hyphens (RFC 5890 2.3.1; IDN as A-labels only),
/// 1 to 63 octets each, 253 in all, no final dot, never a wildcard, and no last label that a client
/// could take for a number (127.1, 0x7f.1). Addresses: what inet_pton takes. Otherwise Invalid,
/// "host_not_nameable".
[[nodiscard]] Result<CertificateHost> certificate_host(std::string_view host);

}  // namespace strongroom::io
