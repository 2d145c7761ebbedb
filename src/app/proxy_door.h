// ProxyDoor: the proxy as the tools of a workroom see it: a listener on loopback that puts the
// session's credential into the first head of each connection, and hands all the rest on to the
// gateway, which judges it as ever. So the credential is in no variable, and a copy of the proxy's
// URL is of no use: not elsewhere, and not to others on this machine.
//
// Used by: Runner. Threads: its loop's. Loopback is open to everybody on the machine, so only
// sockets that a process of the session holds are let in. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <functional>
#include <memory>
#include <string>

#include "io/loop.h"
#include "io/net.h"

namespace strongroom::app {

class ProxyDoor {
 public:
  struct Plan {
    std::string gateway;        ///< "http://127.0.0.1:8701", "https://gateway.example:8701"
    std::string authority_pem;  ///< whom to trust with https, beside the public roots; may be empty
    std::string credential;
    /// Has a process of the session this socket open (io/loopback_peer.h)?
    std::function<bool(ino_t)> is_of_session;
    uid_t user = 0;  ///< at a Unix socket: who is let in
  };
  /// Listens on a free port of 127.0.0.1.
  static Result<std::unique_ptr<ProxyDoor>> open(io::Loop& loop, const Plan& plan);
  /// Listens at `path` instead, for a workroom that shares that folder and no network. What is no
  /// request to a proxy (a base URL's, with a pass) goes on as it is.
  static Result<std::unique_ptr<ProxyDoor>> open_socket(io::Loop& loop, const Plan& plan,
                                                        const std::string& path);
  ProxyDoor(const ProxyDoor&) = delete;
  ProxyDoor& operator=(const ProxyDoor&) = delete;
  ~ProxyDoor();
  [[nodiscard]] const io::Endpoint& at() const noexcept { return at_; }

 private:
  struct Way;
  ProxyDoor(io::Loop& loop, io::BoundSocket socket, std::shared_ptr<const Way> way);
  static Result<std::shared_ptr<Way>> way_of(const Plan& plan);

  io::Endpoint at_;
  std::string path_;  ///< of a Unix socket
  io::Acceptor acceptor_;
};

}  // namespace strongroom::app
