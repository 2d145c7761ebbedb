// SessionSockets: Unix sockets of single sessions, for workrooms that share no network with the
// gateway. Each lies in a folder of its own (a container is given
// that, so that it sees a socket that was made anew), is listened on here and handed to every
// gateway, so that no octet of an agent comes into this process.
//
// Used by: serve. Threads: the vault's loop. A socket is its owner's (mode 0600, and the gateways
// ask the kernel who connects), leads to what this session was granted and nothing else, and is
// gone with the session. Its folder stays this user's: whoever owned that could put something else
// in the socket's place before it is given away, and fill the data directory's disk.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "io/descriptor_passing.h"

namespace strongroom::app {

class SessionSockets {
 public:
  /// Each costs every gateway a descriptor.
  static constexpr std::size_t kMost = 256;

  explicit SessionSockets(std::string folder) : folder_(std::move(folder)) {}
  ~SessionSockets();
  SessionSockets(const SessionSockets&) = delete;
  SessionSockets& operator=(const SessionSockets&) = delete;

  /// After a start: sockets of sessions that are still open are listened on again, others removed.
  [[nodiscard]] Status restore(const std::function<bool(SessionId)>& is_open);
  /// Its path. Refused: only root can make one for another user.
  [[nodiscard]] Result<std::string> open(SessionId session, uid_t owner);
  void close(SessionId session);
  /// For a gateway that is about to be started: its end of a channel over which it is told of the
  /// sockets. The caller closes it once the gateway has it.
  [[nodiscard]] Result<int> channel_of_new_gateway();
  /// Now and then: tells gateways what they had no room for when it happened.
  void tell_all();

 private:
  struct Socket {
    int fd = -1;
    uid_t owner = 0;
  };
  /// To one gateway, and of which sockets it was told that are to be closed again.
  struct Channel {
    int fd = -1;
    std::set<SessionId> told;
  };
  [[nodiscard]] std::string folder_of(SessionId session) const;
  [[nodiscard]] std::string path_of(SessionId session) const;
  [[nodiscard]] io::Passed bring_up_to_date(Channel& channel) const;

  std::string folder_;
  std::map<SessionId, Socket> sockets_;
  std::vector<Channel> channels_;
};

}  // namespace strongroom::app
