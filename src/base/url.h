// URLs (RFC 3986), by Boost.URL. Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace strongroom {

/// "vault.example.com" of "https://vault.example.com:8443/": an IPv6 address without its brackets.
/// Empty where the text is no absolute URL, or has no host.
[[nodiscard]] std::string host_of_url(std::string_view url);

}  // namespace strongroom
