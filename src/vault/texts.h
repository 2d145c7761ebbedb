// Texts as rows keep them, as addresses have them, and as people may have written them. Internal to
// this room. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vault/session_views.h"

namespace strongroom::vault {

/// Settings of a key as kept (a JSON object of texts), and back.
[[nodiscard]] std::string settings_text(const Settings& settings);
[[nodiscard]] Result<Settings> settings_of(const std::string& text);

/// A text made fit for a member's name, as far as that goes.
[[nodiscard]] std::string name_like(std::string_view text);

/// A URL with a query of these.
[[nodiscard]] std::string with_parameters(std::string url, const Settings& parameters);
/// An error as a browser has brought it, fit for people.
[[nodiscard]] std::string said_error(std::string_view error);
/// A JSON array of texts, as rows keep them.
[[nodiscard]] Result<std::vector<std::string>> texts_of(const std::string& list);

}  // namespace strongroom::vault
