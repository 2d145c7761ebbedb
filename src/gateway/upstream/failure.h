// UpstreamFailure: why a provider failed an exchange, for the log: a closed list, no word of which
// a provider or an agent has chosen. docs/operations.md lists it. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace strongroom::gateway {

enum class UpstreamFailure : std::uint8_t {
  NameNotFound,
  PrivateAddress,
  DialRefused,
  DialTimeout,
  DialFailed,
  NoDescriptors,
  ProxyRefused,
  TlsCertificate,
  TlsHandshake,
  NoCommonProtocol,
  Reset,
  Ended,
  TimedOut,
  MalformedAnswer,
  UnreadableCoding,
};
[[nodiscard]] std::string_view name_of(UpstreamFailure failure);
/// Nothing where the dial ended for what is this side's own: too many streams.
[[nodiscard]] std::optional<UpstreamFailure> failure_of_dial(const Error& error);
/// Of a connection that stood.
[[nodiscard]] UpstreamFailure failure_of_stream(const Error& error);

}  // namespace strongroom::gateway
