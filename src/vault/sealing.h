// Sealing: one seal by itself. What its means give (the key of a file, Argon2id of a passphrase,
// shares put together) is the key that the root key is sealed under, in the seal's row.
//
// Used by: seal.cpp, unsealing.cpp, seals.cpp; api makes a Sealing beside the loop, as Argon2id
// takes its time. Threads: any. Fails: Sealed with a sentence; is_waiting() tells whether something
// is merely not there yet. Format: docs/formats/keys-at-rest.md. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "store/rows.h"

namespace strongroom::vault {

inline constexpr std::string_view kFileSeal = "file";
inline constexpr std::string_view kPassphraseSeal = "passphrase";
inline constexpr std::string_view kSharesSeal = "shares";

/// What opens seals that open by themselves.
struct SealOptions {
  std::string kind = "file";  ///< for the first start; later what the database says counts
  std::string file_path;      ///< seal.key: of a file seal that names no other
  std::function<Result<Secret>()> ask_passphrase;
};

/// What a seal is made from.
struct NewSeal {
  std::string kind;
  std::string path;        ///< of a file: absolute, and nothing is there yet
  Secret passphrase;       ///< of a passphrase
  unsigned shares = 0;     ///< of shares: how many there are
  unsigned threshold = 0;  ///< and how many open
};

/// A seal that is made, and does not hold the root key yet.
struct Sealing {
  store::Seal row;
  Secret key;
  std::vector<Secret> shares;  ///< of shares: their texts, seen this one time
};

[[nodiscard]] Result<Sealing> make_sealing(NewSeal wanted);
/// Puts the root key in.
void seal_root(Sealing& sealing, const Secret& root_key);

/// Where a file seal's file is; `usual`: of the one that names none.
[[nodiscard]] std::string seal_file_path(const store::Seal& seal, const std::string& usual);
/// The key that the seal's own means give.
[[nodiscard]] Result<Secret> sealing_key(const store::Seal& seal, const SealOptions& options);
[[nodiscard]] Result<Secret> passphrase_key(const store::Seal& seal, const Secret& passphrase);
/// The root key, where `key` is the one: `wrong` says whose fault it is otherwise.
[[nodiscard]] Result<Secret> unseal(const store::Seal& seal, const Secret& key, std::string wrong);
/// The sentence for a key that does not open the seal.
[[nodiscard]] std::string wrong_key(const store::Seal& seal, const SealOptions& options);

/// The reason of an error that says: every seal waits for somebody.
inline constexpr std::string_view kSealedReason = "sealed";
/// The seal would open once somebody brings what it wants.
[[nodiscard]] bool is_waiting(const Error& error);
/// Of shares: how many open it; 0 for other seals.
[[nodiscard]] unsigned threshold_of(const store::Seal& seal);
/// For people: the file's path, "2 of 3".
[[nodiscard]] std::string detail_of(const store::Seal& seal);

}  // namespace strongroom::vault
