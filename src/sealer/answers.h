// What services answer, read strictly: hostile input. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::sealer {

// OpenBao's and Vault's transit engine

/// `key`: its name there, for errors.
[[nodiscard]] Result<ByteVector> read_transit_ciphertext(int status, std::string_view body,
                                                         const std::string& key);
[[nodiscard]] Result<Secret> read_transit_plaintext(int status, std::string_view body,
                                                    const std::string& key);
/// The token that a login by AppRole gives.
[[nodiscard]] Result<Secret> read_login(int status, std::string_view body);

// AWS KMS

[[nodiscard]] Result<ByteVector> read_kms_ciphertext(int status, std::string_view body);
[[nodiscard]] Result<Secret> read_kms_plaintext(int status, std::string_view body);

}  // namespace strongroom::sealer
