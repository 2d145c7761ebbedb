// In a file of its own, so that programs that open no seal (the gateway) do not even contain it.
// SPDX-License-Identifier: Apache-2.0
#include <argon2.h>

#include "crypto/crypto.h"

namespace strongroom::crypto {

Result<Secret> argon2id(const Secret& passphrase, ByteView salt, const Argon2Cost& cost) {
  const bool is_sane = salt.size() >= 16 && cost.memory_kib >= 8U * 1024U &&
                       cost.memory_kib <= 2U * 1024U * 1024U && cost.passes >= 1 &&
                       cost.passes <= 16 && cost.lanes >= 1 && cost.lanes <= 16;
  if (!is_sane) return fail(Code::Invalid, "the Argon2id parameters are outside what is allowed");
  Secret out = Secret::of_size(32);
  const int failed = passphrase.reveal([&](ByteView plain) {
    return out.reveal_mutable([&](MutableBytes derived) {
      return argon2id_hash_raw(cost.passes, cost.memory_kib, cost.lanes, plain.data(), plain.size(),
                               salt.data(), salt.size(), derived.data(), derived.size());
    });
  });
  if (failed != ARGON2_OK)
    return fail(Code::Internal, "Argon2id failed: " + std::string(argon2_error_message(failed)));
  return out;
}

}  // namespace strongroom::crypto
