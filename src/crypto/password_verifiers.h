// What database servers keep of a password, so that the password itself is never in a statement,
// and so in no log of theirs. Used by: vault. Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/secret.h"

namespace strongroom::crypto {

/// PostgreSQL's form of RFC 5803: "SCRAM-SHA-256$4096:<salt>$<stored key>:<server key>".
[[nodiscard]] std::string scram_sha256_verifier(const Secret& password, ByteView salt);

/// MariaDB's and MySQL's mysql_native_password: '*' and SHA-1 of SHA-1, in hexadecimal. Good for
/// long random passwords alone.
[[nodiscard]] std::string mysql_native_verifier(const Secret& password);

}  // namespace strongroom::crypto
