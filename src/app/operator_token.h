// The operator token: a file of its owner alone, made at the first start. Used by: serve.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "crypto/crypto.h"

namespace strongroom::app {

/// Its hash, which is all that the control API keeps. Refused when others may read the file, or
/// when what it holds is too short to keep anyone out.
[[nodiscard]] Result<crypto::Digest> operator_token(const std::string& path);

}  // namespace strongroom::app
