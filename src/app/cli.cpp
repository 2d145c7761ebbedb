// The command line: names, flags and help, by CLI11. SPDX-License-Identifier: Apache-2.0
#include "app/cli.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "app/cli_options.h"
#include "app/help_text.h"
#include "app/screen.h"

namespace strongroom::app {

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
                            "a name by which other machines call this one");
  serve_command->add_option("--gateway", o.serve.gateway, "gateway, ADDRESS:PORT (127.0.0.1:8701)");
  serve_command->add_option("--metrics", o.serve.metrics,
                            "metrics and health, ADDRESS:PORT (127.0.0.1:8702)");
  serve_command->add_option(
      "--seal", o.serve.seal,
      "first start: 'file', 'passphrase' or the name of an [[external_seal]]");
  serve_command->add_option("--extra-ca", o.serve.extra_ca,
                            "PEM file trusted beside the system's roots");
  serve_command->add_option("--gateway-certificate", o.serve.gateway_certificate,
                            "PEM chain that the gateway shows over TLS (one is made)");
  serve_command->add_option("--gateway-private-key", o.serve.gateway_private_key,
                            "PEM file of its key");
  serve_command->add_option("--gateway-name", o.serve.gateway_names,
                            "a name for the certificate that is made");
  serve_command->add_option("--gateway-url", o.serve.gateway_url,
                            "how workrooms reach the gateway, https://NAME:PORT");
  serve_command->add_option("--gateway-plain-http", o.serve.gateway_plain_http,
                            "from where requests without TLS are taken: local, anywhere (local)");
  serve_command->add_option("--upstream-proxy", o.serve.upstream_proxy,
                            "proxy between the gateway and providers, http://HOST:PORT");
  serve_command->add_option("--no-proxy", o.serve.no_proxy,
                            "a host, or .DOMAIN, that is reached without it");
  serve_command->add_option("--gateway-processes", o.serve.gateway_processes,
                            "how many gateway processes share the port (1)");
  serve_command->add_option("--drain-seconds", o.serve.drain_seconds,
                            "how long streams may go on after SIGTERM (10)");
  serve_command->add_option("--grace-seconds", o.serve.grace_seconds,
                            "TERM to KILL for processes that hold a revoked key (2)");
  serve_command->add_option("--anchor", o.serve.anchor,
                            "file that tells an older database from the newest (anchor in the data "
                            "directory)");
  serve_command->add_flag("--accept-rollback", o.serve.accept_rollback,
                          "once: go on with an older database that was put back");
  serve_command->add_option("--log-level", o.serve.log_level,
                            "debug, info, warning or error (info)");
  leaf(app, o, "demo", "the whole story on this machine, against a stand-in provider",
       [](const Common& c) { return demo(c); });
}

namespace {

/// What was not expected, in words that hold no more of it than a name: a key's value, typed where
/// none belongs, is not repeated.
std::string unexpected(const std::string& word, const CommandDescription& command) {
  if (word.starts_with("--")) return "the flag " + word.substr(0, word.find('=')) + " is unknown";
  if (command.commands.empty())
    return "there is an argument too many (a key's value comes from the prompt or standard input)";
  const auto meant = nearest_command(command, word);
  return "there is no command '" + word.substr(0, 64) + "'" +
         (meant ? "; did you mean '" + *meant + "'?" : "");
}

/// The parser's words for a flag that has too many or too few values, in ours.
std::string in_words(const std::string& what) {
  const std::string flag = what.substr(0, what.find(": "));
  if (what.starts_with(flag + ": At Most 1 required")) return flag + " is given more than once";
  if (what.starts_with(flag + ": 1 required ")) return flag + " needs a value";
  return what;
}

/// One line: what is wrong, and where the right use is told.
int wrong_use(const CommandDescription& command, const CLI::App& app,
              const CLI::ParseError& error) {
  const auto rest = app.remaining(true);
  std::string what = in_words(error.what());
  if (!rest.empty())
    what = unexpected(rest.front(), command);
  else if (!command.commands.empty())
    what = "a command is missing";
  std::replace(what.begin(), what.end(), '\n', ' ');
  const std::string_view between = what.ends_with('?') ? " See '" : "; see '";
  return report(Error(Code::Invalid, what + std::string(between) + command.path() + " --help'"));
}

/// The last command that was named.
const CommandDescription& chosen(const CommandDescription& root, const CLI::App& app) {
  const CommandDescription* out = &root;
  for (const CLI::App* each = &app; !each->get_subcommands().empty();) {
    each = each->get_subcommands().front();
    const auto* next = out->command(each->get_name());
    if (next == nullptr) break;  // one that is not told of
    out = next;
  }
  return *out;
}

int answer_parse_error(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_name() == "CallForVersion") return app.exit(error);
  const auto description = describe(app);
  const auto& command = chosen(description.root, app);
  if (error.get_exit_code() != 0) return wrong_use(command, app, error);
  std::fputs(help_text(command, description.everywhere, screen_of(STDOUT_FILENO)).c_str(), stdout);
  return 0;
}

}  // namespace

void add_commands(CLI::App& app, Options& options, const std::string& started_as) {
  app.option_defaults()->group("Flags");
  app.set_version_flag("--version", std::string(STRONGROOM_VERSION), "print the version");
  app.set_help_flag("-h,--help", "print this and leave");
  app.add_option("--data", options.data, "data directory (STRONGROOM_DATA, ./strongroom-data)");
  app.add_flag("--json", options.json, "print one JSON document");
  app.require_subcommand(1)->fallthrough();
  app.group("Commands");
  add_serve(app, options);
  add_people(app, options);
  add_identities(app, options);
  add_keys(app, options);
  add_skills(app, options);
  add_policies(app, options);
  add_sessions(app, options);
  add_tickets(app, options);
  add_tokens(app, options);
  add_attach(app, options);
  add_backups(app, options);
  add_records(app, options);
  add_shell(app, options, started_as);
  add_guide(app);
}

int run_command_line(int argc, char** argv) {
  // What follows "--" is a command of somebody else's: no parser of ours looks at it.
  char** const end = argv + argc;
  char** const mark = std::find_if(
      argv, end, [](const char* argument) { return std::string_view(argument) == "--"; });
  CLI::App app("the place where the keys of AI agents live", "strongroom");
  Options options;
  add_commands(app, options, argv[0]);
  try {
    if (mark != end) options.run.command.assign(mark + 1, end);
    app.parse(static_cast<int>(mark - argv), argv);
  } catch (const CLI::ParseError& error) {
    return answer_parse_error(app, error);
  }
  Common common;
  if (!options.data.empty()) common.data = options.data;
  common.format = options.json ? Format::Json : Format::People;
  return options.chosen(common);
}

}  // namespace strongroom::app
