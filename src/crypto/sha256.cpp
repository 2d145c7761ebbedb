// SPDX-License-Identifier: Apache-2.0
// Deprecated since OpenSSL 3.0 in favour of EVP, and the same code beneath it.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/sha256.h"

#include <cstring>

#include "base/check.h"
#include "base/secret.h"
#include "crypto/crypto.h"

namespace strongroom::crypto {

Sha256::Sha256() {
  SHA256_Init(&context_);
}

Sha256::Sha256(ByteView state) : Sha256() {
  STRONGROOM_CHECK(state.size() == kState, "a state of SHA-256 has 32 octets");
  std::memcpy(context_.h, state.data(), state.size());
  context_.Nl = kBlock * 8;
}

Sha256::~Sha256() {
  wipe(&context_, sizeof(context_));
}

Sha256& Sha256::update(ByteView octets) {
  SHA256_Update(&context_, octets.data(), octets.size());
  return *this;
}

void Sha256::save(MutableBytes state) const {
  const bool is_one_block = context_.Nl == kBlock * 8 && context_.Nh == 0 && context_.num == 0;
  STRONGROOM_CHECK(is_one_block && state.size() == kState, "a state is saved behind one block");
  std::memcpy(state.data(), context_.h, state.size());
}

void Sha256::finish(MutableBytes digest) {
  STRONGROOM_CHECK(digest.size() == SHA256_DIGEST_LENGTH, "a digest has 32 octets");
  SHA256_Final(digest.data(), &context_);
}

Digest sha256(ByteView data) {
  return sha256(data, {});
}

Digest sha256(ByteView first, ByteView second) {
  Digest digest;
  Sha256().update(first).update(second).finish(digest);
  return digest;
}

}  // namespace strongroom::crypto
