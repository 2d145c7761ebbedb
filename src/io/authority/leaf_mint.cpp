// SPDX-License-Identifier: Apache-2.0
#include "io/authority/leaf_mint.h"

#include <algorithm>

#include "base/check.h"
#include "io/authority/certificate_host.h"

namespace strongroom::io {
namespace {
/// Of a leaf's length is left when it is renewed.
constexpr int kRenewedInLast = 4;
}  // namespace

LeafMint::LeafMint(SessionAuthority authority, const Clock& clock, Grants grants)
    : LeafMint(std::move(authority), clock, std::move(grants), Limits()) {}

LeafMint::LeafMint(SessionAuthority authority, const Clock& clock, Grants grants,
                   const Limits& limits)
    : authority_(std::move(authority)),
      clock_(clock),
      grants_(std::move(grants)),
      limits_(limits),
      allowance_(limits.burst),
      counted_(clock.steady()) {
  STRONGROOM_CHECK(grants_ != nullptr, "a mint is told which hosts are granted");
  STRONGROOM_CHECK(limits_.leaves > 0, "a mint keeps what it has just made");
}

Result<const TlsServer*> LeafMint::server_for(std::string_view host) {
  STRONGROOM_TRY(const auto known, certificate_host(host));
  if (!grants_(known.text))
    return fail(Code::Refused, "This session may not reach the host.", "host_not_granted");
  const WallTime now = clock_.wall();
  const auto found = kept_.find(known.text);
  const bool is_good = found != kept_.end() && found->second.validity.covers(now);
  if (is_good) found->second.used = ++asked_;
  if (is_good && !is_due(found->second.validity, now)) return &found->second.server;
  const auto admitted = admit_minting();
  // An old leaf will do until a new one may be made.
  if (!admitted && is_good) return &found->second.server;
  if (!admitted) return std::unexpected(admitted.error());
  STRONGROOM_TRY(const auto leaf, authority_.mint(known.text, now));
  ++minted_;
  STRONGROOM_TRY(auto server, TlsServer::of_leaf(leaf));
  if (found == kept_.end()) make_place();
  const auto [place, is_new] =
      kept_.insert_or_assign(known.text, Kept{leaf.validity(), std::move(server), ++asked_});
  return &place->second.server;
}

/// A token bucket.
Status LeafMint::admit_minting() {
  const SteadyTime now = clock_.steady();
  const double passed = std::chrono::duration<double>(now - counted_).count();
  allowance_ =
      std::min<double>(limits_.burst, allowance_ + std::max(0.0, passed) * limits_.per_second);
  counted_ = now;
  if (allowance_ < 1)
    return fail(Code::TooLarge, "The session asks for certificates of too many hosts.",
                std::string(kMintLimited));
  allowance_ -= 1;
  return {};
}

/// Near its end, while a new one would last longer.
bool LeafMint::is_due(const Validity& leaf, WallTime now) const {
  return leaf.until - now < (leaf.until - leaf.from) / kRenewedInLast &&
         leaf.until < authority_.validity().until;
}

void LeafMint::make_place() {
  while (kept_.size() >= limits_.leaves)
    kept_.erase(
        std::ranges::min_element(kept_, {}, [](const auto& each) { return each.second.used; }));
}

}  // namespace strongroom::io
