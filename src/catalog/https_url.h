// HttpsUrl: an address of a provider in its parts. Used by: catalog, vault, app. Threads: values.
// Fails: Invalid, saying what is wrong, never the text. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace strongroom::catalog {

struct HttpsUrl {
  std::string host;
  std::string authority;  ///< "host:port"
  std::string target;     ///< path and query
};

/// https alone, a host by name, no user, no fragment, visible ASCII, at most 512 characters.
[[nodiscard]] Result<HttpsUrl> parse_https_url(std::string_view text);

}  // namespace strongroom::catalog
