// What the files of the command line (cli_*.cpp) share: what flags are parsed into, and how a
// command is made. CLI11 is included here and nowhere else. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "app/command_description.h"
#include "app/commands.h"
#include "app/output.h"
#include "app/relay.h"
#include "app/serve.h"

namespace strongroom::app {

/// Everything that flags are parsed into; lives until the chosen command has run.
struct Options {
  std::string data;
  bool json = false;
  ServeFlags serve;
  std::string name, tenant, member, role = "member", id, file, public_key, folder;
  std::vector<std::string> witnesses;
  std::vector<std::string> services;
  KeyAddOptions key;
  OAuthClientOptions oauth;
  IdentityProviderOptions provider;
  ConnectOptions connect;
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
  std::string program;
  BackupOptions backup;
  std::string is_on;  ///< a switch: "on" or "off"
  std::function<int(const Common&)> chosen;
};

/// A word that commands follow.
CLI::App* group(CLI::App& app, const std::string& name, const std::string& help);
/// A command; `run` answers its exit code.
CLI::App* leaf(CLI::App& parent, Options& options, const std::string& name, const std::string& help,
               std::function<int(const Common&)> run);
void tenant_option(CLI::App* command, std::string& into);
void share_option(CLI::App* command, unsigned& into);

/// Declares every command. `started_as`: argv[0].
void add_commands(CLI::App& app, Options& o, const std::string& started_as);
void add_serve(CLI::App& app, Options& o);
void add_people(CLI::App& app, Options& o);
void add_identities(CLI::App& app, Options& o);
void add_tokens(CLI::App& app, Options& o);
void add_keys(CLI::App& app, Options& o);
void add_skills(CLI::App& app, Options& o);
void add_policies(CLI::App& app, Options& o);
void add_tickets(CLI::App& app, Options& o);
void add_attach(CLI::App& app, Options& o);
void add_backups(CLI::App& app, Options& o);
void add_sessions(CLI::App& app, Options& o);
void add_records(CLI::App& app, Options& o);
void add_shell(CLI::App& app, Options& o, const std::string& started_as);

/// What the value of a flag of the command `path` is, as TENANT, or in braces: one of these.
[[nodiscard]] std::string value_of(const CLI::Option& option, const std::string& path);
/// Headings over the commands, and examples.
void add_guide(CLI::App& app);
/// Where a command stands among the others of the first level.
[[nodiscard]] std::size_t place_in_guide(const std::string& command);
/// What was declared, as data.
[[nodiscard]] CommandLineDescription describe(const CLI::App& app);

}  // namespace strongroom::app
