// What the runner tells strongroom-init over their socket pair: one message, then signals as single
// octets; init answers its state.
//
// Message: u32 magic, u32 total size, u32 argument count, arguments, u32 variable count,
// "NAME=VALUE" texts, u32 flags; texts are u32 length and octets. Header only, no dependency: both
// the runner and the static init use it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace strongroom::workroom {

inline constexpr std::uint32_t kInitMagic = 0x53524931;  // "SRI1"
inline constexpr std::size_t kInitMaxMessage = 2UL << 20U;
inline constexpr int kInitDescriptor = 3;  ///< the pair's end in init
inline constexpr std::uint32_t kFlagMountProc =
    1;  ///< init is in namespaces of its own: give it a /proc of its own

// Octets from the runner to init after the message.
inline constexpr std::uint8_t kTellEnd =
    0xFF;  ///< followed by u32 grace in milliseconds: TERM to all, then KILL
           ///< any other octet is a signal number for the command's process group
// From init to the runner: u8 kind, u32 value.
inline constexpr std::uint8_t kSayStarted = 1;  ///< the command's pid (in init's namespace)
inline constexpr std::uint8_t kSayFailed = 2;   ///< errno of exec
inline constexpr std::uint8_t kSayExited = 3;   ///< wait status of the command
inline constexpr std::uint8_t kSayEmpty = 4;    ///< every process is gone

}  // namespace strongroom::workroom
