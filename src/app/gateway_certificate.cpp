// SPDX-License-Identifier: Apache-2.0
#include "app/gateway_certificate.h"

#include <sys/stat.h>
#include <utility>

#include "app/files.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kLargestPem = 256UL << 10U;
/// Of the 90 days that one of ours is good for.
constexpr std::chrono::hours kMadeAnewAfter{60 * 24};

Error in_file(const std::string& chain, const std::string& key, const Error& error) {
  return {error.code,
          "[gateway] certificate " + chain + ", private_key " + key + ": " + error.message};
}

Status refuse_wide_mode(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 077U) != 0)
    return fail(Code::Invalid, "others may read " + path + ": chmod 600 " + path);
  return {};
}

/// Another one after every replacement and every change in place.
std::string mark_of(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return "none";
  return std::to_string(facts.st_ino) + "/" + std::to_string(facts.st_size) + "/" +
         std::to_string(facts.st_mtim.tv_sec) + "/" + std::to_string(facts.st_mtim.tv_nsec) + ";";
}

}  // namespace

std::string reachable_host(const std::string& listening_host) {
  if (listening_host == "0.0.0.0") return "127.0.0.1";
  if (listening_host == "::") return "::1";
  return listening_host;
}

Result<GatewayCertificate> GatewayCertificate::open(const Config& config,
                                                    const Secret& authority_seed,
                                                    std::vector<std::string> names) {
  GatewayCertificate out;
  out.chain_file_ = config.gateway_certificate;
  out.key_file_ = config.gateway_private_key;
  if (!out.chain_file_.empty()) {
    STRONGROOM_CHECKED(out.read());
    return out;
  }
  out.names_ = std::move(names);
  const std::string path = config.path("gateway-ca.pem");
  const auto kept = read_file(path, kLargestPem);
  STRONGROOM_TRY(out.authority_, io::authority_of_seed("Strongroom gateway", authority_seed,
                                                       kept.value_or(std::string())));
  STRONGROOM_CHECKED(write_file(path, out.authority_.chain_pem, 0644));
  STRONGROOM_CHECKED(out.make(SystemClock().wall()));
  return out;
}

Status GatewayCertificate::read() {
  mark_ = mark_of(chain_file_) + mark_of(key_file_);
  STRONGROOM_CHECKED(refuse_wide_mode(key_file_));
  io::Certificate found;
  STRONGROOM_TRY(found.chain_pem, read_file(chain_file_, kLargestPem));
  STRONGROOM_TRY(found.private_key_pem, read_file(key_file_, kLargestPem));
  if (const auto usable = io::check_server_certificate(found); !usable)
    return std::unexpected(in_file(chain_file_, key_file_, usable.error()));
  shown_ = std::move(found);
  return {};
}

Status GatewayCertificate::make(WallTime now) {
  STRONGROOM_TRY(shown_, io::make_leaf(authority_, names_));
  made_ = now;
  return {};
}

Result<bool> GatewayCertificate::renew(WallTime now) {
  if (chain_file_.empty()) {
    if (now - made_ < kMadeAnewAfter) return false;
    STRONGROOM_CHECKED(make(now));
    return true;
  }
  // Both files change one after the other: what does not fit together is looked at again.
  if (mark_of(chain_file_) + mark_of(key_file_) == mark_) return false;
  const std::string before = shown_.chain_pem;
  STRONGROOM_CHECKED(read());
  return shown_.chain_pem != before;
}

}  // namespace strongroom::app
