// The command line: names, flags and help, by CLI11. SPDX-License-Identifier: Apache-2.0
#include "app/cli.h"

#include <algorithm>
#include <string_view>

#include "app/cli_options.h"

namespace strongroom::app {
namespace {

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
  add_attach(app, options);
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
