// Flags of the commands about backups. SPDX-License-Identifier: Apache-2.0
#include "app/cli_options.h"

namespace strongroom::app {
namespace {

void seal_options(CLI::App* command, BackupOptions& into) {
  command->add_option("--seal-file", into.seal_file,
                      "a file seal's file of the backup's time (default: seal.key in the data "
                      "directory)");
  command->add_option("--config", into.config,
                      "configuration that says how external seals are reached (default: "
                      "strongroom.toml in the data directory)");
  command->add_flag("--by-shares", into.by_shares,
                    "open it by shares, one after the other, from the prompt or a line each of "
                    "standard input");
}

}  // namespace

void add_backups(CLI::App& app, Options& o) {
  auto* backup = leaf(app, o, "backup", "copy the database of a running server into a file", {});
  backup->add_option("file", o.backup.file, "where it goes; '-' for standard output");
  auto* verify = leaf(*backup, o, "verify", "check a backup from its first octet to its last",
                      [&o](const Common& c) { return backup_verify(c, o.backup); });
  verify->add_option("file", o.backup.file, "the backup; '-' for standard input")->required();
  seal_options(verify, o.backup);
  backup->callback([&o, verify] {
    if (!verify->parsed())
      o.chosen = [&o](const Common& common) { return backup_make(common, o.backup); };
  });
  backup->footer(
      "It is sealed: the same seals open it, so keep seal.key apart from it. It holds the database "
      "and the record's newest checkpoint, not the record (strongroom audit export).");
  auto* restore_command = leaf(app, o, "restore", "put a backup into an empty data directory",
                               [&o](const Common& c) { return restore(c, o.backup); });
  restore_command->add_option("file", o.backup.file, "the backup; '-' for standard input")
      ->required();
  seal_options(restore_command, o.backup);
}

}  // namespace strongroom::app
