// What the root of a container may do. SPDX-License-Identifier: Apache-2.0
#pragma once

namespace strongroom::workroom {

/// For init, and for commands that run as root; another user's have none. What makes devices, raw
/// packets and file capabilities is left out.
inline constexpr const char* kCapabilities[] = {
    "CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",    "CAP_SETGID",
    "CAP_SETUID", "CAP_KILL",         "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT"};

}  // namespace strongroom::workroom
