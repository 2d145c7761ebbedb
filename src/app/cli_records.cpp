// The commands about the record, seals and the state of the installation. SPDX-License-Identifier:
// Apache-2.0
#include <limits>

#include "app/cli_options.h"

namespace strongroom::app {
namespace {

void audit_filters(CLI::App* command, Options& o, long most, const std::string& limit_help) {
  command->add_option("--tenant", o.audit.tenant, "only this tenant");
  command->add_option("--key", o.audit.key, "only this key's id");
  command->add_option("--session", o.audit.session, "only this session's id");
  command->add_option("--member", o.audit.member, "only this member's name (with --tenant)");
  command->add_option("--kind", o.audit.kind, "only these: use, change or finding")
      ->check(CLI::IsMember({"use", "change", "finding"}));
  command->add_option("--service", o.audit.service, "only of this service");
  command->add_option("--finding", o.audit.finding, "only findings of this code");
  command->add_option("--since", o.audit.since,
                      "only from this time on: 2026-11-23, or 2026-11-23T14:29:10Z");
  command->add_option("--until", o.audit.until, "only before this time");
  command->add_option("--limit", o.audit.limit, limit_help)->check(CLI::Range(1L, most));
}

}  // namespace

void add_records(CLI::App& app, Options& o) {
  auto* audit = group(app, "audit", "the record of use");
  audit_filters(leaf(*audit, o, "list", "list entries",
                     [&o](const Common& c) { return audit_list(c, o.audit); }),
                o, kLongestAuditPage, "at most so many entries, newest first (100)");
  auto* verify =
      leaf(*audit, o, "verify", "check the record: chain, tree and signatures",
           [&o](const Common& c) { return audit_verify(c, o.folder, o.public_key, o.witnesses); });
  verify->add_option(
      "folder", o.folder,
      "a folder of the record or of its tiles to check without a server (default: ask the "
      "server)");
  verify->add_option("--public-key", o.public_key,
                     "the installation's public key, base64 (with a folder)");
  verify->add_option("--witness", o.witnesses,
                     "a witness's key, NAME+HASH+BASE64, that must have cosigned it (with a "
                     "folder); may be repeated");
  leaf(*audit, o, "sinks", "where the record goes besides the disk, and how far each has got",
       [](const Common& c) { return audit_sinks(c); });
  auto* exported = leaf(*audit, o, "export", "print entries as NDJSON or CSV, newest first",
                        [&o](const Common& c) { return audit_export(c, o.audit); });
  audit_filters(exported, o, std::numeric_limits<long>::max(),
                "only the newest so many entries (all)");
  exported->add_flag("--csv", o.audit.is_csv, "as CSV (RFC 4180), safe to open in a spreadsheet");
  exported
      ->add_option("--view", o.audit.view,
                   "a folder for the tenant's entries, with a proof that they are in the signed "
                   "record and none is missing, which 'audit verify FOLDER' reads")
      ->needs("--tenant");
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
  add_seal->add_option("kind", o.seal.kind, "file, passphrase, shares or external")
      ->required()
      ->check(CLI::IsMember({"file", "passphrase", "shares", "external"}));
  add_seal->add_option("--name", o.seal.name,
                       "of an external one: the [[external_seal]] of strongroom.toml");
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
  leaf(app, o, "doctor", "find what is wrong, and say how to mend it", [&o](const Common& c) {
    return doctor(c, o.file);
  })->add_option("--config", o.file, "configuration file of the server, as given to serve");
}

}  // namespace strongroom::app
