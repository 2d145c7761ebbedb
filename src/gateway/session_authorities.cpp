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
  STRONGROOM_TRY(Kept* const kept, authority_of(session));
  kept->used = clock_.steady();
  return kept->mint->server_for(host);
}

/// Nothing that an authority signs is good before the authority itself. Where the clock was set
/// back behind that, or ran ahead, one is made anew: of the same seed, so that clients see no
/// difference.
Result<SessionAuthorities::Kept*> SessionAuthorities::authority_of(SessionId session) {
  const WallTime now = clock_.wall();
  const auto found = kept_.find(session);
  if (found != kept_.end() && found->second.mint->authority().validity().covers(now))
    return &found->second;
  const Secret seed = crypto::session_authority_seed(link_key_, session);
  STRONGROOM_TRY(auto made, io::SessionAuthority::from_seed(seed, {session.text(), now, kLength}));
  if (found == kept_.end() && kept_.size() >= kMost)
    kept_.erase(
        std::ranges::min_element(kept_, {}, [](const auto& each) { return each.second.used; }));
  // Whoever asks here has found the host among the session's granted places.
  auto grants = [](std::string_view) { return true; };
  auto mint = std::make_unique<io::LeafMint>(std::move(made), clock_, grants);
  return &kept_.insert_or_assign(session, Kept{std::move(mint)}).first->second;
}

}  // namespace strongroom::gateway
