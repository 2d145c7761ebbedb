// LeafMint: certificates on demand for the hosts that one session may reach: granted ones only,
// kept, renewed in time, and never more of them than a limit allows (threats.md N3).
//
// Used by: gateway, one for each session whose TLS it ends. Threads: one. Answers "mint_limited"
// where new hosts are asked for too fast; what is kept goes on being answered meanwhile.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "io/authority/session_authority.h"
#include "io/tls/tls.h"

namespace strongroom::io {

/// Error::reason where new hosts are asked for too fast.
inline constexpr std::string_view kMintLimited = "mint_limited";

class LeafMint {
 public:
  /// Asked for each host, in its one spelling, before anything is made or answered.
  using Grants = std::function<bool(std::string_view host)>;
  struct Limits {
    std::size_t leaves = 128;  ///< kept; the one that was not asked for the longest makes way
    unsigned burst = 64;       ///< minted at once after a pause...
    unsigned per_second = 4;   ///< ... and for long
  };

  LeafMint(SessionAuthority authority, const Clock& clock, Grants grants);
  LeafMint(SessionAuthority authority, const Clock& clock, Grants grants, const Limits& limits);
  LeafMint(const LeafMint&) = delete;  // servers hold on to it
  LeafMint& operator=(const LeafMint&) = delete;

  /// TLS for one host, whatever name the client asks for (TlsServer::of_leaf); itself good until
  /// the next call. Its certificate is good for at least a quarter of its length, unless the
  /// authority itself ends sooner or the limit holds up its renewal. Invalid, "host_not_nameable";
  /// Refused, "host_not_granted"; TooLarge, "mint_limited"; Expired, "authority_expired".
  [[nodiscard]] Result<const TlsServer*> server_for(std::string_view host);

  [[nodiscard]] const SessionAuthority& authority() const { return authority_; }
  [[nodiscard]] std::size_t kept() const { return kept_.size(); }
  [[nodiscard]] std::uint64_t minted() const { return minted_; }

 private:
  struct Kept {
    Validity validity;
    TlsServer server;
    std::uint64_t used = 0;
  };

  Status admit_minting();
  [[nodiscard]] bool is_due(const Validity& leaf, WallTime now) const;
  void make_place();

  SessionAuthority authority_;
  const Clock& clock_;
  Grants grants_;
  Limits limits_;
  std::map<std::string, Kept, std::less<>> kept_;
  std::uint64_t asked_ = 0;
  std::uint64_t minted_ = 0;
  double allowance_;
  SteadyTime counted_;
};

}  // namespace strongroom::io
