// SSH keys: what an agent signs with, and what it knows a server by.
//
// Private keys are read as OpenSSH writes them (its PROTOCOL.key), without a passphrase: Ed25519
// (RFC 8709), ECDSA over the NIST curves (RFC 5656), RSA of 2048 to 16384 bits (RFC 8332; never
// with SHA-1). Used by: vault (what may be stored), workroom's SSH agent. Threads: any.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

struct evp_pkey_st;

namespace strongroom::crypto {

/// A private key ready to sign: in OpenSSL's memory, wiped at the end, so made for one use.
class SshKey {
 public:
  /// Invalid, with a sentence that says what to do and holds no part of the key.
  [[nodiscard]] static Result<SshKey> read(const Secret& text);
  SshKey(SshKey&&) noexcept;
  SshKey& operator=(SshKey&&) noexcept;
  ~SshKey();

  /// RFC 4253 6.6: what servers list, in its binary form.
  [[nodiscard]] const ByteVector& public_blob() const noexcept { return public_blob_; }
  enum class RsaHash : bool { Sha256, Sha512 };
  /// A signature in the form of RFC 4253 6.6. `hash` is RSA's alone.
  [[nodiscard]] Result<ByteVector> sign(ByteView data, RsaHash hash) const;

 private:
  SshKey();
  std::string type_;
  ByteVector public_blob_;
  std::unique_ptr<evp_pkey_st, void (*)(evp_pkey_st*)> key_;
};

/// Is it `public_blob`'s signature over `data`? Both are hostile input.
[[nodiscard]] bool verify_ssh(ByteView public_blob, ByteView data, ByteView signature);

}  // namespace strongroom::crypto
