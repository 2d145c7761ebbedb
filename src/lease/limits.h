// The limits of the lease channel's fields. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace strongroom::lease {

inline constexpr std::size_t kMaxWord = 256;   ///< names, reasons, services, labels, hosts, methods
inline constexpr std::size_t kMaxText = 4096;  ///< sentences, paths: cut to this
inline constexpr std::size_t kMaxPem = 256UL << 10U;
inline constexpr std::size_t kMaxSource = 256UL << 10U;
inline constexpr std::size_t kMaxSettings = 64;
inline constexpr std::size_t kMaxNoProxy = 256;
inline constexpr std::size_t kMaxPolicies = 3;       ///< one of each scope
inline constexpr std::size_t kMaxPasses = 128;       ///< of one session
inline constexpr std::size_t kMaxRefusalCodes = 64;  ///< there are fewer

}  // namespace strongroom::lease
