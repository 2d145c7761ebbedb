// The proxy of a workroom: the variables by which tools find the gateway's proxy ingress and trust
// the session's certificate authority, and the files that those name.
//
// Used by: app's runner. Threads: values. Neither files nor variables hold a credential.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "workroom/environment.h"

namespace strongroom::workroom {

/// A folder of its own under TMPDIR (or /tmp), with ca.pem (the session's authority alone),
/// ca-bundle.pem (the same before the machine's public roots), ca-bundle.p12 (the bundle as Java
/// reads it) and wgetrc (which names the bundle); removed with this.
class TrustFiles {
 public:
  /// Where the machine has no public roots the bundle holds the session's authority alone.
  static Result<TrustFiles> write(const std::string& authority_pem);
  TrustFiles(TrustFiles&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  TrustFiles& operator=(TrustFiles&&) = delete;
  ~TrustFiles();
  [[nodiscard]] std::string authority() const { return folder_ + "/ca.pem"; }
  [[nodiscard]] std::string bundle() const { return folder_ + "/ca-bundle.pem"; }
  [[nodiscard]] std::string java_store() const { return folder_ + "/ca-bundle.p12"; }
  [[nodiscard]] std::string wget_file() const { return folder_ + "/wgetrc"; }

 private:
  explicit TrustFiles(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

/// Where the proxy is.
struct ProxyFacts {
  std::string gateway;  ///< "http://127.0.0.1:8701": reached without it
  std::string host;     ///< of the session's own door (app/proxy_door.h), which asks no credential
  std::uint16_t port = 0;
};

/// Every variable through which a tool takes a certificate bundle.
[[nodiscard]] std::vector<PlainVariable> trust_variables(const TrustFiles& files);

/// HTTPS_PROXY and its kin, and every variable through which a tool takes a certificate bundle.
[[nodiscard]] std::vector<PlainVariable> proxy_variables(const ProxyFacts& facts,
                                                         const TrustFiles& files);

/// True for a variable that many set a part of (JAVA_TOOL_OPTIONS): the session's part is added to
/// what the caller says.
[[nodiscard]] bool is_shared_variable(std::string_view name);

}  // namespace strongroom::workroom
