// A tenant's part of the record in a folder of its own. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/commands.h"
#include "crypto/crypto.h"

namespace strongroom::app {

/// Asks the server, and writes view.json, which proves itself, and entries.ndjson, to be read.
[[nodiscard]] int view_export(const Common& common, const AuditOptions& options);
[[nodiscard]] bool is_view_folder(const std::string& folder);
/// entries.ndjson must say what view.json proves.
[[nodiscard]] int verify_view_folder(const Common& common, const std::string& folder,
                                     const crypto::PublicKey& key);

}  // namespace strongroom::app
