// Token: a session at one token of one PKCS#11 module, logged in.
//
// Threads: one. The module is the operator's choice and runs in this process with all that it has.
// Fails: kUnreachable where the token is not there or does not answer, kRefused where its PIN or a
// key is not right. A PIN is never tried where the token says that it is the last time, or locked.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace strongroom::sealer {

/// A pointer to octets that a module only reads.
[[nodiscard]] inline CK_BYTE_PTR read_only(ByteView octets) {
  return const_cast<CK_BYTE_PTR>(octets.data());
}

class Token {
 public:
  struct Place {
    std::string module;  ///< path
    std::string token;   ///< its label or serial number
  };
  static Result<Token> open(const Place& place, const Secret& pin);
  Token(Token&& other) noexcept;
  Token& operator=(Token&&) = delete;
  ~Token();

  [[nodiscard]] const CK_FUNCTION_LIST& calls() const { return *functions_; }
  [[nodiscard]] CK_SESSION_HANDLE session() const { return session_; }
  /// The one key of that class with that label, or the id that follows "id:" in hex. 0: none.
  /// Fails where there are several.
  [[nodiscard]] Result<CK_OBJECT_HANDLE> find(CK_OBJECT_CLASS of, const std::string& key) const;
  [[nodiscard]] CK_KEY_TYPE type_of(CK_OBJECT_HANDLE key) const;
  /// Whether the token has the mechanism for this use: CKF_ENCRYPT, CKF_WRAP and the like.
  [[nodiscard]] bool has(CK_MECHANISM_TYPE mechanism, CK_FLAGS use) const;
  /// What a call's answer means. `what` says what was tried: "wrap the key".
  [[nodiscard]] std::unexpected<Error> failed(const std::string& what, CK_RV why) const;

 private:
  Token() = default;
  Status load(const std::string& module);
  Status choose(const std::string& wanted);
  Status log_in(const Secret& pin);
  CK_FUNCTION_LIST_PTR functions_ = nullptr;
  std::string name_;  ///< of the token, for errors
  CK_SLOT_ID slot_ = 0;
  CK_FLAGS flags_ = 0;
  CK_SESSION_HANDLE session_ = 0;
};

}  // namespace strongroom::sealer
