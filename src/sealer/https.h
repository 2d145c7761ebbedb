// One call over verified TLS. Bodies hold a seal's key here, as ordinary texts: this process has
// that one key, lives for seconds and is locked whole where it may be.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "http/client.h"

namespace strongroom::sealer {

struct HttpsPlace {
  std::string host;
  std::uint16_t port = 443;
  std::string authority;  ///< as it is in Host: without the usual port
};
/// Of "https://HOST[:PORT]"; anything else is refused.
[[nodiscard]] Result<HttpsPlace> parse_https(const std::string& url);

/// Blocks. `request` gets its Host here. kUnreachable where there is no whole answer; the sentence
/// says whether its certificate was the fault.
[[nodiscard]] Result<http::ClientResponse> ask(const HttpsPlace& place,
                                               const std::string& trusted_pem,
                                               http::ClientRequest request);

}  // namespace strongroom::sealer
