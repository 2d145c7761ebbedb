// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/migrations.h"

#include <array>

#include "store/sqlite/first_step.h"
#include "store/sqlite/steps_of_keys.h"
#include "store/sqlite/steps_of_people.h"

namespace strongroom::store::sqlite {
namespace {

constexpr std::array<Migration, 19> kMigrations = {{{1, kFirst},
                                                    {2, kPolicies},
                                                    {3, kPolicyGuards},
                                                    {4, kSessionTerms},
                                                    {5, kDynamic},
                                                    {6, kTickets},
                                                    {7, kRootSecrets},
                                                    {8, kTokens},
                                                    {9, kRunnerCredentials},
                                                    {10, kSignIn},
                                                    {11, kSecondFactors},
                                                    {12, kHealth},
                                                    {13, kPasskeys},
                                                    {14, kOAuth},
                                                    {15, kIdentities},
                                                    {16, kProvisioning},
                                                    {17, kProviderSignIns},
                                                    {18, kDestructions},
                                                    {19, kTenantStates}}};

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

}  // namespace strongroom::store::sqlite
