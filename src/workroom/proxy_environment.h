// The proxy of a workroom: the variables by which tools find the gateway's proxy ingress and trust
// the session's certificate authority, and the files that those name.
//
// Used by: app's runner. Threads: values. Neither files nor variables hold a credential.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "workroom/environment.h"

namespace strongroom::workroom {

/// Where the files are, and where the workroom finds them.
struct TrustPlace {
  std::string folder;  ///< is there, with nothing in it
  std::string seen_as;
};

/// A folder with ca.pem (the session's authority alone),
/// ca-bundle.pem (the same before the machine's public roots), ca-bundle.p12 (the bundle as Java
/// reads it) and wgetrc (which names the bundle); removed with this.
class TrustFiles {
 public:
  /// Where the machine has no public roots the bundle holds the session's authority alone.
  static Result<TrustFiles> write(const std::string& authority_pem, const TrustPlace& place);
  /// The same in a thread of its own, as it takes a while: the names are known at once, the files
  /// are there when finish() has answered.
  static TrustFiles begin(std::string authority_pem, const TrustPlace& place);
  [[nodiscard]] Status finish();
  TrustFiles(TrustFiles&& other) noexcept
      : folder_(std::exchange(other.folder_, {})),
        seen_as_(std::move(other.seen_as_)),
        written_(std::move(other.written_)) {}
  TrustFiles& operator=(TrustFiles&&) = delete;
  ~TrustFiles();
  // As the workroom finds them.
  [[nodiscard]] std::string authority() const { return seen_as_ + kAuthority; }
  [[nodiscard]] std::string bundle() const { return seen_as_ + kBundle; }
  [[nodiscard]] std::string java_store() const { return seen_as_ + kJavaStore; }
  [[nodiscard]] std::string wget_file() const { return seen_as_ + kWgetFile; }

  static constexpr const char* kAuthority = "/ca.pem";
  static constexpr const char* kBundle = "/ca-bundle.pem";
  static constexpr const char* kJavaStore = "/ca-bundle.p12";
  static constexpr const char* kWgetFile = "/wgetrc";

 private:
  TrustFiles(std::string folder, std::string seen_as)
      : folder_(std::move(folder)), seen_as_(std::move(seen_as)) {}
  std::string folder_;
  std::string seen_as_;
  std::future<Status> written_;
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
