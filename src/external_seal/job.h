// Job: one seal's key to be made and wrapped, or unwrapped, where it is held: in an HSM, a key
// management service or a TPM; or the counter of an anchor to be read or raised; and its outcome.
//
// Used by: app (which has it done), sealer (which does it). Threads: values. How a place is reached
// comes from the configuration alone: a row of the database, which is read before anything
// authenticates it, names no module and no address. Fails: Protocol for what was not written by
// encode(). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::external_seal {

inline constexpr std::string_view kPkcs11 = "pkcs11";
inline constexpr std::string_view kTransit = "transit";
inline constexpr std::string_view kAwsKms = "aws-kms";
inline constexpr std::string_view kCredential = "credential";
inline constexpr std::string_view kTpm2 = "tpm2";

/// How one is reached: an [[external_seal]] of the configuration.
struct Settings {
  std::string name;
  std::string kind;
  /// Of its kind; what is a list is there several times.
  std::vector<std::pair<std::string, std::string>> values;
  /// File with the PIN, token or the like, or "credential:NAME"; empty: there is none.
  std::string secret_file;

  /// Empty where it is not set.
  [[nodiscard]] const std::string& value(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
};

enum class Action : std::uint8_t {
  Make = 1,
  Open = 2,
  // A TPM's counter (vault/anchor.h); its secret is the credential.
  ReadCounter = 3,
  MakeCounter = 4,
  RaiseCounter = 5,  ///< to `count`, by one at most: so it may be repeated
};
[[nodiscard]] inline bool is_about_counter(Action action) {
  return action >= Action::ReadCounter;
}

struct Job {
  Action action = Action::Make;
  Settings settings;   ///< secret_file stays behind: whoever starts the sealer has read it
  ByteVector wrapped;  ///< to open
  Secret credential;   ///< what is in secret_file
  std::int64_t count = 0;
};

/// Where `error` says something, it failed.
struct Outcome {
  Code code = Code::Sealed;
  std::string reason;  ///< of a failure: seal_unreachable, seal_refused
  std::string error;
  ByteVector wrapped;      ///< made: what opens again there, and nowhere else
  Secret key;              ///< made or opened
  std::int64_t count = 0;  ///< of a counter; 0: there is none
};

/// It may come back by itself: trying again is of use and does no harm.
inline constexpr std::string_view kUnreachable = "seal_unreachable";
/// Somebody has to mend something; a PIN is not tried twice by itself.
inline constexpr std::string_view kRefused = "seal_refused";

inline constexpr std::size_t kKeySize = 32;
inline constexpr std::size_t kMaxJob = 60UL << 10U;
inline constexpr std::size_t kMaxWrapped = 8UL << 10U;
inline constexpr std::size_t kMaxOutcome = 16UL << 10U;
inline constexpr std::size_t kMaxSecretFile = 8UL << 10U;

[[nodiscard]] Result<Secret> encode(const Job& job);
[[nodiscard]] Result<Job> decode_job(ByteView octets);
[[nodiscard]] Secret encode(const Outcome& outcome);
/// An outcome that failed is the error that it tells of. `of`: what was to be done.
[[nodiscard]] Result<Outcome> decode_outcome(ByteView octets, Action of);

/// Begins the name of what systemd hands over to the unit, in $CREDENTIALS_DIRECTORY.
inline constexpr std::string_view kHandedOver = "credential:";
/// The file with a PIN or a token, without the end of its line. Sealed where others may read it.
[[nodiscard]] Result<Secret> read_secret_file(const std::string& path);

}  // namespace strongroom::external_seal
