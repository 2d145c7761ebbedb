// SPDX-License-Identifier: Apache-2.0
#include "workroom/proxy_environment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace strongroom::workroom {
namespace {

/// Debian, Fedora, Alpine and SUSE, macOS-like layouts.
constexpr std::array<const char*, 4> kPublicRoots = {"/etc/ssl/certs/ca-certificates.crt",
                                                     "/etc/pki/tls/certs/ca-bundle.crt",
                                                     "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

/// These replace the machine's roots, so they name the bundle.
constexpr std::array<const char*, 12> kTakeBundle = {"SSL_CERT_FILE",
                                                     "REQUESTS_CA_BUNDLE",
                                                     "CURL_CA_BUNDLE",
                                                     "GIT_SSL_CAINFO",
                                                     "PIP_CERT",
                                                     "npm_config_cafile",
                                                     "CARGO_HTTP_CAINFO",
                                                     "AWS_CA_BUNDLE",
                                                     "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
                                                     "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
                                                     "HEX_CACERTS_PATH",
                                                     "NIX_SSL_CERT_FILE"};
/// These add to them.
constexpr std::array<const char*, 2> kTakeAuthority = {"NODE_EXTRA_CA_CERTS", "DENO_CERT"};

std::string public_roots() {
  for (const char* path : kPublicRoots) {
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!text.empty()) return text.ends_with('\n') ? text : text + "\n";
  }
  return {};
}

Status write_file(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444);
  bool is_written = fd >= 0;
  for (std::size_t done = 0; is_written && done < text.size();) {
    const ssize_t now = ::write(fd, text.data() + done, text.size() - done);
    is_written = now > 0 || (now < 0 && errno == EINTR);
    if (now > 0) done += static_cast<std::size_t>(now);
  }
  if (fd >= 0) ::close(fd);
  if (is_written) return {};
  return fail(Code::Storage, "cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace

Result<TrustFiles> TrustFiles::write(const std::string& authority_pem) {
  const char* const wanted = std::getenv("TMPDIR");
  std::string pattern = std::string(wanted != nullptr && wanted[0] == '/' ? wanted : "/tmp") +
                        "/strongroom-workroom-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr)
    return fail(Code::Storage,
                "no folder for the workroom's certificates: " + std::string(std::strerror(errno)));
  TrustFiles files(std::move(pattern));
  STRONGROOM_CHECKED(write_file(files.authority(), authority_pem));
  STRONGROOM_CHECKED(write_file(files.bundle(), public_roots() + authority_pem));
  return files;
}

TrustFiles::~TrustFiles() {
  if (folder_.empty()) return;
  ::unlink(authority().c_str());
  ::unlink(bundle().c_str());
  ::rmdir(folder_.c_str());
}

std::vector<PlainVariable> proxy_variables(const std::string& gateway,
                                           const std::string& credential, const TrustFiles& files) {
  std::string url = gateway;
  const auto host = url.find("://");
  if (host != std::string::npos) url.insert(host + 3, "session:" + credential + "@");
  std::vector<PlainVariable> out;
  // curl and git read only the lower case of http_proxy; gRPC has a name of its own.
  for (const char* name : {"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "grpc_proxy"})
    out.push_back({name, url});
  out.push_back({"NODE_USE_ENV_PROXY", "1"});
  for (const char* name : kTakeBundle) out.push_back({name, files.bundle()});
  for (const char* name : kTakeAuthority) out.push_back({name, files.authority()});
  return out;
}

}  // namespace strongroom::workroom
