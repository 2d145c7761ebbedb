// Resources of SCIM as they go in and out, and what the vault keeps of them. Inside the room only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "vault/provisioning.h"

namespace strongroom::api {

/// Where the SCIM server is: "https://.../scim/v2"; never made of what a request says of itself.
[[nodiscard]] std::string scim_base(const std::string& console_url);

[[nodiscard]] json::object scim_resource(const vault::ProvisionedUserView& view,
                                         const std::string& base);
[[nodiscard]] json::object scim_resource(const vault::ProvisionedGroupView& view,
                                         const std::string& base);
/// `W/"3"`.
[[nodiscard]] std::string scim_version(std::int64_t version);

/// What a client has sent for a user, read. `is_active`: where it does not say.
[[nodiscard]] Result<json::object> scim_user_given(json::object body, bool is_active);
/// Of a document as scim::written() answers it.
[[nodiscard]] vault::ProvisionedUserChange scim_user_change(json::object written);
/// Invalid where a member's id is none of a user.
[[nodiscard]] Result<vault::ProvisionedGroupChange> scim_group_change(const json::object& written);

}  // namespace strongroom::api
