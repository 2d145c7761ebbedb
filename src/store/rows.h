// Rows: everything that is persistent, one plain struct a table.
//
// Used by: vault (meaning), sqlite/ (binding), tests (which change every column of every row). Each
// struct lists its columns in columns(visitor), in table order; binding, reading, the
// authentication of rows and the tests all walk that one list. Times are microseconds since 1970.
// Threads: values. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/destruction_rows.h"
#include "store/identity_rows.h"
#include "store/installation_rows.h"
#include "store/key_rows.h"
#include "store/oauth_rows.h"
#include "store/passkey_rows.h"
#include "store/policy_rows.h"
#include "store/provisioning_rows.h"
#include "store/session_rows.h"
#include "store/sign_in_rows.h"
#include "store/tenant_rows.h"

namespace strongroom::store {

/// Calls `each.template operator()<Row>()` for every row type.
template <class Each>
void for_each_row_type(Each&& each) {
  each.template operator()<Seal>();
  each.template operator()<RootSecret>();
  each.template operator()<Installation>();
  each.template operator()<Tenant>();
  each.template operator()<Epoch>();
  each.template operator()<Member>();
  each.template operator()<Key>();
  each.template operator()<KeyVersion>();
  each.template operator()<Skill>();
  each.template operator()<Session>();
  each.template operator()<Grant>();
  each.template operator()<Receipt>();
  each.template operator()<Policy>();
  each.template operator()<Spending>();
  each.template operator()<PolicyGuard>();
  each.template operator()<SessionTerms>();
  each.template operator()<Dynamic>();
  each.template operator()<Ticket>();
  each.template operator()<Token>();
  each.template operator()<RunnerCredential>();
  each.template operator()<Health>();
  each.template operator()<Notice>();
  each.template operator()<Password>();
  each.template operator()<SecondFactor>();
  each.template operator()<Passkey>();
  each.template operator()<SignIn>();
  each.template operator()<Invitation>();
  each.template operator()<OAuthClient>();
  each.template operator()<OAuthGrant>();
  each.template operator()<Destruction>();
  each.template operator()<IdentityProvider>();
  each.template operator()<Identity>();
  each.template operator()<Provisioning>();
  each.template operator()<ProvisionedUser>();
  each.template operator()<ProvisionedGroup>();
  each.template operator()<ProvisionedMembership>();
  each.template operator()<ProviderSignIn>();
}

}  // namespace strongroom::store
