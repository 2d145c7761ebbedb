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
    STRONGROOM_TRY(auto made,
                   io::SessionAuthority::from_seed(seed, {session.text(), clock_.wall(), kLength}));
    if (kept_.size() >= kMost)
      kept_.erase(
          std::ranges::min_element(kept_, {}, [](const auto& each) { return each.second.used; }));
    // Whoever asks here has found the host among the session's granted places.
    auto grants = [](std::string_view) { return true; };
    auto mint = std::make_unique<io::LeafMint>(std::move(made), clock_, grants);
    found = kept_.emplace(session, Kept{std::move(mint)}).first;
  }
  found->second.used = clock_.steady();
  return found->second.mint->server_for(host);
}

}  // namespace strongroom::gateway
