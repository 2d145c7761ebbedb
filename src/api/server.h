// ControlServer: the control API and the console, over control.sock and a loopback TCP port.
//
// Used by: app (strongroom serve). Threads: the vault's loop. A caller at the Unix socket whose uid
// is the owner's (or root) is the operator; over TCP the operator token is wanted. Answers
// outsiders with {"error":{"code","message","hint"}}; key values go one way only: in. The
// operations are one table (api/operations.h), from which the router and /api/v1/openapi.json are
// made. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/crypto.h"
#include "io/loop.h"
#include "io/stream.h"
#include "io/task.h"
#include "sinks/view.h"

namespace strongroom::audit {
class Log;
}
namespace strongroom::catalog {
class Catalog;
}
namespace strongroom::io {
struct Certificate;
}
namespace strongroom::dynamic {
struct Job;
struct Outcome;
}  // namespace strongroom::dynamic
namespace strongroom::vault {
class Actor;
struct EndReport;
struct LoginJob;
struct LoginView;
struct Receipt;
struct SealView;
struct SearchedKeys;
class Vault;
}  // namespace strongroom::vault

namespace strongroom::api {

class Metrics;

/// What a provider said of a key, as a gateway found out.
struct CheckAnswer {
  std::string verdict;  ///< "accepted", "rejected", "unknown"
  int status = 0;       ///< the provider's; 0 when it was not reached
  std::string message;
};

/// Who has something of a session at this moment.
struct SessionHolder {
  HolderId holder;
  std::string name;
  std::string role;  ///< "gateway", "runner"
  WallTime since{};
  std::vector<KeyId> keys;
};

/// What a login that was begun at its provider comes to.
using LoginRest = std::function<io::Task<Result<vault::LoginView>>()>;

/// What the control server asks of the rest of the program.
struct ControlHooks {
  /// How much has asked to be counted by the anchor's counter (vault/anchor.h), and the wait until
  /// so much of it is, before an answer; may be missing, both or none.
  std::function<std::uint64_t()> counts_asked;
  std::function<io::Task<Status>(std::uint64_t asked)> counted;
  /// Asks a gateway to try the key by its service's check. Absent: the operation answers
  /// Unavailable.
  std::function<io::Task<Result<CheckAnswer>>(vault::Actor, KeyId)> check_key;
  /// A Unix socket of the session's own, for a user (the server's where none is said): its path.
  /// The session ends where that fails.
  std::function<Result<std::string>(SessionId, std::optional<unsigned> owner)> open_socket;
  /// A session has begun that a runner has said it would attach to.
  std::function<void(SessionId)> expect_runner;
  std::function<std::vector<SessionHolder>(SessionId)> holders_of;
  /// What the keys of a session that has just started make for it at their sources; may be missing.
  std::function<io::Task<Status>(SessionId)> make_credentials;
  /// Logins at services: may be missing, all or none. The last three begin at once.
  std::function<io::Task<Status>(std::string client)> discover_client;
  std::function<Result<LoginRest>(vault::LoginJob)> exchange_login;
  std::function<Result<LoginRest>(const std::string& login)> begin_device;
  std::function<Result<LoginRest>(const std::string& login)> poll_device;
  /// Begins such a job at an identity provider at once; what is then waited for ends with what
  /// came of it being told. May be missing.
  std::function<Result<std::function<io::Task<void>()>>(
      TenantId, dynamic::Job, std::function<void(const dynamic::Outcome&)>)>
      ask_provider;
  /// Takes over a runner's connection after `101 Switching Protocols` (strongroom-lease/1). The
  /// session exists and is open.
  std::function<void(SessionId, io::Stream)> attach_runner;
  /// The supervisor of a session's dead runner has spoken, by its own credential.
  std::function<io::Task<Result<vault::Receipt>>(SessionId, vault::EndReport)> report_end;
  /// A search for these values in what comes over a connection (scan/wire.h); the answer takes that
  /// over.
  std::function<Result<std::function<void(io::Stream)>>(const vault::Actor&, vault::SearchedKeys)>
      begin_search;
  /// Where the record goes besides the disk, and how that goes; may be missing.
  std::function<std::vector<sinks::View>()> sinks;
  /// Has an external seal's key made where it is held, and adds the seal; may be missing.
  std::function<io::Task<Result<vault::SealView>>(vault::Actor, std::string name)>
      add_external_seal;
  /// Has a new key made for the next rotation, where an external seal's is held; may be missing.
  std::function<io::Task<Status>(vault::Actor, SealId)> prepare_external_seal;
  /// A backup, sent over a connection that the answer takes over.
  std::function<Result<std::function<void(io::Stream)>>(const vault::Actor&)> begin_backup;
};

struct ControlOptions {
  crypto::Digest token_hash{};  ///< SHA-256 of the operator token's characters
  unsigned owner_uid = 0;       ///< who may use control.sock, beside root
  std::vector<std::string>
      allowed_hosts;  ///< Host names accepted over TCP beside loopback ones, without port
  bool plain_http_from_afar = false;  ///< requests of other machines need no TLS
  std::string gateway;                ///< "http://127.0.0.1:8701", told to clients
  std::string gateway_authority;      ///< PEM of who signed its certificate, where that is our own
  std::string provider_authorities;   ///< PEM of [gateway] extra_ca; may be empty
  std::string console_url;            ///< where people connect services; may be empty
};

class ControlServer {
 public:
  /// Everything named must outlive it. `metrics` may be null.
  struct Parts {
    io::Loop& loop;
    vault::Vault& vault;
    audit::Log& record;
    const catalog::Catalog& catalog;
    Metrics* metrics = nullptr;
  };
  ControlServer(Parts parts, ControlOptions options, ControlHooks hooks);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Listening sockets (io::listen_tcp, io::listen_unix), taken over; -1 for none.
  void start(int tcp_fd, int unix_fd);
  /// From now on TLS is spoken too, over TCP, with this certificate. Invalid.
  [[nodiscard]] Status show_certificate(const io::Certificate& certificate);
  /// No new connections; requests being answered may go on for `within`, then all connections end.
  [[nodiscard]] io::Task<void> stop(std::chrono::milliseconds within);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 32 random octets in base64url with a recognisable start: "sro_...". What operator.token holds.
[[nodiscard]] Secret make_operator_token();

}  // namespace strongroom::api
