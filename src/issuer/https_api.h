// Api: calls of one API over verified TLS, one after another.
//
// Threads: its loop's. Only addresses that are not private are dialled, or the one that the
// installation names in place of the API's own. Bodies hold secrets here, as ordinary texts: this
// process has one administrator's credential, lives for seconds and is locked whole where it may
// be. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/client.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "io/tls/tls.h"

namespace strongroom::issuer {

class Api {
 public:
  /// At "host:port", or at "address:port" in its place where `dial` says one.
  static Result<Api> create(io::Loop& loop, std::string_view authority, const std::string& dial,
                            const std::string& trusted_pem);
  /// Its Host is set here. Fails when there was no whole answer.
  [[nodiscard]] io::Task<Result<http::ClientResponse>> call(http::ClientRequest request);

 private:
  struct Place {
    std::string host;
    std::uint16_t port = 443;
    std::string dial;  ///< "address:port" connected to in its place; the certificate is its own
  };
  Api(io::Loop& loop, Place place, io::TlsClient tls)
      : loop_(&loop), place_(std::move(place)), tls_(std::move(tls)) {}
  [[nodiscard]] io::Task<Status> connect();

  io::Loop* loop_;
  Place place_;
  io::TlsClient tls_;
  std::optional<io::Stream> stream_;
};

}  // namespace strongroom::issuer
