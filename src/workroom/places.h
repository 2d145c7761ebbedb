// Where a workroom in a container finds what is ours. Both the runner and strongroom-init use it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace strongroom::workroom {

/// The PATH of a container whose image names none.
inline constexpr const char* kContainerPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
inline constexpr const char* kInside = "/run/strongroom";
inline constexpr const char* kInit = "/run/strongroom/strongroom-init";
inline constexpr const char* kOrderSocket = "/run/strongroom/order.sock";
inline constexpr const char* kExecSocket = "/run/strongroom/exec.sock";
/// A folder, because a vault that is started anew makes the socket anew.
inline constexpr const char* kGatewayFolder = "/run/strongroom/gateway";
inline constexpr const char* kGatewaySocket = "/run/strongroom/gateway/s";
/// The same below the folder of `strongroom-init --socket`.
inline constexpr const char* kGatewayBelow = "/gateway/s";

}  // namespace strongroom::workroom
