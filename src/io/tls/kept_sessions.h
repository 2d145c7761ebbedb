// KeptSessions: TLS sessions of hosts (RFC 8446 2.2), for the next connections to them: these need
// no certificates, neither time for their check nor memory for them. For io's own files.
//
// Threads: a client's. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/tls/state.h"

namespace strongroom::io {

class KeptSessions {
 public:
  using Session = std::unique_ptr<SSL_SESSION, SslFree>;
  static constexpr std::size_t kMostHosts = 512;
  static constexpr std::size_t kMostOfHost = 4;  ///< a server gives two at a time

  /// A copy: OpenSSL forbids the further use of a session when a connection that has it ends
  /// without ceremony, and when the first that resumed it is through with its handshake, however
  /// many others are in theirs.
  void keep(const std::string& host, SSL_SESSION* session);
  /// For one connection. The newest; and one that no other had (RFC 8446 C.4), as long as there are
  /// several. Null: none.
  [[nodiscard]] Session take(const std::string& host);
  /// A handshake with one has failed.
  void forget(const std::string& host) { of_host_.erase(host); }

 private:
  std::unordered_map<std::string, std::vector<Session>> of_host_;
};

}  // namespace strongroom::io
