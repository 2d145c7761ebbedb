// The command line: names, flags and help, by CLI11 (the one place that includes it).
// SPDX-License-Identifier: Apache-2.0
#include "app/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>

#include "app/commands.h"
#include "app/output.h"
#include "app/relay.h"
#include "app/serve.h"

namespace strongroom::app {
namespace {

/// Everything that flags are parsed into; lives until the chosen command has run.
struct Options {
  std::string data;
  bool json = false;
  ServeFlags serve;
  std::string name, tenant, member, role = "member", id, file, public_key, folder;
  std::vector<std::string> services;
  KeyAddOptions key;
  PolicyOptions policy;
  RunOptions run;
  RelayOptions relay;
  ScanOptions scan;
  SessionListOptions sessions;
  SessionEventsOptions events;
  long ticket_seconds = 0;
  TokenOptions token;
  AuditOptions audit;
  SealAddOptions seal;
  RewrapOptions rewrap;
  std::string unseal_by;
  std::function<int(const Common&)> chosen;
};

CLI::App* group(CLI::App& app, const std::string& name, const std::string& help) {
  auto* command = app.add_subcommand(name, help);
  command->require_subcommand(1)->fallthrough();
  return command;
}

CLI::App* leaf(CLI::App& parent, Options& options, const std::string& name, const std::string& help,
               std::function<int(const Common&)> run) {
  auto* command = parent.add_subcommand(name, help);
  command->fallthrough();
  command->callback([&options, run = std::move(run)] { options.chosen = run; });
  return command;
}

void tenant_option(CLI::App* command, std::string& into) {
  command->add_option("--tenant", into, "the tenant's name")->required();
}

void share_option(CLI::App* command, unsigned& into) {
  command
      ->add_option("--share", into, "how much of the vault's time it may take, in hundredths (50)")
      ->check(CLI::Range(1, 100));
}

void add_serve(CLI::App& app, Options& o) {
  auto* serve_command = leaf(app, o, "serve", "run the vault, its gateways and the console",
                             [&o](const Common& common) {
                               o.serve.data = common.data;
                               return serve(o.serve);
                             });
  serve_command->add_option("--config", o.serve.config,
                            "configuration file (default: strongroom.toml in the data directory)");
  serve_command->add_option("--listen", o.serve.listen,
                            "control API and console, ADDRESS:PORT (127.0.0.1:8700)");
  serve_command->add_option("--name", o.serve.names,
                            "a name by which other machines call this one (repeatable)");
  serve_command->add_option("--gateway", o.serve.gateway, "gateway, ADDRESS:PORT (127.0.0.1:8701)");
  serve_command->add_option("--metrics", o.serve.metrics,
                            "metrics and health, ADDRESS:PORT (127.0.0.1:8702)");
  serve_command->add_option("--seal", o.serve.seal, "first start: 'file' or 'passphrase'");
  serve_command->add_option("--extra-ca", o.serve.extra_ca,
                            "PEM file trusted beside the system's roots");
  serve_command->add_option("--gateway-certificate", o.serve.gateway_certificate,
                            "PEM chain that the gateway shows over TLS (one is made)");
  serve_command->add_option("--gateway-private-key", o.serve.gateway_private_key,
                            "PEM file of its key");
  serve_command->add_option("--gateway-name", o.serve.gateway_names,
                            "a name for the certificate that is made (repeatable)");
  serve_command->add_option("--gateway-url", o.serve.gateway_url,
                            "how workrooms reach the gateway, https://NAME:PORT");
  serve_command->add_option("--gateway-plain-http", o.serve.gateway_plain_http,
                            "from where requests without TLS are taken: local, anywhere (local)");
  serve_command->add_option("--upstream-proxy", o.serve.upstream_proxy,
                            "proxy between the gateway and providers, http://HOST:PORT");
  serve_command->add_option("--no-proxy", o.serve.no_proxy,
                            "a host, or .DOMAIN, that is reached without it (repeatable)");
  serve_command->add_option("--gateway-processes", o.serve.gateway_processes,
                            "how many gateway processes share the port (1)");
  serve_command->add_option("--drain-seconds", o.serve.drain_seconds,
                            "how long streams may go on after SIGTERM (10)");
  serve_command->add_option("--grace-seconds", o.serve.grace_seconds,
                            "TERM to KILL for processes that hold a revoked key (2)");
  serve_command->add_option("--log-level", o.serve.log_level,
                            "debug, info, warning or error (info)");
  leaf(app, o, "demo", "the whole story on this machine, against a stand-in provider",
       [](const Common& c) { return demo(c); });
}

void add_people(CLI::App& app, Options& o) {
  auto* tenant = group(app, "tenant", "organisations");
  leaf(*tenant, o, "add", "add a tenant", [&o](const Common& c) { return tenant_add(c, o.name); })
      ->add_option("name", o.name, "its name")
      ->required();
  leaf(*tenant, o, "list", "list tenants", [](const Common& c) { return tenant_list(c); });
  leaf(*tenant, o, "remove", "remove a tenant, revoke and shred all its keys",
       [&o](const Common& c) { return tenant_remove(c, o.name); })
      ->add_option("name", o.name, "its name")
      ->required();

  auto* member = group(app, "member", "people of a tenant");
  auto* add = leaf(*member, o, "add", "add a member",
                   [&o](const Common& c) { return member_add(c, o.tenant, o.name, o.role); });
  tenant_option(add, o.tenant);
  add->add_option("name", o.name, "the member's name")->required();
  add->add_option("--role", o.role, "owner, admin, member or auditor (member)");
  leaf(*member, o, "list", "list members", [&o](const Common& c) {
    return member_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  auto* remove = leaf(*member, o, "remove", "remove a member and revoke their integrations",
                      [&o](const Common& c) { return member_remove(c, o.tenant, o.name); });
  tenant_option(remove, o.tenant);
  remove->add_option("name", o.name, "the member's name")->required();
}

void add_keys(CLI::App& app, Options& o) {
  auto* key =
      group(app, "key",
            "keys: the value comes from a hidden prompt or standard input, never an argument");
  auto* add =
      leaf(*key, o, "add", "store a key", [&o](const Common& c) { return key_add(c, o.key); });
  add->add_option("service", o.key.service, "the service, as in 'strongroom service list'")
      ->required();
  tenant_option(add, o.key.tenant);
  add->add_option("--member", o.key.member,
                  "makes it this member's integration; without: the tenant's skill secret");
  add->add_option("--label", o.key.label, "tells keys of one service apart (default)");
  add->add_option("--set", o.key.settings, "a setting of the service, NAME=VALUE; may be repeated")
      ->take_all();
  add->add_flag(
      "--dynamic", o.key.is_dynamic,
      "each session gets a role or key of its own, made by this key, which stays in the vault, and "
      "destroyed at the session's end (postgres, mysql, tailscale)");
  add->add_option("--grant-role", o.key.grant_role,
                  "with --dynamic: a role of the database whose rights each session's gets");
  add->add_option("--template", o.key.template_file,
                  "with --dynamic: file of statements that give {{role}} its rights");
  add->add_option(
      "--owned", o.key.owned,
      "with --dynamic (postgres): what a session's role made is given to this key's role "
      "(reassign, the default) or dropped (drop)");
  leaf(*key, o, "list", "list keys", [&o](const Common& c) {
    return key_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  const auto with_id = [&](const char* name, const char* help,
                           std::function<int(const Common&)> run) {
    leaf(*key, o, name, help, std::move(run))->add_option("id", o.id, "the key's id")->required();
  };
  with_id("show", "show one key, never its value",
          [&o](const Common& c) { return key_show(c, o.id); });
  with_id("rotate", "put a new version in, without a gap",
          [&o](const Common& c) { return key_rotate(c, o.id); });
  with_id("check", "ask the provider whether it accepts the key",
          [&o](const Common& c) { return key_check(c, o.id); });
  with_id("revoke", "switch it off everywhere, and prove it",
          [&o](const Common& c) { return key_revoke(c, o.id); });
  auto* service = group(app, "service", "the catalogue");
  leaf(*service, o, "list", "list services", [](const Common& c) { return service_list(c); });
}

void add_skills(CLI::App& app, Options& o) {
  auto* skill = group(app, "skill", "what an AI capability needs, named once");
  auto* add = leaf(*skill, o, "add", "name a skill",
                   [&o](const Common& c) { return skill_add(c, o.tenant, o.name, o.services); });
  tenant_option(add, o.tenant);
  add->add_option("name", o.name, "its name")->required();
  add->add_option("--service", o.services,
                  "a service it needs (SERVICE or SERVICE:LABEL); may be repeated")
      ->required();
  leaf(*skill, o, "list", "list skills", [&o](const Common& c) {
    return skill_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  auto* remove = leaf(*skill, o, "remove", "remove a skill",
                      [&o](const Common& c) { return skill_remove(c, o.tenant, o.name); });
  tenant_option(remove, o.tenant);
  remove->add_option("name", o.name, "its name")->required();
}

void policy_place(CLI::App* command, Options& o) {
  tenant_option(command, o.policy.tenant);
  command->add_option("--service", o.policy.service, "the tenant's keys of this service");
  command->add_option("--key", o.policy.key, "this key alone, by its id");
}

void add_policies(CLI::App& app, Options& o) {
  auto* policy = group(app, "policy", "what keys may be used for, and how much");
  auto* set = leaf(*policy, o, "set", "make or change a policy; what is not named stays",
                   [&o](const Common& c) { return policy_set(c, o.policy); });
  policy_place(set, o);
  set->add_option("--deny", o.policy.deny,
                  "a rule that refuses, as 'DELETE /v1/**'; may be repeated; wins over --allow")
      ->expected(1)
      ->take_all();
  set->add_option("--allow", o.policy.allow,
                  "a rule that allows, as 'GET,POST /v1/**'; may be repeated; what none allows is "
                  "refused then")
      ->expected(1)
      ->take_all();
  set->add_option("--open", o.policy.open,
                  "a rule for routes that the catalogue closes unless they are opened, as 'POST "
                  "/v1/*'; may be repeated; each use is recorded as such")
      ->expected(1)
      ->take_all();
  set->add_flag("--no-open", o.policy.no_open, "close them again");
  set->add_option("--on-echo", o.policy.on_echo,
                  "when an answer holds the key: mask it, or cut the connection")
      ->check(CLI::IsMember({"mask", "cut"}));
  set->add_option("--on-misplaced", o.policy.on_misplaced,
                  "when a request holds a pass where it does not belong: refuse it, or mask the "
                  "pass in bodies and messages")
      ->check(CLI::IsMember({"refuse", "mask"}));
  set->add_option(
         "--tunnel", o.policy.tunnels,
         "HOST:PORT that the tenant's sessions may reach by a plain tunnel; may be repeated")
      ->expected(1)
      ->take_all();
  set->add_flag("--no-tunnel", o.policy.no_tunnels, "lift the tunnels");
  set->add_flag("--no-deny", o.policy.no_deny, "lift the rules that refuse");
  set->add_flag("--no-allow", o.policy.no_allow, "lift the rules that allow");
  set->add_option("--rpm", o.policy.requests_per_minute, "requests a minute; 0 lifts");
  set->add_option("--concurrent", o.policy.concurrent, "requests and streams at once; 0 lifts");
  set->add_option("--bytes-per-day", o.policy.bytes_per_day, "octets both ways; 0 lifts");
  set->add_option("--budget", o.policy.budget,
                  "units a day of what the answers state, as tokens=1000000; none lifts");
  auto* show = leaf(*policy, o, "show", "show one policy, and what was spent under it today",
                    [&o](const Common& c) { return policy_show(c, o.policy); });
  policy_place(show, o);
  leaf(*policy, o, "list", "list policies", [&o](const Common& c) {
    return policy_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  auto* remove = leaf(*policy, o, "remove", "lift a policy",
                      [&o](const Common& c) { return policy_remove(c, o.policy); });
  policy_place(remove, o);
}

void socket_options(CLI::App* command, Options& o) {
  command->add_flag("--socket", o.run.socket,
                    "with a Unix socket to the gateway that is this session's alone");
  command
      ->add_option("--socket-owner", o.run.socket_owner,
                   "number of the user whose the socket is (the server's own)")
      ->check(CLI::Range(0L, 0xFFFFFFFEL));
}

void session_options(CLI::App* command, Options& o) {
  tenant_option(command, o.run.tenant);
  command->add_option("--member", o.run.member, "on whose behalf")->required();
  command
      ->add_option("--service", o.run.services,
                   "a service (SERVICE or SERVICE:LABEL); may be repeated")
      ->expected(1)
      ->take_all();
  command->add_option("--skill", o.run.skills, "a skill of the tenant; may be repeated")
      ->expected(1)
      ->take_all();
  const std::map<std::string, long> units{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}};
  command
      ->add_option("--ttl,--time-limit", o.run.time_limit_seconds,
                   "after how long the session ends, as 900, 15m, 8h (12h; at most 7d, which is "
                   "604800)")
      ->transform(CLI::AsNumberWithUnit(units))
      ->check(CLI::Range(1, 604'800));
  command
      ->add_option("--idle", o.run.idle_limit_seconds,
                   "the session ends when nothing has happened for so long, as 900, 15m, 8h")
      ->transform(CLI::AsNumberWithUnit(units))
      ->check(CLI::Range(1, 604'800));
  command
      ->add_option("--label", o.run.labels,
                   "NAME=VALUE, for whoever lists sessions; may be repeated")
      ->expected(1)
      ->take_all();
}

void container_options(CLI::App* run, ContainerOptions& container) {
  run->add_option(
      "--image", container.image,
      "of a container: an image's name (docker); a folder with a root filesystem, or an "
      "OCI image layout as FOLDER[:TAG] (runc)");
  run->add_option("--network", container.network,
                  "of a container: none (the gateway alone is reached), host, or a network's name");
  run->add_option("--mount", container.mounts,
                  "FROM:TO[:ro], a folder of this machine in the container; may be repeated")
      ->expected(1)
      ->take_all();
  run->add_option("--user", container.user, "in the container, NAME or UID, either with :GROUP");
  run->add_option("--workdir", container.working_directory, "in the container");
  run->add_option("--scratch-size", container.scratch_size,
                  "the most that the container may write beside its mounts, in memory: as 512m or "
                  "20%");
  run->add_option("--pids-limit", container.most_processes, "the most processes in the container")
      ->check(CLI::Range(1L, 4'194'304L));
  run->add_option("--memory", container.memory_limit, "the most memory of the container, as 2g")
      ->transform(CLI::AsSizeValue(false));
  run->add_option("--docker-socket", container.docker_socket,
                  "of the Docker Engine; otherwise DOCKER_HOST, or /var/run/docker.sock");
  run->add_option("--pull", container.pull, "an image by docker: missing, always or never")
      ->check(CLI::IsMember({"missing", "always", "never"}));
}

void add_tickets(CLI::App& app, Options& o) {
  auto* ticket = group(app, "ticket", "the right to start one session, once, for a short time");
  auto* issue = leaf(*ticket, o, "issue", "make a ticket; prints it, once",
                     [&o](const Common& c) { return ticket_issue(c, o.run, o.ticket_seconds); });
  session_options(issue, o);
  issue
      ->add_option("--valid", o.ticket_seconds,
                   "for how long it may be used, as 90 or 10m (60s; at most 1h)")
      ->transform(
          CLI::AsNumberWithUnit(std::map<std::string, long>{{"s", 1}, {"m", 60}, {"h", 3600}}))
      ->check(CLI::Range(1, 3600));
  leaf(*ticket, o, "list", "list the tickets of the last hour", [&o](const Common& c) {
    return ticket_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  leaf(*ticket, o, "use", "start the session that a ticket is for; prints its passes, once",
       [](const Common& c) { return ticket_use(c); })
      ->footer("The ticket is read from STRONGROOM_TICKET, else from standard input.");
}

void add_tokens(CLI::App& app, Options& o) {
  auto* token = group(app, "token", "what programs call the control API with (STRONGROOM_TOKEN)");
  auto* add = leaf(*token, o, "add", "make a token; prints it, once",
                   [&o](const Common& c) { return token_add(c, o.token); });
  tenant_option(add, o.token.tenant);
  add->add_option("name", o.token.name, "what people call it by")->required();
  auto* member = add->add_option("--member", o.token.member, "the member as whom it acts");
  add->add_option("--machine", o.token.machine_role,
                  "of the tenant, not a member's: as admin, member or auditor")
      ->excludes(member);
  add->add_option("--scope", o.token.scope, "all, read or sessions (all)");
  add->add_flag("--for-any-member", o.token.for_any_member,
                "a machine's that runs sessions on behalf of every member");
  add->add_option("--valid", o.token.valid_seconds, "how long it is good, as 12h or 30d (90d)")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, long>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}}))
      ->check(CLI::Range(1, 31'622'400));
  leaf(*token, o, "list", "list tokens", [&o](const Common& c) {
    return token_list(c, o.tenant);
  })->add_option("--tenant", o.tenant, "only this tenant's");
  leaf(*token, o, "revoke", "make a token useless at once",
       [&o](const Common& c) { return token_revoke(c, o.id); })
      ->add_option("id", o.id, "its id")
      ->required();
  leaf(app, o, "whoami", "say whose the credential is that commands use",
       [](const Common& c) { return who_am_i(c); });
}

void add_sessions(CLI::App& app, Options& o) {
  auto* session = group(app, "session", "runs of workrooms");
  auto* start = leaf(*session, o, "start",
                     "start a session for a workroom of your own; prints its passes, once",
                     [&o](const Common& c) { return session_start(c, o.run); });
  session_options(start, o);
  socket_options(start, o);
  auto* list = leaf(*session, o, "list", "list sessions, newest first",
                    [&o](const Common& c) { return session_list(c, o.sessions); });
  list->add_option("--tenant", o.sessions.tenant, "only this tenant's");
  list->add_option("--state", o.sessions.state, "only open or ended ones")
      ->check(CLI::IsMember({"open", "ended"}));
  list->add_option("--label", o.sessions.labels,
                   "only those with this label, NAME=VALUE; may be repeated")
      ->expected(1)
      ->take_all();
  list->add_option("--limit", o.sessions.limit, "at most so many (all)")
      ->check(CLI::Range(1L, 1'000'000L));
  leaf(*session, o, "show", "show one session",
       [&o](const Common& c) { return session_show(c, o.id); })
      ->add_option("id", o.id, "the session's id")
      ->required();
  leaf(*session, o, "end", "end a session: its passes die, its processes are ended",
       [&o](const Common& c) { return session_end(c, o.id); })
      ->add_option("id", o.id, "the session's id")
      ->required();
  auto* events = leaf(*session, o, "events",
                      "follow what happens in sessions; with --json one document a line",
                      [&o](const Common& c) { return session_events(c, o.events); });
  events->add_option("id", o.events.id, "this session alone, from its start to its end");
  events->add_option("--tenant", o.events.tenant, "only this tenant's")->excludes("id");
  events->add_option("--after", o.events.after, "go on after this event, by its id");

  auto* relay_command =
      leaf(app, o, "relay", "hand connections of a workroom on to the gateway's socket",
           [&o](const Common& c) { return relay(c, o.relay); });
  relay_command->add_option("--listen", o.relay.listen, "ADDRESS:PORT inside the workroom");
  relay_command->add_option("--socket", o.relay.socket,
                            "default: gateway.sock of the data directory");
  relay_command->footer("The session's proxy credential is read from STRONGROOM_PROXY_CREDENTIAL.");

  auto* scan_command =
      leaf(app, o, "scan", "look for values of a tenant's keys in files, git histories and images",
           [&o](const Common& c) { return scan(c, o.scan); });
  scan_command->add_option("path", o.scan.path, "a folder, a file, or an image (docker save, OCI)")
      ->required();
  scan_command->add_option("--tenant", o.scan.tenant, "the tenant's name (needed)");
  scan_command->add_option("--searched-by", o.scan.searched_by)->group("");
  scan_command
      ->add_option("--max-size", o.scan.most_gibibytes, "read at most so many GiB, unpacked (64)")
      ->check(CLI::Range(1, 1'000'000));
  scan_command->add_option("--max-time", o.scan.most_seconds, "take at most so many seconds (3600)")
      ->check(CLI::Range(1L, 1'000'000L));
  scan_command->footer(
      "Exit code 0: all was searched and nothing found; 1: something was found, or not all could "
      "be "
      "searched.");
  leaf(app, o, kSearcherCommand, "what `strongroom serve` starts for a scan", [](const Common&) {
    return search_as_told();
  })->group("");

  auto* run = leaf(app, o, "run", "run a command in a workroom with the keys it needs",
                   [&o](const Common& c) { return run_workroom(c, o.run); });
  session_options(run, o);
  socket_options(run, o);
  run->add_option("--runtime", o.run.runtime,
                  "process, docker, or runc (or the path of another OCI runtime)");
  run->add_flag("--proxy,!--no-proxy", o.run.proxies,
                "tools reach the services' own hosts through the gateway (HTTPS_PROXY), and no "
                "other host that way: so unless --no-proxy is said");
  run->add_option("--inject", o.run.inject,
                  "session: the whole workroom gets the values of injected keys; exec: only the "
                  "commands that it starts by `strongroom-init exec` get them")
      ->check(CLI::IsMember({"session", "exec"}));
  run->add_option("--exec-user", o.run.exec_user,
                  "with --inject exec: whom those commands run as, UID or UID:GID (who asks)");
  run->add_flag("--output-filter,!--no-output-filter", o.run.filters_output,
                "injected values are masked in what the command writes to pipes and files: so "
                "unless --no-output-filter is said");
  run->add_flag("-t,--tty", o.run.has_terminal,
                "give the command a terminal of its own, for programs that want one");
  run->add_flag("-i,--interactive", o.run.is_interactive,
                "the command reads our standard input, as it always does");
  run->add_option("--scan-on-end", o.run.scan_on_end,
                  "when the command has ended, search this folder for the values of injected keys; "
                  "may be repeated")
      ->expected(1)
      ->take_all();
  container_options(run, o.run.container);
  run->add_option("--env", o.run.variables,
                  "a plain variable for the workroom, NAME=VALUE; may be repeated")
      ->expected(1)
      ->take_all();
  run->footer(
      "The command follows after --, and is taken as it is:  strongroom run ... -- COMMAND "
      "ARGUMENTS...");
}

void audit_filters(CLI::App* command, Options& o, long most, const std::string& limit_help) {
  command->add_option("--tenant", o.audit.tenant, "only this tenant");
  command->add_option("--key", o.audit.key, "only this key's id");
  command->add_option("--session", o.audit.session, "only this session's id");
  command->add_option("--member", o.audit.member, "only this member's name (with --tenant)");
  command->add_option("--limit", o.audit.limit, limit_help)->check(CLI::Range(1L, most));
}

void add_records(CLI::App& app, Options& o) {
  auto* audit = group(app, "audit", "the record of use");
  audit_filters(leaf(*audit, o, "list", "list entries",
                     [&o](const Common& c) { return audit_list(c, o.audit); }),
                o, kLongestAuditPage, "at most so many entries, newest first (100)");
  auto* verify = leaf(*audit, o, "verify", "check the record: chain, tree and signatures",
                      [&o](const Common& c) { return audit_verify(c, o.folder, o.public_key); });
  verify->add_option(
      "folder", o.folder,
      "a folder of the record or of its tiles to check without a server (default: ask the "
      "server)");
  verify->add_option("--public-key", o.public_key,
                     "the installation's public key, base64 (with a folder)");
  auto* exported = leaf(*audit, o, "export", "print entries as NDJSON, newest first",
                        [&o](const Common& c) { return audit_export(c, o.audit); });
  audit_filters(exported, o, std::numeric_limits<long>::max(),
                "only the newest so many entries (all)");
  exported->add_option("--tiles", o.audit.tiles,
                       "a folder for the whole record as a signed tree (C2SP tlog-tiles), which "
                       "'audit verify FOLDER' and others' verifiers read");

  auto* receipt = group(app, "receipt", "proofs of revocation");
  leaf(*receipt, o, "list", "list receipts", [](const Common& c) { return receipt_list(c); });
  leaf(*receipt, o, "show", "show one receipt",
       [&o](const Common& c) { return receipt_show(c, o.id); })
      ->add_option("id", o.id, "the receipt's id")
      ->required();
  auto* check = leaf(*receipt, o, "verify", "check a receipt's signature",
                     [&o](const Common& c) { return receipt_verify(c, o.file, o.public_key); });
  check->add_option("file", o.file, "the receipt, as printed with --json; - for standard input")
      ->required();
  check->add_option("--public-key", o.public_key,
                    "base64; default: receipt-key.pub of the data directory, or the server's");

  auto* seal = group(app, "seal", "what protects the root key");
  leaf(*seal, o, "status", "which seals open this installation",
       [](const Common& c) { return seal_status(c); });
  auto* rewrap_command = leaf(app, o, "rewrap", "seal all keys anew under new keys, while serving",
                              [&o](const Common& c) { return rewrap(c, o.rewrap); });
  auto* one_tenant = rewrap_command->add_option("--tenant", o.rewrap.tenant, "only this tenant's");
  rewrap_command
      ->add_flag("--root", o.rewrap.is_root,
                 "a new root key, with new keys of all seals: older copies of the database open no "
                 "more")
      ->excludes(one_tenant);
  share_option(rewrap_command, o.rewrap.share);
  auto* shred_command = leaf(
      app, o, "shred", "make what was revoked in a tenant open with no older copy of the database",
      [&o](const Common& c) { return shred(c, o.rewrap); });
  shred_command
      ->add_option("--tenant", o.rewrap.tenant, "its name; or its id, of one that was removed")
      ->required();
  share_option(shred_command, o.rewrap.share);
  shred_command->footer(
      "The root key changes as in 'rewrap --root': make a new backup afterwards.");
  auto* add_seal = leaf(*seal, o, "add", "add one; any one of them opens",
                        [&o](const Common& c) { return seal_add(c, o.seal); });
  add_seal->add_option("kind", o.seal.kind, "file, passphrase or shares")
      ->required()
      ->check(CLI::IsMember({"file", "passphrase", "shares"}));
  add_seal->add_option("--path", o.seal.path, "of a file: where the server makes it");
  add_seal->add_option("--shares", o.seal.shares, "how many shares there are")
      ->check(CLI::Range(2, 255));
  add_seal->add_option("--threshold", o.seal.threshold, "how many of them open")
      ->check(CLI::Range(2, 255));
  add_seal->footer("A passphrase is read from the prompt or standard input.");
  leaf(*seal, o, "remove", "remove one; refused for the only one",
       [&o](const Common& c) { return seal_remove(c, o.id); })
      ->add_option("id", o.id, "the seal's id")
      ->required();
  auto* open_seal = leaf(app, o, "unseal", "open a server that started sealed",
                         [&o](const Common& c) { return unseal(c, o.unseal_by); });
  open_seal->add_flag_callback(
      "--passphrase", [&o] { o.unseal_by = "passphrase"; },
      "with a passphrase, from the prompt or standard input");
  open_seal->add_flag_callback(
      "--share", [&o] { o.unseal_by = "share"; },
      "with one share, from the prompt or standard input; again with the next");
  leaf(app, o, "doctor", "look for what is wrong", [](const Common& c) { return doctor(c); });
}

/// What was not expected, in words that hold no more of it than a name: a key's value, typed where
/// none belongs, is not repeated.
std::string unexpected(const std::string& word, bool is_command_wanted) {
  if (word.starts_with("--")) return "the flag " + word.substr(0, word.find('=')) + " is unknown";
  if (is_command_wanted) return "there is no command '" + word.substr(0, 64) + "'";
  return "there is an argument too many (a key's value comes from the prompt or standard input)";
}

/// One line: what is wrong, and where the right use is told.
int wrong_use(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  std::string name = app.get_name();
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  const bool is_command_wanted = command->get_require_subcommand_min() > 0;
  const auto rest = app.remaining(true);
  std::string what = error.what();
  if (!rest.empty())
    what = unexpected(rest.front(), is_command_wanted);
  else if (is_command_wanted)
    what = "a command is missing";
  std::replace(what.begin(), what.end(), '\n', ' ');
  return report(Error(Code::Invalid, what + "; see '" + name + " --help'"));
}

}  // namespace

int run_command_line(int argc, char** argv) {
  // What follows "--" is a command of somebody else's: no parser of ours looks at it.
  char** const end = argv + argc;
  char** const mark = std::find_if(
      argv, end, [](const char* argument) { return std::string_view(argument) == "--"; });
  CLI::App app("Strongroom: the place where the keys of AI agents live", "strongroom");
  Options options;
  app.set_version_flag("--version", std::string(STRONGROOM_VERSION));
  app.add_option("--data", options.data, "data directory (STRONGROOM_DATA, ./strongroom-data)");
  app.add_flag("--json", options.json, "print one JSON document");
  app.require_subcommand(1)->fallthrough();
  add_serve(app, options);
  add_people(app, options);
  add_keys(app, options);
  add_skills(app, options);
  add_policies(app, options);
  add_sessions(app, options);
  add_tickets(app, options);
  add_tokens(app, options);
  add_records(app, options);
  try {
    if (mark != end) options.run.command.assign(mark + 1, end);
    app.parse(static_cast<int>(mark - argv), argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return wrong_use(app, error);
  }
  Common common;
  if (!options.data.empty()) common.data = options.data;
  common.format = options.json ? Format::Json : Format::People;
  return options.chosen(common);
}

}  // namespace strongroom::app
