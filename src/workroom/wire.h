// What the runner and strongroom-init say to each other over their socket. Both are of one build,
// so: native integers.
//
// Runner first: WireHead (with it the descriptors of the standard streams, as SCM_RIGHTS, where it
// announces them), then `size` octets: texts that end in NUL, in this order: working directory (may
// be empty), the command and its arguments, the variables as NAME=VALUE, the relays (to_text). Init
// answers one WireAnswer. From then on the runner sends single octets: a signal's number for the
// command, kWireEnd, or kWireInner; the end of the stream means that the runner is gone. Init's
// last word is a WireFarewell; without one it was killed.
//
// An init that a platform has started, in a container of its own making, comes with its command:
// before all this it says a WireHello (with it its standard streams and a descriptor of its own
// process, as SCM_RIGHTS), then `size` octets: texts that end in NUL: the folder of the socket, the
// command and its arguments, its own variables. The order it gets is for that command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace strongroom::workroom {

inline constexpr int kWireDescriptor = 3;
inline constexpr std::uint32_t kWireVersion = 3;
/// Linux itself takes 2 MiB of arguments and variables, as a rule.
inline constexpr std::size_t kWireLimit = 4UL << 20U;
/// Standard input, output and error.
inline constexpr std::uint32_t kWireStreams = 3;
/// "All of us are being ended: leave when nobody is left, not as soon as the command has."
inline constexpr std::uint8_t kWireEnd = 255;
/// "Start another init below you": with a socket (SCM_RIGHTS) over which the runner gives that one
/// an order of its own. So process 1 reads nothing of it, and waits for nobody.
inline constexpr std::uint8_t kWireInner = 254;

/// "TERM to every process of the workroom, and leave when nobody is left": for a runner that cannot
/// reach them itself.
inline constexpr std::uint8_t kWireTerminate = 253;
/// The same with KILL.
inline constexpr std::uint8_t kWireKill = 252;
/// Standard streams, and the process itself.
inline constexpr std::uint32_t kWireHelloDescriptors = 4;

struct WireHello {
  std::uint32_t version = kWireVersion;
  std::uint32_t size = 0;
  std::uint32_t arguments = 0;
  std::uint32_t variables = 0;
  std::uint32_t is_first = 0;  ///< it is process 1: whatever it starts dies with it
};

struct WireHead {
  std::uint32_t version = kWireVersion;
  std::uint32_t size = 0;
  std::uint32_t arguments = 0;
  std::uint32_t variables = 0;
  std::uint32_t relays = 0;
  std::uint32_t has_user = 0;  ///< 0: the command runs as init does
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::uint32_t streams = 0;      ///< 0: the command has init's own; or kWireStreams
  std::uint32_t is_terminal = 0;  ///< of those: the terminal that controls the command's session
};

struct WireAnswer {
  enum class What : std::uint32_t { Started, NoDirectory, NoCommand, Malformed, NoUser, NoRelay };
  What what = What::Malformed;
  std::int32_t why = 0;  ///< errno
};

struct WireFarewell {
  std::uint32_t status = 0;  ///< the command's, in the shell's manner
};

/// The command's standard streams, as descriptors of the runner.
struct Streams {
  int in = 0;
  int out = 1;
  int error = 2;
  bool is_terminal = false;  ///< all three are one terminal of the workroom's own
};

/// A listener on the workroom's loopback whose connections init hands on to the gateway's socket.
struct Relay {
  std::string address;  ///< IPv4
  std::uint16_t port = 0;
  std::string destination;  ///< "HOST:PORT" asked of the gateway by CONNECT; empty: handed on as is
};

}  // namespace strongroom::workroom
