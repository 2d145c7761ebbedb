// The variables by which tools are told whom to trust, as data: which variable, what it must name,
// who reads it.
//
// Used by: workroom, where a session's TLS is ended by the gateway. A tool that reads several is
// served by each of them alone. Left alone on purpose:
//   PGSSLROOTCERT              with it sslmode=require becomes verify-ca, and databases (which the
//                              gateway does not look into) mostly have certificates of their own
//   NODE_USE_SYSTEM_CA, DENO_TLS_CA_STORE, UV_NATIVE_TLS, NODE_OPTIONS=--use-openssl-ca
//                              switches to the machine's roots; the tools take ours without them
// Nothing reaches tools with roots compiled in. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace strongroom::workroom {

/// What a variable names.
enum class TrustForm : std::uint8_t {
  Bundle,     ///< it replaces the tool's roots: a PEM file of public roots and ours
  Authority,  ///< it adds to the tool's roots: a PEM file of ours alone
  JavaStore,  ///< a PKCS #12 file of public roots and ours (io::java_trust_store)
  WgetFile,   ///< settings of wget that name the bundle; stands in place of the user's ~/.wgetrc
  Absent,     ///< would win over the others: must not be set
};

struct CaVariable {
  std::string_view name;
  TrustForm form;
  std::string_view readers;
  /// What stands before and after the file's path in the value. JAVA_TOOL_OPTIONS has options of
  /// other kinds too, so this is added to what is there, and the path is quoted.
  std::string_view before{};
  std::string_view after{};
};

/// Java's custom; protects nothing, as nothing in the store is secret.
inline constexpr std::string_view kJavaStorePassword = "changeit";

// clang-format off
inline constexpr auto kCaVariables = std::to_array<CaVariable>({
    {"SSL_CERT_FILE", TrustForm::Bundle, "OpenSSL: Python, Ruby, PHP, curl; Go, httpx, cargo, uv"},
    {"REQUESTS_CA_BUNDLE", TrustForm::Bundle, "Python requests"},
    {"CURL_CA_BUNDLE", TrustForm::Bundle, "curl, Python requests"},
    {"GIT_SSL_CAINFO", TrustForm::Bundle, "git"},
    {"PIP_CERT", TrustForm::Bundle, "pip"},
    {"npm_config_cafile", TrustForm::Bundle, "npm"},
    {"CARGO_HTTP_CAINFO", TrustForm::Bundle, "cargo"},
    {"AWS_CA_BUNDLE", TrustForm::Bundle, "AWS CLI, boto"},
    {"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", TrustForm::Bundle, "gcloud"},
    {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", TrustForm::Bundle, "gRPC C core and what is built on it"},
    {"HEX_CACERTS_PATH", TrustForm::Bundle, "mix, hex"},
    {"NIX_SSL_CERT_FILE", TrustForm::Bundle, "Nix and what it packages"},
    {"NODE_EXTRA_CA_CERTS", TrustForm::Authority, "Node, npm, Bun"},
    {"DENO_CERT", TrustForm::Authority, "Deno"},
    {"JAVA_TOOL_OPTIONS", TrustForm::JavaStore, "Java",
     "-Djavax.net.ssl.trustStoreType=PKCS12 -Djavax.net.ssl.trustStore=",
     " -Djavax.net.ssl.trustStorePassword=changeit"},
    {"WGETRC", TrustForm::WgetFile, "wget, which asks no variable for certificates"},
    {"SSL_CERT_DIR", TrustForm::Absent, "OpenSSL, Go, httpx; curl ignores SSL_CERT_FILE beside it"},
});
// clang-format on

}  // namespace strongroom::workroom
