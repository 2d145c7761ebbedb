// Result and Error: how every expected failure travels.
//
// Used by: everything. Threads: values. An Error holds a closed code, a sentence for people and,
// where it helps, what was being dealt with; it can hold no Secret (no conversion exists).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace strongroom {

/// Why something did not happen. Only src/api and src/gateway map these to HTTP, only src/app to
/// exit codes.
enum class Code : std::uint8_t {
  Invalid,       ///< the input is wrong; the message says what to change
  NotFound,      ///< no such thing, or not for this caller (the two look alike on purpose)
  Conflict,      ///< exists already, or changed meanwhile
  Refused,       ///< understood, and not allowed
  Unauthorized,  ///< no or unknown credential
  Revoked,       ///< the key, session or pass was switched off
  Expired,       ///< too late
  Sealed,        ///< the root key is not open
  Tampered,      ///< a record or row does not authenticate
  TooLarge,      ///< over a stated limit
  Timeout,       ///< a deadline passed
  Cancelled,     ///< the other side, or a revoke, ended it
  Unavailable,   ///< a part that is needed does not answer
  Network,       ///< a connection failed
  Protocol,      ///< a peer broke the protocol
  Storage,       ///< disk or database failed
  Unsupported,   ///< known, but not offered here
  Internal,      ///< a bug or an impossible state
};

/// The code's stable name as it appears in JSON ("not_found").
[[nodiscard]] std::string_view name_of(Code code) noexcept;

/// An expected failure. `message` is a full sentence for a person and never holds key material.
struct Error {
  Code code = Code::Internal;
  std::string message;
  std::string reason;  ///< optional stable machine word, more exact than the code ("key_revoked");
                       ///< may be empty

  Error(Code c, std::string m, std::string r = {})
      : code(c), message(std::move(m)), reason(std::move(r)) {}
};

template <class T>
using Result = std::expected<T, Error>;

/// For functions that answer only whether it worked.
using Status = std::expected<void, Error>;

/// Makes the unexpected side of any Result.
[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message,
                                                 std::string reason = {}) {
  return std::unexpected<Error>(Error(code, std::move(message), std::move(reason)));
}

}  // namespace strongroom

#define STRONGROOM_CONCAT_INNER(a, b) a##b
#define STRONGROOM_CONCAT(a, b) STRONGROOM_CONCAT_INNER(a, b)

/// `STRONGROOM_TRY(auto x, expression);` binds the value or returns the error. For coroutines use
/// STRONGROOM_CO_TRY.
#define STRONGROOM_TRY(declaration, expression) \
  STRONGROOM_TRY_IMPL(declaration, expression, return, __COUNTER__)
#define STRONGROOM_CO_TRY(declaration, expression) \
  STRONGROOM_TRY_IMPL(declaration, expression, co_return, __COUNTER__)
#define STRONGROOM_TRY_IMPL(declaration, expression, leave, n) \
  auto STRONGROOM_CONCAT(try_result_, n) = (expression);       \
  if (!STRONGROOM_CONCAT(try_result_, n))                      \
    leave std::unexpected<::strongroom::Error>(                \
        std::move(STRONGROOM_CONCAT(try_result_, n)).error()); \
  declaration = std::move(*STRONGROOM_CONCAT(try_result_, n))
/// Same for a Status.
#define STRONGROOM_CHECKED(expression) STRONGROOM_CHECKED_IMPL(expression, return, __COUNTER__)
#define STRONGROOM_CO_CHECKED(expression) \
  STRONGROOM_CHECKED_IMPL(expression, co_return, __COUNTER__)
#define STRONGROOM_CHECKED_IMPL(expression, leave, n)                                    \
  if (auto STRONGROOM_CONCAT(status_, n) = (expression); !STRONGROOM_CONCAT(status_, n)) \
  leave std::unexpected<::strongroom::Error>(std::move(STRONGROOM_CONCAT(status_, n)).error())
