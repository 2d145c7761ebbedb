// What a workroom trusts: the session's authority beside the machine's public roots (threats.md
// O3), as PEM for most tools and as PKCS #12 for Java.
//
// Used by: workroom. Threads: any. Reads files when asked to, keeps nothing; holds certificates
// only, nothing secret. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace strongroom::io {

/// Where systems keep their public roots as one PEM file, in the order of looking: this process's
/// own SSL_CERT_FILE where it is set (a company's roots), then as Debian, Fedora, SUSE, Alpine,
/// Arch, NixOS and the BSDs have it.
[[nodiscard]] std::vector<std::string> usual_root_files();

/// The "CERTIFICATE" blocks of a PEM text, without what stands between them. Views into `pem`.
[[nodiscard]] std::vector<std::string_view> certificate_blocks(std::string_view pem);

/// The certificates of the first of `files` that has any; at most 8 MiB are read of each. When none
/// has: Unavailable, "no_public_roots", rather than less than was asked for: tools that have roots
/// of their own would lose them by such a bundle, and fail far from the cause.
[[nodiscard]] Result<std::string> public_roots_pem(std::span<const std::string> files);

/// `authority_pem` and then the public roots, nothing else. Invalid when `authority_pem` holds no
/// certificate; otherwise fails as public_roots_pem().
[[nodiscard]] Result<std::string> ca_bundle_pem(std::string_view authority_pem);
[[nodiscard]] Result<std::string> ca_bundle_pem(std::string_view authority_pem,
                                                std::span<const std::string> files);

/// The certificates of `bundle_pem` as a trust store of Java 8u301 and later, not encrypted, with
/// an integrity check under `password` (Java's custom is "changeit"; it protects nothing here).
/// Blocks that are no certificates are left out. Invalid when none is left.
[[nodiscard]] Result<ByteVector> java_trust_store(std::string_view bundle_pem,
                                                  const std::string& password);

}  // namespace strongroom::io
