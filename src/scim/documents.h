// What a SCIM 2.0 server tells of itself (RFC 7643 5 to 7), made of the tables of resource.h.
//
// Used by: api. Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace strongroom::scim {

inline constexpr std::size_t kMostResults = 200;  ///< of one answer

// `base`: where the server is, "https://.../scim/v2".
[[nodiscard]] json::object service_provider_config(const std::string& base);
[[nodiscard]] json::array resource_types(const std::string& base);
[[nodiscard]] json::array schemas(const std::string& base);

/// RFC 7644 3.4.2. `start` counts from 1.
[[nodiscard]] json::object list_response(json::array resources, std::size_t total,
                                         std::size_t start);
/// RFC 7644 3.12. `word`: one of its scimTypes; may be empty.
[[nodiscard]] json::object error_document(int status, std::string_view word,
                                          std::string_view detail);

}  // namespace strongroom::scim
