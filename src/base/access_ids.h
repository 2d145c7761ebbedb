// The ids of what people and machines call the control API with (base/id.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/id.h"

namespace strongroom {

struct TokenTag {
  static constexpr std::string_view kPrefix = "tok";
};
using TokenId = Id<TokenTag>;

struct SignInTag {
  static constexpr std::string_view kPrefix = "sgn";
};
using SignInId = Id<SignInTag>;

struct InvitationTag {
  static constexpr std::string_view kPrefix = "inv";
};
using InvitationId = Id<InvitationTag>;

struct PasskeyTag {
  static constexpr std::string_view kPrefix = "psk";
};
using PasskeyId = Id<PasskeyTag>;

struct IdentityProviderTag {
  static constexpr std::string_view kPrefix = "idp";
};
using IdentityProviderId = Id<IdentityProviderTag>;

struct IdentityTag {
  static constexpr std::string_view kPrefix = "idn";
};
using IdentityId = Id<IdentityTag>;

struct ProvisionedUserTag {
  static constexpr std::string_view kPrefix = "pvu";
};
using ProvisionedUserId = Id<ProvisionedUserTag>;

struct ProvisionedGroupTag {
  static constexpr std::string_view kPrefix = "pvg";
};
using ProvisionedGroupId = Id<ProvisionedGroupTag>;

}  // namespace strongroom
