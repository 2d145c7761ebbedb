// SPDX-License-Identifier: Apache-2.0
#include "io/authority/ca_bundle.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace strongroom::io {
namespace {

constexpr std::size_t kLargestFile = 8_MiB;
constexpr std::size_t kLargestBlock = 64_KiB;
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

bool is_base64_text(std::string_view body) {
  return !body.empty() && body.size() <= kLargestBlock && std::ranges::all_of(body, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=' || c == '\n' || c == '\r';
  });
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::string block(64_KiB, '\0');
  while (in && text.size() <= kLargestFile) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    text.append(block, 0, static_cast<std::size_t>(in.gcount()));
  }
  return text.size() <= kLargestFile ? text : std::string();
}

/// Each on lines of its own: files that were joined without care have an end and a beginning on
/// one.
void append_certificates(std::string& out, std::string_view pem) {
  for (const auto block : certificate_blocks(pem)) {
    std::ranges::copy_if(block, std::back_inserter(out), [](char c) { return c != '\r'; });
    out += '\n';
  }
}

}  // namespace

std::vector<std::string> usual_root_files() {
  std::vector<std::string> out;
  if (const char* own = std::getenv("SSL_CERT_FILE"); own != nullptr && own[0] == '/')
    out.emplace_back(own);
  for (const char* path :
       {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem",
        "/etc/ca-certificates/extracted/tls-ca-bundle.pem", "/etc/ssl/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem", "/usr/local/share/certs/ca-root-nss.crt"})
    out.emplace_back(path);
  return out;
}

std::vector<std::string_view> certificate_blocks(std::string_view pem) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto begin = pem.find(kBegin);
    if (begin == std::string_view::npos) return out;
    pem.remove_prefix(begin);
    const auto end = pem.find(kEnd);
    if (end == std::string_view::npos) return out;
    const bool is_block = is_base64_text(pem.substr(kBegin.size(), end - kBegin.size()));
    // A beginning within: the block before it was cut off.
    const std::size_t size = is_block ? end + kEnd.size() : kBegin.size();
    if (is_block) out.push_back(pem.substr(0, size));
    pem.remove_prefix(size);
  }
}

Result<std::string> public_roots_pem(std::span<const std::string> files) {
  std::string looked_in;
  for (const auto& path : files) {
    std::string out;
    append_certificates(out, read_file(path));
    if (!out.empty()) return out;
    looked_in += (looked_in.empty() ? "" : ", ") + path;
  }
  return fail(Code::Unavailable,
              "This machine has no public root certificates (looked in " + looked_in +
                  "). Install its ca-certificates package, or name a PEM file in SSL_CERT_FILE.",
              "no_public_roots");
}

Result<std::string> ca_bundle_pem(std::string_view authority_pem,
                                  std::span<const std::string> files) {
  std::string out;
  append_certificates(out, authority_pem);
  if (out.empty()) return fail(Code::Invalid, "The session's authority is no PEM certificate.");
  STRONGROOM_TRY(const auto roots, public_roots_pem(files));
  return out + roots;
}

Result<std::string> ca_bundle_pem(std::string_view authority_pem) {
  return ca_bundle_pem(authority_pem, usual_root_files());
}

}  // namespace strongroom::io
