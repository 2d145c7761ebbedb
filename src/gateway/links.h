// Links: gateway URLs in the place of a provider's absolute ones, for SDKs that follow those as
// they are.
//
// scheme://GATEWAY/SERVICE[@HOST]/~l/TOKEN/path?query, where TOKEN is base64url of the pass's hash
// (32 octets) and the first 16 octets of HMAC-SHA-256(link key, hash, service, host, path and
// query). It is good for that one path and query, for as long as the session's pass is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "catalog/service.h"
#include "lease/messages.h"

namespace strongroom::gateway {

class Links {
 public:
  explicit Links(Secret key) : key_(std::move(key)) {}

  /// How the client reaches this gateway: "http://127.0.0.1:8701".
  struct Base {
    std::string_view scheme;  ///< "http://"
    std::string_view host;    ///< "127.0.0.1:8701"
    /// Through a proxy ingress: the providers' own names lead it here, too.
    bool is_by_their_names = false;
  };
  enum class Carries : std::uint8_t {
    Token,  ///< good by itself
    Pass    ///< the client sends its pass again
  };
  /// `url` as the gateway's, when it is an absolute http(s) or ws(s) URL of one of the service's
  /// hosts (or of `host`) and would not lead here as it is; nothing otherwise.
  [[nodiscard]] std::optional<std::string> rewrite(std::string_view url, const Base& base,
                                                   const catalog::Service& service,
                                                   std::string_view host,
                                                   const lease::PassHash& pass,
                                                   Carries carries) const;
  /// The hash of the pass behind a token, when it is right for this path and query.
  [[nodiscard]] std::optional<lease::PassHash> open(std::string_view token,
                                                    const catalog::Service& service,
                                                    std::string_view host,
                                                    std::string_view path_and_query) const;

 private:
  [[nodiscard]] std::string token(const lease::PassHash& pass, std::string_view service,
                                  std::string_view host, std::string_view path_and_query) const;
  Secret key_;
};

}  // namespace strongroom::gateway
