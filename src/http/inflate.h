// Decoding the start of a compressed body, to look at what a provider's error says. By zlib.
//
// Used by: gateway (the verdict of a provider's refusal). Threads: any. Never for what is passed
// on. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace strongroom::http {

inline constexpr std::size_t kMaxInflated = 64_KiB;

/// The first octets of a body with this Content-Encoding ("", "identity", "gzip", "x-gzip",
/// "deflate"), at most `limit` (never over kMaxInflated). A body cut short gives what was there.
/// Unsupported for another encoding, Protocol when it is not what it says.
[[nodiscard]] Result<std::string> decode_start(std::string_view encoding, ByteView body,
                                               std::size_t limit = kMaxInflated);

}  // namespace strongroom::http
