// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/failure.h"

#include "gateway/upstream/upstream_proxy.h"
#include "io/net.h"
#include "io/tls/tls.h"

namespace strongroom::gateway {

std::string_view name_of(UpstreamFailure failure) {
  switch (failure) {
    case UpstreamFailure::NameNotFound:
      return "name_not_found";
    case UpstreamFailure::PrivateAddress:
      return "private_address";
    case UpstreamFailure::DialRefused:
      return "dial_refused";
    case UpstreamFailure::DialTimeout:
      return "dial_timeout";
    case UpstreamFailure::DialFailed:
      return "dial_failed";
    case UpstreamFailure::NoDescriptors:
      return "no_descriptors";
    case UpstreamFailure::ProxyRefused:
      return "proxy_refused";
    case UpstreamFailure::TlsCertificate:
      return "tls_certificate";
    case UpstreamFailure::TlsHandshake:
      return "tls_handshake";
    case UpstreamFailure::NoCommonProtocol:
      return "no_common_protocol";
    case UpstreamFailure::Reset:
      return "reset";
    case UpstreamFailure::Ended:
      return "ended";
    case UpstreamFailure::TimedOut:
      return "timed_out";
    case UpstreamFailure::MalformedAnswer:
      return "malformed_answer";
    case UpstreamFailure::UnreadableCoding:
      return "unreadable_coding";
  }
  return "unknown";
}

std::optional<UpstreamFailure> failure_of_dial(const Error& error) {
  struct Reason {
    std::string_view reason;
    UpstreamFailure failure;
  };
  static constexpr Reason kReasons[] = {{"private_address", UpstreamFailure::PrivateAddress},
                                        {io::kNotResolved, UpstreamFailure::NameNotFound},
                                        {io::kDialRefused, UpstreamFailure::DialRefused},
                                        {io::kNoDescriptors, UpstreamFailure::NoDescriptors},
                                        {kProxyRefused, UpstreamFailure::ProxyRefused},
                                        {io::kCertificateRefused, UpstreamFailure::TlsCertificate},
                                        {"tls", UpstreamFailure::TlsHandshake},
                                        {io::kNoCommonProtocol, UpstreamFailure::NoCommonProtocol}};
  if (error.reason == "too_many_streams") return std::nullopt;
  for (const auto& each : kReasons)
    if (each.reason == error.reason) return each.failure;
  return error.code == Code::Timeout ? UpstreamFailure::DialTimeout : UpstreamFailure::DialFailed;
}

UpstreamFailure failure_of_stream(const Error& error) {
  return error.code == Code::Timeout ? UpstreamFailure::TimedOut : UpstreamFailure::Reset;
}

}  // namespace strongroom::gateway
