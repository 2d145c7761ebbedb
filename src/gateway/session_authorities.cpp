// SPDX-License-Identifier: Apache-2.0
#include "gateway/session_authorities.h"

#include <algorithm>

#include "crypto/session_credentials.h"

namespace strongroom::gateway {
namespace {
constexpr std::size_t kMost = 256;
/// The longest session and a day.
constexpr std::chrono::hours kLength{24 * 8};
}  // namespace

Result<const io::TlsServer*> SessionAuthorities::server_for(SessionId session,
                                                            std::string_view host) {
  auto found = kept_.find(session);
  if (found == kept_.end()) {
    const Secret seed = crypto::session_authority_seed(link_key_, session);
    STRONGROOM_TRY(auto made, io::SessionAuthority::from_seed(seed, session.text(), kLength));
    if (kept_.size() >= kMost)
      kept_.erase(
          std::ranges::min_element(kept_, {}, [](const auto& each) { return each.second.used; }));
    found = kept_.emplace(session, Kept{std::move(made), {}}).first;
  }
  found->second.used = clock_.steady();
  return found->second.authority.server_for(host, clock_);
}

}  // namespace strongroom::gateway
