// Signing in: how members come in with a password, and what their browsers hold afterwards.
//
// A password is never kept: Argon2id makes 32 octets of it and a salt, and a key of the vault makes
// the verifier of those (HMAC-SHA-256), so that the database alone does not tell whether a guess is
// right. The vault never computes Argon2id itself: it takes a tenth of a second, so the caller does
// it elsewhere (PasswordTask) and brings what came out. Who is not known gets a task like
// everybody.
//
// A sign-in has two halves. The cookie's is kept from scripts; the page's is kept from other
// servers of the same host, to which browsers send that host's cookies whatever their port: one of
// them may be what an agent has just started. Neither half is good alone. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/access_ids.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "crypto/crypto.h"

namespace strongroom::vault {

inline constexpr std::string_view kInvitationStart = "sri_";
inline constexpr std::string_view kFirstOwnerStart = "srf_";
inline constexpr std::string_view kSignInStart = "src_";
inline constexpr std::string_view kPageHalfStart = "srw_";
inline constexpr std::chrono::hours kInvitationTime{72};
/// From sign-in, whatever happens; and without a call.
inline constexpr std::chrono::hours kLongestSignIn{24 * 7};
inline constexpr std::chrono::hours kIdleSignIn{12};
/// For so long after a sign-in, or after somebody has shown again that it is them, they may add
/// ways to come in.
inline constexpr std::chrono::minutes kRecentSignIn{5};
inline constexpr std::size_t kMostSignIns = 50;  ///< of one member; the oldest ends
/// In characters, and no other rule (NIST SP 800-63B).
inline constexpr std::size_t kShortestPassword = 12;
inline constexpr std::size_t kLongestPassword = 1024;

/// What has to be computed of a password, and for whom.
struct PasswordTask {
  std::optional<MemberId> member;  ///< none: nobody, and nothing will fit
  ByteVector salt;
  crypto::Argon2Cost cost;
};

/// A change of one's own password: the one that is known, and the one that comes after it.
struct OwnPassword {
  std::string tenant;
  std::string member;
  PasswordTask current;
  PasswordTask next;
};

/// What the first owner calls their tenant, and themself.
struct NewTenant {
  std::string tenant;
  std::string owner;
};

struct InvitationView {
  InvitationId id;
  std::string tenant;
  std::string member;
  WallTime expires{};
};
/// The only time that the invitation itself is known.
struct IssuedInvitation {
  InvitationView view;
  std::string invitation;
};

struct SignInView {
  SignInId id;
  std::string tenant;
  std::string member;
  std::string from;
  WallTime created{};
  WallTime seen{};
  WallTime expires{};
};
/// The only time that the two halves are known.
struct IssuedSignIn {
  SignInView view;
  std::string cookie;
  std::string page_half;
};

/// Hashes of the halves that a call brings.
struct SignInHalves {
  crypto::Digest cookie{};
  crypto::Digest page{};
};

/// Invalid where it is too short or too long; says nothing of the password.
[[nodiscard]] Status check_password(const Secret& password);

}  // namespace strongroom::vault
