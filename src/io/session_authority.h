// SessionAuthority: the certificate authority of one session (P-256, ECDSA with SHA-256), and the
// server contexts it mints for hosts on demand (RFC 5280, RFC 9525).
//
// Used by: vault (the certificate, for the workroom to trust) and gateway (the leaves). Made from a
// seed: who has the seed makes the same key under the same name, so nothing else need be sent.
// Threads: one. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"
#include "io/tls.h"

namespace strongroom::io {

class SessionAuthority {
 public:
  /// `seed` has 32 octets; `name` becomes part of the common name. Good for `length` from now on,
  /// dated one day back for late clocks.
  static Result<SessionAuthority> from_seed(const Secret& seed, const std::string& name,
                                            std::chrono::hours length);
  SessionAuthority(SessionAuthority&&) noexcept;
  SessionAuthority& operator=(SessionAuthority&&) noexcept;
  ~SessionAuthority();

  [[nodiscard]] const std::string& certificate_pem() const;
  /// TLS for exactly this host (a name in lower case, or an address); made once and kept, at most
  /// 128 of them. TooLarge, "mint_limited", when more than 64 at once, or 4 a second for long, are
  /// asked for. Good until the next call.
  [[nodiscard]] Result<const TlsServer*> server_for(std::string_view host, const Clock& clock);

 private:
  struct State;
  explicit SessionAuthority(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strongroom::io
