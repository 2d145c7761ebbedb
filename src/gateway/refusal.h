// Refusal: the closed list of what the gateway answers itself. Texts are for outsiders; none holds
// input. docs/errors.md lists them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace strongroom::gateway {

enum class Refusal : std::uint8_t {
  BadRequest,
  HeadTooLarge,
  TargetTooLong,
  VersionUnsupported,
  NotImplemented,
  MethodNotAllowed,
  UnknownService,
  UnknownHost,
  PassMissing,
  PassUnknown,
  PassWrongService,
  PassMisplaced,
  PassesDiffer,
  KeyRevoked,
  SessionEnded,
  SessionExpired,
  PathDenied,
  UpstreamUnreachable,
  UpstreamPrivateAddress,
  UpstreamTls,
  UpstreamProtocol,
  UpstreamTimeout,
  UpstreamEncoding,
  VaultUnavailable,
  RecordUnavailable,
  Draining,
  ProxyAuthRequired,
  NotGranted,
  HostMismatch,
  Internal,
};

struct RefusalText {
  int status;
  std::string_view code;
  std::string_view message;
  std::string_view hint;
};
[[nodiscard]] const RefusalText& describe(Refusal refusal);

/// What the vault said, or what failed while dialling, as a refusal.
[[nodiscard]] Refusal refusal_of_denial(const Error& error);
[[nodiscard]] Refusal refusal_of_dial(const Error& error);
/// A malformed head (http::ParseOutcome::status).
[[nodiscard]] Refusal refusal_of_status(int status);

}  // namespace strongroom::gateway
