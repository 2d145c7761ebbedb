// Receipt: the signed answer of a revoke (docs/formats/receipt.md), and what it is written of.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "base/result.h"
#include "vault/fences.h"

namespace strongroom::vault {

/// A signed receipt, as JSON text ready to save; and whether R1 and R2 hold.
struct Receipt {
  ReceiptId id;
  std::string document;
  bool is_fenced = false;
  bool is_withdrawn = false;
};

/// Of the processes that a dead runner has left, by who has ended them.
struct EndReport {
  std::string supervisor;
  std::vector<ExposedProcess> processes;
};

/// Checks a receipt document against a public key (base64); answers what it says. No server needed.
[[nodiscard]] Result<json::object> verify_receipt(std::string_view document,
                                                  std::string_view public_key_base64);

}  // namespace strongroom::vault
