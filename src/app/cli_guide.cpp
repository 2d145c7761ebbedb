// What helps people to find their way in --help and the manual page: headings over the commands,
// and examples. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "app/cli_options.h"

namespace strongroom::app {
namespace {

constexpr const char* kOther = "Other commands";

/// In the order of the page.
const std::vector<std::pair<std::string, std::vector<std::string>>>& headings() {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> all{
      {"Start", {"serve", "demo", "doctor"}},
      {"Keys", {"key", "oauth", "service", "skill", "policy"}},
      {"Agents at work", {"run", "session", "ticket", "attach", "relay"}},
      {"People and programs",
       {"tenant", "member", "identity-provider", "provisioning", "identity", "token", "whoami"}},
      {"What happened", {"audit", "receipt", "scan"}},
      {"How keys are kept", {"seal", "unseal", "rewrap", "shred", "backup", "restore"}},
      {"Your shell", {"completion"}}};
  return all;
}

using Examples = std::map<std::string, std::vector<std::string>, std::less<>>;

const Examples& examples() {
  static const Examples all{
      {"strongroom",
       {"strongroom serve                                     # the server; makes what is missing",
        "strongroom tenant add acme", "strongroom member add --tenant acme alice",
        "strongroom key add gemini --tenant acme              # asks for the value, shows nothing",
        "strongroom run --tenant acme --member alice --service gemini -- python agent.py",
        "strongroom key revoke KEY                            # off everywhere, with a receipt",
        "strongroom doctor                                    # what is wrong, and what mends it"}},
      {"strongroom serve",
       {"strongroom serve                                     # on ./strongroom-data",
        "strongroom serve --data /var/lib/strongroom --listen 0.0.0.0:8700 --name vault.example"}},
      {"strongroom key add",
       {"strongroom key add gemini --tenant acme                  # a skill secret of the tenant",
        "strongroom key add github --tenant acme --member alice   # alice's own integration",
        "strongroom key add postgres --tenant acme --set host=db.example --dynamic"}},
      {"strongroom key connect",
       {"strongroom key connect github --tenant acme --member alice   # shows a code, and where to "
        "type it",
        "strongroom key connect slack --tenant acme --member alice --browser"}},
      {"strongroom identity-provider add",
       {"strongroom identity-provider add okta --tenant acme --issuer https://acme.okta.example "
        "--id 0oa1 --group engineering=member --group security=admin"}},
      {"strongroom oauth client set",
       {"strongroom oauth client set github --id Iv1.0123456789abcdef",
        "strongroom oauth client set files --issuer https://login.example --id strongroom"}},
      {"strongroom key rotate", {"strongroom key rotate KEY        # the new value is asked for"}},
      {"strongroom key revoke",
       {"strongroom key revoke KEY        # ended at its provider, too, where there is a call",
        "strongroom key revoke KEY --json > receipt.json",
        "strongroom receipt verify receipt.json"}},
      {"strongroom skill add",
       {"strongroom skill add --tenant acme reviews --service gemini --service github:work"}},
      {"strongroom policy set",
       {"strongroom policy set --tenant acme --service openai --rpm 60 --budget tokens=1000000",
        "strongroom policy set --tenant acme --service openai --deny 'DELETE /v1/files/*'"}},
      {"strongroom run",
       {"strongroom run --tenant acme --member alice --service gemini -- python agent.py",
        "strongroom run --tenant acme --member alice --skill reviews -t -- bash",
        "strongroom run --tenant acme --member alice --service github --runtime docker "
        "--image debian:12 -- git clone https://github.com/acme/site"}},
      {"strongroom session start",
       {"strongroom session start --tenant acme --member alice --service gemini --ttl 8h"}},
      {"strongroom session list",
       {"strongroom session list --tenant acme --state open --label pipeline=42"}},
      {"strongroom ticket issue",
       {"strongroom ticket issue --tenant acme --member alice --service gemini --valid 2m"}},
      {"strongroom attach", {"strongroom attach --ticket-file /run/ticket -- python agent.py"}},
      {"strongroom token add",
       {"strongroom token add --tenant acme --machine admin --for-any-member scheduler"}},
      {"strongroom audit list", {"strongroom audit list --tenant acme --limit 20"}},
      {"strongroom audit export",
       {"strongroom audit export --tenant acme > record.ndjson",
        "strongroom audit export --tiles record              # for 'audit verify record'"}},
      {"strongroom receipt verify", {"strongroom receipt verify receipt.json"}},
      {"strongroom scan",
       {"strongroom scan --tenant acme .                      # a folder, with its git histories",
        "strongroom scan --tenant acme image.tar              # of 'docker save'"}},
      {"strongroom seal add",
       {"strongroom seal add shares --shares 5 --threshold 3", "strongroom seal add passphrase",
        "strongroom seal add external --name hsm"}},
      {"strongroom backup", {"strongroom backup /mnt/other/strongroom.backup"}},
      {"strongroom restore",
       {"strongroom restore strongroom.backup --data /var/lib/strongroom --seal-file seal.key",
        "strongroom restore strongroom.backup --data /var/lib/strongroom --by-shares"}},
      {"strongroom doctor",
       {"strongroom doctor", "strongroom doctor --data /var/lib/strongroom --json"}},
      {"strongroom rewrap", {"strongroom rewrap --tenant acme", "strongroom rewrap --root"}},
      {"strongroom completion",
       {"strongroom completion bash > ~/.local/share/bash-completion/completions/strongroom",
        "strongroom completion zsh > ~/.zfunc/_strongroom     # where $fpath has ~/.zfunc",
        "strongroom completion fish > ~/.config/fish/completions/strongroom.fish"}}};
  return all;
}

void give_examples(CLI::App& command, const std::string& path) {
  if (const auto found = examples().find(path); found != examples().end()) {
    std::string footer = command.get_footer();
    for (const auto& each : found->second) footer += "\n$ " + each;
    command.footer(footer);
  }
  for (auto* each : command.get_subcommands([](CLI::App*) { return true; }))
    give_examples(*each, path + " " + each->get_name());
}

std::string heading_of(const std::string& command) {
  for (const auto& [heading, names] : headings())
    if (std::ranges::find(names, command) != names.end()) return heading;
  return kOther;
}

}  // namespace

void add_guide(CLI::App& app) {
  for (auto* each : app.get_subcommands([](CLI::App*) { return true; }))
    if (!each->get_group().empty()) each->group(heading_of(each->get_name()));
  give_examples(app, "strongroom");
}

std::size_t place_in_guide(const std::string& command) {
  std::size_t place = 0;
  for (const auto& [heading, names] : headings())
    for (const auto& name : names) {
      if (name == command) return place;
      ++place;
    }
  return place;
}

}  // namespace strongroom::app
