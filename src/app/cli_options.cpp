// SPDX-License-Identifier: Apache-2.0
#include "app/cli_options.h"

#include <utility>

namespace strongroom::app {

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

}  // namespace strongroom::app
