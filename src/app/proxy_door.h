// ProxyDoor: the session's proxy for programs that can be told of a proxy but not of a credential
// for it (Java): a listener on loopback that puts the credential into the first head of each
// connection, and hands all the rest on to the gateway, which judges it as ever.
//
// Used by: Runner. Threads: its loop's. Loopback is open to everybody on the machine, so only
// processes of this program's own user are let in. SPDX-License-Identifier: Apache-2.0
#pragma once

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
  };
  /// Listens on a free port of 127.0.0.1.
  static Result<std::unique_ptr<ProxyDoor>> open(io::Loop& loop, const Plan& plan);
  ProxyDoor(const ProxyDoor&) = delete;
  ProxyDoor& operator=(const ProxyDoor&) = delete;
  ~ProxyDoor();
  [[nodiscard]] const io::Endpoint& at() const noexcept { return at_; }

 private:
  struct Way;
  ProxyDoor(io::Loop& loop, io::BoundSocket socket, std::shared_ptr<const Way> way);

  io::Endpoint at_;
  io::Acceptor acceptor_;
};

}  // namespace strongroom::app
