// Job: one credential to be made, or destroyed, at its source for one session; and its outcome.
//
// Used by: vault (which fills it in), app (which has it done), issuer (which does it). Threads:
// values. Fails: Protocol for what was not written by encode(). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace strongroom::dynamic {

/// From Exchange on: of logins alone (Source::Login, dynamic/login.h).
enum class Action : std::uint8_t {
  Make = 1,
  Destroy = 2,
  Exchange = 3,
  Refresh = 4,
  Device = 5,
  Poll = 6,
  Discover = 7,
  SignIn = 8,  ///< an exchange whose answer is who somebody is, and no token
  LogOut = 9   ///< no exchange: what a provider has sent to say that somebody is signed out there
};
/// What kind of source: the services of the catalogue by these names.
/// Webhook: none, but whom a notice is posted to.
/// Login: a service's authorization server. Provider: one that ends a key by that key itself
/// (dynamic/pasted.h).
enum class Source : std::uint8_t {
  Postgres = 1,
  Mysql = 2,
  Tailscale = 3,
  Webhook = 4,
  Login = 5,
  Provider = 6
};

/// What the vault has to know of a source.
struct SourceFacts {
  Source source;
  std::string_view service;       ///< of the catalogue
  std::string_view name_setting;  ///< of a workroom, says what was made for its session
  std::string_view name_start;    ///< of what is made
  /// "host:port" where it is the same for all; else the settings say it.
  std::string_view authority;
  bool chooses_value;  ///< it makes the session's value itself; else we do, and it sees a verifier
};

/// Another session's credential at the same source, which stays.
struct Neighbour {
  std::string name;
  WallTime created{};
};

struct Job {
  Action action = Action::Make;
  Source source = Source::Postgres;
  std::vector<std::pair<std::string, std::string>> settings;  ///< of the key
  std::string name;       ///< of the role or user: letters, digits and '_' alone
  std::string verifier;   ///< what the source keeps of the new password; never the password
  std::string reference;  ///< to destroy: what the source calls it, as far as is known
  WallTime created{};     ///< the source has not heard of it before
  WallTime expires{};
  std::vector<Neighbour> neighbours;
  std::string authority;    ///< "host:port" of the source, where it is the same for all
  std::string dial;         ///< "address:port" connected to in its place; may be empty
  std::string trusted_pem;  ///< authorities beside the system's
  Secret credential;        ///< the administrator's, by which the work is done

  /// Empty where the key has none.
  [[nodiscard]] const std::string& setting(std::string_view setting_name) const;
};

/// What came of it. Where `error` says something, it failed.
struct Outcome {
  /// Failed, or destroyed: was there anything at the source? A failed making that has certainly
  /// left nothing says no.
  bool may_exist = true;
  Code code = Code::Internal;
  std::string error;
  std::string reference;  ///< made: what the source calls it, where it has a name of its own
  Secret value;           ///< made: the session's, where the source chooses it
  /// Of logins: what else the server said.
  std::vector<std::pair<std::string, std::string>> facts = {};

  /// Empty where it was not said.
  [[nodiscard]] const std::string& fact(std::string_view name) const;
};

inline constexpr std::size_t kMaxJob = 60UL << 10U;
inline constexpr std::size_t kMaxOutcome = 24UL << 10U;

[[nodiscard]] Result<Secret> encode(const Job& job);
[[nodiscard]] Result<Job> decode_job(ByteView octets);
[[nodiscard]] Secret encode(const Outcome& outcome);
[[nodiscard]] Result<Outcome> decode_outcome(ByteView octets);

/// Unsupported for a service that makes no credentials for sessions.
[[nodiscard]] Result<SourceFacts> facts_of(std::string_view service);

/// The statements of a template with its parameters put in: {{role}} as an identifier,
/// {{password}} (the verifier) and {{expires}} as literals, each quoted already. Invalid for any
/// other parameter.
struct Parameters {
  std::string role;
  std::string password;
  std::string expires;
};
[[nodiscard]] Result<std::string> fill_template(std::string_view text,
                                                const Parameters& parameters);

}  // namespace strongroom::dynamic
