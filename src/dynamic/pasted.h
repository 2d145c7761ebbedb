// Pasted: what a job that ends a key at its provider, by that key itself, is made of.
//
// Used by: vault (which fills it in), issuer (which does it). Its action is Destroy, its credential
// the key, its `reference` the path of the call; its settings are these. Lists are JSON arrays.
// Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace strongroom::dynamic {

inline constexpr std::string_view kPastedMethod = "method";
inline constexpr std::string_view kPastedBody = "body";  ///< "{value}" stands for the key
/// Of the header that shows the key: its name and the scheme before it; the call itself has it
/// where `shows_key` says "yes", the check always.
inline constexpr std::string_view kPastedHeader = "header";
inline constexpr std::string_view kPastedScheme = "scheme";
inline constexpr std::string_view kPastedShowsKey = "shows_key";
inline constexpr std::string_view kPastedHeaders = "headers";  ///< more, a JSON object of texts
/// The check, by which the provider says whether the key is of any use.
inline constexpr std::string_view kCheckMethod = "check_method";
inline constexpr std::string_view kCheckPath = "check_path";
inline constexpr std::string_view kCheckInvalidStatus = "check_invalid_status";
inline constexpr std::string_view kCheckInvalidBody = "check_invalid_body";
inline constexpr std::string_view kCheckValidBody = "check_valid_despite_body";

}  // namespace strongroom::dynamic
