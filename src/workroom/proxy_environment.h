// The proxy of a workroom: the variables by which tools find the gateway's proxy ingress and trust
// the session's certificate authority, and the two files that those name.
//
// Used by: app's runner. Threads: values. The files hold certificates only; the variables hold the
// proxy's credential, which is good for this session and opens no key by itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "workroom/environment.h"

namespace strongroom::workroom {

/// A folder of its own under TMPDIR (or /tmp), with ca.pem (the session's authority alone) and
/// ca-bundle.pem (the same before the machine's public roots); removed with this.
class TrustFiles {
 public:
  /// Where the machine has no public roots the bundle holds the session's authority alone.
  static Result<TrustFiles> write(const std::string& authority_pem);
  TrustFiles(TrustFiles&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  TrustFiles& operator=(TrustFiles&&) = delete;
  ~TrustFiles();
  [[nodiscard]] std::string authority() const { return folder_ + "/ca.pem"; }
  [[nodiscard]] std::string bundle() const { return folder_ + "/ca-bundle.pem"; }

 private:
  explicit TrustFiles(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
};

/// HTTPS_PROXY and its kin, and every variable through which a tool takes a certificate bundle.
/// `gateway`: "http://127.0.0.1:8701".
[[nodiscard]] std::vector<PlainVariable> proxy_variables(const std::string& gateway,
                                                         const std::string& credential,
                                                         const TrustFiles& files);

}  // namespace strongroom::workroom
