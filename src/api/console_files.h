// The web console's files, built from console/ and compiled in. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "http/server.h"

namespace strongroom::api {

struct ConsoleFile {
  std::string_view path;  ///< "/index.html"
  std::string_view content;
  std::string_view gzip;  ///< the content compressed; empty: not worth it
  std::string_view tag;   ///< with its quotes
};
[[nodiscard]] std::span<const ConsoleFile> console_files();
/// GET and HEAD only; "/" is the index. With the headers that keep other pages and injected script
/// out.
[[nodiscard]] http::ServerResponse serve_console(const http::ServerRequest& request);

}  // namespace strongroom::api
