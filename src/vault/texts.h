// Texts as rows keep them, as addresses have them, and as people may have written them. Internal to
// this room. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
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
/// A text of these; empty where there is none of that name.
[[nodiscard]] std::string word_of(const Settings& said, std::string_view name);
/// A number of a provider's; none where it is no number.
[[nodiscard]] std::optional<std::int64_t> number_of(const std::string& text);
/// Is this client one of those whom a token is for (a JSON array)?
[[nodiscard]] bool is_for_client(const std::string& audience, const std::string& client);
/// How far clocks may differ, and how old something may be that is made while somebody waits for
/// it.
inline constexpr std::chrono::seconds kProviderSkew{60};
inline constexpr std::chrono::minutes kProviderFresh{10};
/// A JSON array of texts, as rows keep them.
[[nodiscard]] Result<std::vector<std::string>> texts_of(const std::string& list);

}  // namespace strongroom::vault
