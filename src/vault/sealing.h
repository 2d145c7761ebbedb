// Sealing: one seal by itself. What its means give (the key of a file, Argon2id of a passphrase,
// shares put together) is the key that the root key is sealed under, in the seal's row.
//
// Used by: seal.cpp, unsealing.cpp, seals.cpp; api makes a Sealing beside the loop, as Argon2id
// takes its time. Threads: any. Fails: Sealed with a sentence; is_waiting() tells whether something
// is merely not there yet. Format: docs/formats/keys-at-rest.md. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <functional>
#include <span>
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
// Seals whose key is held outside, each reached as an [[external_seal]] of the configuration says.
[[nodiscard]] bool is_external(std::string_view kind);

/// What an external place has made: a key, and what opens it again there.
struct ExternalKey {
  std::string kind;
  std::string name;  ///< of the [[external_seal]]
  ByteVector wrapped;
  Secret key;
};

/// What the row of an external seal says: nothing of where it is reached.
struct ExternalPlace {
  std::string kind;
  std::string name;
  ByteVector wrapped;
};

/// What opens seals that open by themselves.
struct SealOptions {
  /// For the first start: file, passphrase, or the name of an [[external_seal]]. Later what the
  /// database says counts.
  std::string kind = "file";
  std::string file_path;  ///< seal.key: of a file seal that names no other
  std::function<Result<Secret>()> ask_passphrase;
  /// The next of the shares that a person brings, where shares are wanted here.
  std::function<Result<Secret>()> ask_share = {};
  /// Told which seals are tried next, so that those that are held outside can be asked side by
  /// side.
  std::function<void(std::span<const store::Seal>)> expect = {};
  /// The key of an external seal, from where it is held; blocks. None: there is no way to it here.
  std::function<Result<Secret>(const ExternalPlace&)> open_external = {};
  /// For the first start, where `kind` is the name of an [[external_seal]]; blocks.
  std::function<Result<ExternalKey>(const std::string& name)> make_external = {};
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
[[nodiscard]] Sealing make_sealing(ExternalKey made);
/// Those first that ask nobody.
[[nodiscard]] std::vector<store::Seal> in_order_of_opening(std::vector<store::Seal> seals);
/// Puts the root key in.
void seal_root(Sealing& sealing, const Secret& root_key);

/// Where a file seal's file is; `usual`: of the one that names none.
[[nodiscard]] std::string seal_file_path(const store::Seal& seal, const std::string& usual);
[[nodiscard]] Result<ExternalPlace> external_place(const store::Seal& seal);
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
/// How many of them there are.
[[nodiscard]] unsigned shares_of(const store::Seal& seal);
/// For people: the file's path, "2 of 3".
[[nodiscard]] std::string detail_of(const store::Seal& seal);

}  // namespace strongroom::vault
