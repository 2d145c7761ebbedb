// SessionAuthority: the certificate authority of one session (P-256, ECDSA with SHA-256), which
// signs short-lived certificates for hosts (RFC 5280, RFC 9525).
//
// Used by: vault (the certificate, for the workroom to trust) and gateway (the leaves, by way of
// LeafMint). Who has the seed signs in the same name. Threads:
// one. Not in locked memory: the key is OpenSSL's, opens no provider's door and ends with the
// session. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "io/authority/leaf.h"

namespace strongroom::io {

struct AuthorityFacts {
  std::string session;  ///< part of the common name; at most 44 characters
  WallTime now;
  /// From now on; at most SessionAuthority::kLongest. What it signs ends with it.
  std::chrono::seconds length = std::chrono::hours(24);
  /// Where not empty: trusted for these hosts (and names below them) only, RFC 5280 4.2.1.10.
  /// Tried: OpenSSL (curl, Python, Node), Go and GnuTLS (git) then refuse other hosts, Java takes
  /// no notice. Fixed for good, so not for sessions whose hosts may still change; LeafMint refuses
  /// others anyway.
  std::vector<std::string> only_hosts{};
};

class SessionAuthority {
 public:
  /// The longest session, and a day.
  static constexpr std::chrono::hours kLongest{24 * 8};
  /// Certificates begin this long before they are made, for clocks that are late.
  static constexpr std::chrono::minutes kBackdating{5};
  /// From its first to its last moment, at most.
  static constexpr std::chrono::hours kLeafLength{24};

  /// With the key that belongs to these 32 octets. Two that are made from one seed for one session
  /// have the same name and key, so what the one signs is trusted where the other's certificate is;
  /// serial number and times differ.
  static Result<SessionAuthority> from_seed(const Secret& seed, const AuthorityFacts& facts);
  SessionAuthority(SessionAuthority&&) noexcept;
  SessionAuthority& operator=(SessionAuthority&&) noexcept;
  ~SessionAuthority();

  [[nodiscard]] const std::string& certificate_pem() const;
  [[nodiscard]] const Validity& validity() const;

  /// A certificate for exactly this host, for TLS servers, good from `now` (and a little before)
  /// for kLeafLength, never beyond the authority itself. All leaves of an authority share one key,
  /// which is made with the first. Invalid, "host_not_nameable"; Expired, "authority_expired".
  /// Bounds nothing: see LeafMint.
  [[nodiscard]] Result<Leaf> mint(std::string_view host, WallTime now);

 private:
  struct State;
  explicit SessionAuthority(std::unique_ptr<State> state);
  static Result<SessionAuthority> self_signed(std::unique_ptr<State> state,
                                              const AuthorityFacts& facts);
  std::unique_ptr<State> state_;
};

}  // namespace strongroom::io
