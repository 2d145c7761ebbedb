// What every way in shares: how tries of it are counted, and what the browser is given.
// Inside the room only. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "api/operations.h"

namespace strongroom::api {

/// A try at this member, from where the call comes from.
[[nodiscard]] SignInThrottle::Try try_of(const Call& call, const std::string& tenant,
                                         const std::string& member);
/// SameSite=Strict: no page of another site's makes a browser send it.
[[nodiscard]] std::pair<std::string, std::string> cookie_header(std::string_view name,
                                                                std::string_view value,
                                                                std::chrono::seconds time);
/// What one browser has from now on, for what is asked of it next, and its hash. Always a new one:
/// what a page of before has planted is not taken over.
[[nodiscard]] crypto::Digest new_browser(Reply& reply);
/// The hash of what the call brings of that.
[[nodiscard]] crypto::Digest browser_of(const Call& call);
/// The browser's half of the sign-in that asks. sign_in_needed.
[[nodiscard]] Result<crypto::Digest> signed_in_browser(const Call& call);
/// The page's half, and both cookies.
[[nodiscard]] Reply signed_in(vault::Vault& vault, const vault::IssuedSignIn& issued);
[[nodiscard]] Reply signed_out();

}  // namespace strongroom::api
