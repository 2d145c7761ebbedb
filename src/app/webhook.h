// A webhook as the configuration names it, and what it is sent (Standard Webhooks: signed by
// HMAC-SHA-256 over id, time and body). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::app {

struct Webhook {
  std::string url;
  std::string tenant;  ///< only this tenant's notices; empty: all
  std::string host;
  std::string authority;  ///< "host:port"
  std::string target;     ///< "/path?query"
  Secret secret;

  /// Invalid for what is no https:// URL of a host's name. `secret_text`: whsec_ and base64.
  static Result<Webhook> make(std::string url, std::string tenant, std::string_view secret_text);
  /// "v1,BASE64".
  [[nodiscard]] std::string signature(std::string_view id, std::int64_t seconds,
                                      std::string_view body) const;
};

/// The table [notice] of the configuration; files are named from `folder`.
[[nodiscard]] Result<std::vector<Webhook>> read_webhooks(const json::value& notice,
                                                         const std::filesystem::path& folder);

}  // namespace strongroom::app
