// Patches of SCIM 2.0 (RFC 7644 3.5.2), in the forms that providers really send: operations in any
// capitals, paths as keys of a value, members removed by a list of values.
//
// Used by: api. Threads: values. Fails: Invalid with invalidPath, invalidSyntax, noTarget,
// invalidValue or mutability as its reason. SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "scim/resource.h"

namespace strongroom::scim {

inline constexpr std::size_t kMostOperations = 1000;

/// `resource` as written() answers it, with what the patch changes; again as written() does.
[[nodiscard]] Result<json::object> patched(const ResourceType& type, json::object resource,
                                           const json::object& patch);

}  // namespace strongroom::scim
