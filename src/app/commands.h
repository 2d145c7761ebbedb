// The commands, one function each: options in, exit code out. The command line itself is declared
// in cli.cpp. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/output.h"

namespace strongroom::app {

/// What every command has.
struct Common {
  std::optional<std::string> data;
  Format format = Format::People;
};

struct KeyAddOptions {
  std::string service;
  std::string tenant;
  std::string member;
  std::string label;
  std::vector<std::string> settings;  ///< NAME=VALUE
  bool is_dynamic = false;            ///< a credential of its own for each session
  std::string grant_role;
  std::string template_file;
  std::string owned;    ///< "reassign", "drop"; empty: reassign
  std::string expires;  ///< a date, a time, or as 90d
};

struct OAuthClientOptions {
  std::string name;
  std::string service;
  std::string issuer;
  std::string client_id;
  std::vector<std::string> scopes;
  bool has_no_secret = false;
};

struct IdentityProviderOptions {
  std::string tenant;
  std::string name;
  std::string issuer;
  std::string client_id;
  std::string groups_claim;
  std::string other_role;
  std::vector<std::string> groups;  ///< GROUP=ROLE
  std::vector<std::string> scopes;
  std::vector<std::string> domains;
  bool has_no_secret = false;
};

struct ConnectOptions {
  std::string client;
  std::string tenant;
  std::string member;
  std::string label;
  std::vector<std::string> settings;  ///< NAME=VALUE
  std::string key;                    ///< that needs a login again
  bool is_browser = false;            ///< of this machine
};

struct SealAddOptions {
  std::string kind;
  std::string name;  ///< of an external one
  std::string path;
  unsigned shares = 0;
  unsigned threshold = 0;
};

struct RewrapOptions {
  std::string tenant;    ///< empty: all, one after the other
  bool is_root = false;  ///< the root key instead
  unsigned share = 0;    ///< 0: as the server thinks right
};

/// Of `strongroom run` with a container runtime.
struct ContainerOptions {
  std::string image;
  std::string network = "none";
  std::vector<std::string> mounts;  ///< FROM:TO[:ro]
  std::string user;                 ///< NAME or UID, either with :GROUP; empty: the image's
  std::string working_directory;
  std::string scratch_size = "50%";
  long most_processes = 4096;
  std::uint64_t memory_limit = 0;  ///< octets; 0: none
  std::string docker_socket;       ///< empty: DOCKER_HOST, or the usual one
  std::string pull = "missing";
  std::vector<std::string> given;  ///< names of those of its flags that were
};

/// Of `strongroom attach`, for a workroom that a platform starts.
struct AttachOptions {
  std::string ticket_file;   ///< "-": standard input; empty: STRONGROOM_TICKET
  std::string socket;        ///< where its strongroom-init comes; empty: the command is ours
  std::optional<long> user;  ///< number of whose it is; without, our own
  long wait_seconds = 600;   ///< for it
};

struct ScanOptions {
  std::string path;
  std::string tenant;
  std::uint64_t most_gibibytes = 64;
  long most_seconds = 3600;
  int searched_by = -1;  ///< a searcher's socket; without, the server starts one
};

/// How this program starts itself as a searcher (scan/searcher.h).
inline constexpr const char* kSearcherCommand = "search-as-told";

/// Tells the vault what a supervisor has written down (workroom/supervision_record.h), by TLS.
[[nodiscard]] int report_end(const std::string& folder);

struct RunOptions {
  std::string tenant;
  std::string member;
  std::vector<std::string> services;
  std::vector<std::string> skills;
  std::vector<std::string> variables;  ///< NAME=VALUE, plain
  std::string runtime = "process";
  bool proxies = true;         ///< the proxy ingress is set in the workroom
  bool filters_output = true;  ///< injected values are masked in what the command writes
  bool has_terminal = false;   ///< a terminal of the workroom's own
  bool is_interactive = true;  ///< as always; said by habit
  bool socket = false;         ///< a Unix socket of the session's own
  std::optional<long> socket_owner;
  std::string inject = "session";        ///< "exec": the values go to single commands alone
  std::string exec_user;                 ///< whom those run as, UID or UID:GID; empty: who asks
  std::vector<std::string> scan_on_end;  ///< folders to be searched for the session's values
  ContainerOptions container;
  AttachOptions attach;
  long time_limit_seconds = 0;      ///< 0: the server's default
  long idle_limit_seconds = 0;      ///< 0: none
  std::vector<std::string> labels;  ///< NAME=VALUE
  std::vector<std::string> command;
};

/// A place (tenant, service of it, or key) and what to set there; what is absent stays.
struct PolicyOptions {
  std::string tenant;
  std::string service;
  std::string key;
  std::vector<std::string> allow;
  std::vector<std::string> deny;
  std::vector<std::string> open;
  std::vector<std::string> tunnels;
  bool no_allow = false;
  bool no_open = false;
  bool no_deny = false;
  bool no_tunnels = false;
  std::optional<std::int64_t> requests_per_minute;
  std::optional<std::int64_t> concurrent;
  std::optional<std::int64_t> bytes_per_day;
  std::string budget;        ///< UNIT=NUMBER, "none"
  std::string on_echo;       ///< "mask", "cut"; empty: as it is
  std::string on_misplaced;  ///< "refuse", "mask"; empty: as it is
};

/// What the control API answers at once; more is asked for page by page.
inline constexpr long kLongestAuditPage = 10'000;

struct AuditOptions {
  std::string tenant, key, session, member, kind, service, finding, since, until;
  bool is_csv = false;  ///< of an export
  long limit = 0;       ///< 0: the newest 100 in a list, all in an export
  std::string view;     ///< a folder for the tenant's own part, with its proof
  std::string tiles;    ///< a folder to export the whole tree to
};

int tenant_add(const Common& common, const std::string& name);
int tenant_list(const Common& common);
int tenant_remove(const Common& common, const std::string& name);

int member_add(const Common& common, const std::string& tenant, const std::string& name,
               const std::string& role);
int member_list(const Common& common, const std::string& tenant);
int member_remove(const Common& common, const std::string& tenant, const std::string& name);

int service_list(const Common& common);

int identity_provider_add(const Common& common, const IdentityProviderOptions& options);
int identity_provider_list(const Common& common, const std::string& tenant);
int identity_provider_check(const Common& common, const std::string& tenant,
                            const std::string& name);
int provisioning_start(const Common& common, const std::string& tenant, const std::string& name);
int provisioning_stop(const Common& common, const std::string& tenant, const std::string& name);
int identity_provider_remove(const Common& common, const std::string& tenant,
                             const std::string& name);
int identity_list(const Common& common, const std::string& tenant);
int identity_remove(const Common& common, const std::string& id);

int oauth_client_set(const Common& common, const OAuthClientOptions& options);
int oauth_client_list(const Common& common);
int oauth_client_remove(const Common& common, const std::string& name);
int key_connect(const Common& common, const ConnectOptions& options);
int key_add(const Common& common, const KeyAddOptions& options);
int key_list(const Common& common, const std::string& tenant);
int key_show(const Common& common, const std::string& id);
int key_rotate(const Common& common, const std::string& id, const std::string& expires);
int key_check(const Common& common, const std::string& id);
/// `is_on`: "on", or "off".
int key_checks(const Common& common, const std::string& id, const std::string& is_on);
int tenant_checks(const Common& common, const std::string& name, const std::string& is_on);
int key_revoke(const Common& common, const std::string& id);

int skill_add(const Common& common, const std::string& tenant, const std::string& name,
              const std::vector<std::string>& services);
int skill_list(const Common& common, const std::string& tenant);
int skill_remove(const Common& common, const std::string& tenant, const std::string& name);

int policy_set(const Common& common, const PolicyOptions& options);
int policy_show(const Common& common, const PolicyOptions& options);
int policy_list(const Common& common, const std::string& tenant);
int policy_remove(const Common& common, const PolicyOptions& options);

int session_start(const Common& common, const RunOptions& options);
/// Which sessions a list shows; empty: all.
struct SessionListOptions {
  std::string tenant;
  std::string state;
  std::vector<std::string> labels;
  long limit = 0;  ///< 0: all
};
int session_list(const Common& common, const SessionListOptions& options);
int session_show(const Common& common, const std::string& id);
int session_end(const Common& common, const std::string& id);
/// The right to start such a session once, within `valid_seconds` (0: the server's default).
int ticket_issue(const Common& common, const RunOptions& options, long valid_seconds);
int ticket_list(const Common& common, const std::string& tenant);
/// With the ticket in STRONGROOM_TICKET, else on standard input.
int ticket_use(const Common& common);
/// The link by which a member gets a password, once.
int member_invite(const Common& common, const std::string& tenant, const std::string& name);
/// A token to make: a member's, or a machine's with a role of its own.
struct TokenOptions {
  std::string tenant, name, member, machine_role, scope;
  bool for_any_member = false;
  long valid_seconds = 0;  ///< 0: the server's default
};
int token_add(const Common& common, const TokenOptions& options);
int token_list(const Common& common, const std::string& tenant);
int token_revoke(const Common& common, const std::string& id);
/// Whose the credential is that the commands use.
int who_am_i(const Common& common);
/// Whose events are followed; empty: everybody's, from now on.
struct SessionEventsOptions {
  std::string id;
  std::string tenant;
  std::string after;
};
/// Until its session has ended, where one is named, or the stream breaks (Unavailable).
int session_events(const Common& common, const SessionEventsOptions& options);

int audit_list(const Common& common, const AuditOptions& options);
int audit_verify(const Common& common, const std::string& folder, const std::string& public_key,
                 const std::vector<std::string>& witness_keys);
/// With `tiles`: the tree, read from the data directory.
int audit_export(const Common& common, const AuditOptions& options);
int audit_sinks(const Common& common);

int receipt_list(const Common& common);
int receipt_show(const Common& common, const std::string& id);
int receipt_verify(const Common& common, const std::string& file, const std::string& public_key);

int seal_status(const Common& common);
int seal_add(const Common& common, const SealAddOptions& options);
int seal_remove(const Common& common, const std::string& id);
/// `kind`: "passphrase", "share", or empty: the seals that open by themselves.
int unseal(const Common& common, const std::string& kind);
int rewrap(const Common& common, const RewrapOptions& options);
/// `options.tenant`: by name, or of a removed one its id.
int shred(const Common& common, const RewrapOptions& options);
/// A backup's file, "-" for the standard streams; and what opens it, without a server.
struct BackupOptions {
  std::string file;
  std::string seal_file;   ///< empty: seal.key of the data directory
  std::string config;      ///< says how external seals are reached; empty: the data directory's
  bool by_shares = false;  ///< shares are asked for
};
int backup_make(const Common& common, const BackupOptions& options);
int backup_verify(const Common& common, const BackupOptions& options);
/// Into --data, which holds no database yet.
int restore(const Common& common, const BackupOptions& options);
/// `config`: as of serve.
int doctor(const Common& common, const std::string& config);

/// The runner: a session, its workroom, and the lease of what was injected, until the command ends
/// (run.cpp).
int scan(const Common& common, const ScanOptions& options);
int search_as_told();
int run_workroom(const Common& common, const RunOptions& options);
/// The same with a ticket, for platforms that start their own containers (attach.cpp).
int attach(const Common& common, RunOptions options);
/// The whole story, on this machine, against the labelled stand-in (demo.cpp).
int demo(const Common& common);

}  // namespace strongroom::app
