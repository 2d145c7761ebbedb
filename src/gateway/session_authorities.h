// SessionAuthorities: the certificate authorities of the sessions whose tunnels are inspected here;
// made when first needed, at most 256 kept. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/id.h"
#include "base/secret.h"
#include "crypto/session_credentials.h"
#include "io/authority/leaf_mint.h"

namespace strongroom::gateway {

class SessionAuthorities {
 public:
  SessionAuthorities(const Clock& clock, Secret link_key)
      : clock_(clock), link_key_(std::move(link_key)) {}
  [[nodiscard]] crypto::ProxyCredential proxy_credential(SessionId session) const {
    return crypto::proxy_credential(link_key_, session);
  }
  /// Whose a credential is, where it is right.
  [[nodiscard]] std::optional<SessionId> session_of(const crypto::ProxyCredential& shown) const {
    return crypto::session_of(link_key_, shown);
  }
  /// TLS for this host under the session's authority; good until the next call.
  [[nodiscard]] Result<const io::TlsServer*> server_for(SessionId session, std::string_view host);

 private:
  struct Kept {
    std::unique_ptr<io::LeafMint> mint;
    SteadyTime used{};
  };
  [[nodiscard]] Result<Kept*> authority_of(SessionId session);
  const Clock& clock_;
  Secret link_key_;
  std::map<SessionId, Kept> kept_;
};

}  // namespace strongroom::gateway
