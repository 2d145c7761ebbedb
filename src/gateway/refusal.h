// Refusal: the closed list of what the gateway answers itself. Texts are for outsiders; none holds
// input. docs/errors.md lists them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
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
  RequestEncoding,
  PassesDiffer,
  KeyRevoked,
  KeyExpired,
  NeedsLogin,
  SessionEnded,
  SessionExpired,
  PathDenied,
  PathNotOpened,
  PolicyDenied,
  CostHidden,
  NotGranted,
  NotConnected,
  RateLimited,
  TooManyAtOnce,
  BytesSpent,
  BudgetSpent,
  TenantBusy,
  UpstreamUnreachable,
  UpstreamPrivateAddress,
  UpstreamTls,
  UpstreamProtocol,
  UpstreamTimeout,
  UpstreamEncoding,
  KeyEchoed,
  VaultUnavailable,
  RecordUnavailable,
  Draining,
  ProxyAuthRequired,
  HostNotGranted,
  HostMismatch,
  PlainTarget,
  TlsRequired,
  ProxyElsewhere,
  TooManyHosts,
  Internal,
};
inline constexpr std::size_t kRefusals = static_cast<std::size_t>(Refusal::Internal) + 1;

struct RefusalText {
  int status;
  std::string_view code;
  std::string_view message;
  std::string_view hint;
  std::string_view limit = {};  ///< 429: which limit of a policy
};
[[nodiscard]] const RefusalText& describe(Refusal refusal);

/// What else an answer may say. Nothing of it comes from the request.
struct RefusalDetail {
  std::string_view limit_of;            ///< 429: "key", "service", "tenant"
  std::chrono::seconds retry_after{0};  ///< 0: not said
  std::string link;                     ///< where a person mends it
};
/// The JSON body: {"error":{"code","message","hint"}}, and limit, limit_of, link where they are
/// known.
[[nodiscard]] std::string refusal_body(const RefusalText& text, const RefusalDetail& detail);

/// What the status line says after the status of a CONNECT that is refused: its clients show at
/// most that. The code and the message, of at most 200 printable characters.
[[nodiscard]] std::string refusal_phrase(const RefusalText& text);

/// The same for a gRPC client: an answer that is a head alone, with the status that the HTTP status
/// stands for and a message that begins with the code.
[[nodiscard]] std::string grpc_refusal_head(const RefusalText& text);

/// What the vault said, or what failed while dialling, as a refusal.
[[nodiscard]] Refusal refusal_of_denial(const Error& error);
[[nodiscard]] Refusal refusal_of_dial(const Error& error);
/// Why there is no certificate to show in a tunnel.
[[nodiscard]] Refusal refusal_of_minting(const Error& error);
/// A malformed head (http::ParseOutcome::status).
[[nodiscard]] Refusal refusal_of_status(int status);

}  // namespace strongroom::gateway
