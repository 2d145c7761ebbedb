// Descriptors that travel from one process to another over a Unix socket, each with a short message
// (SCM_RIGHTS, unix(7)).
//
// Used by: app (the vault's end), gateway. Threads: the loop's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/net.h"

namespace strongroom::io {

inline constexpr std::size_t kMaxPassedMessage = 64;

/// Two joined ends that keep messages apart.
[[nodiscard]] Result<SocketPair> descriptor_pair();

/// What became of a message. Later: what came before has not been read yet. Never: nobody is there.
enum class Passed : std::uint8_t { Now, Later, Never };
/// One message of 1 to 64 octets, with a descriptor or (-1) without; never waits.
[[nodiscard]] Passed pass_descriptor(int channel, ByteView message, int fd);

/// Takes over `channel`, and calls for each message; the descriptor (-1: none) is the callee's.
class DescriptorReceiver {
 public:
  using OnMessage = std::function<void(ByteView message, int fd)>;
  DescriptorReceiver(Loop& loop, int channel, OnMessage on_message);
  DescriptorReceiver(const DescriptorReceiver&) = delete;
  DescriptorReceiver& operator=(const DescriptorReceiver&) = delete;
  ~DescriptorReceiver();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace strongroom::io
