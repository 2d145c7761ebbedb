// The commands about the record of use and receipts.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <limits>

#include "api/views.h"
#include "app/call.h"
#include "app/config.h"
#include "app/csv.h"
#include "app/files.h"
#include "app/record_views.h"
#include "audit/tile_store.h"
#include "base/encoding.h"
#include "vault/vault.h"

namespace strongroom::app {
namespace {

const std::vector<Column> kEntry = {
    {"TIME", "time"},       {"WHAT", "action"},    {"WHO", "actor"}, {"TENANT", "tenant"},
    {"SERVICE", "service"}, {"METHOD", "method"},  {"HOST", "host"}, {"PATH", "path"},
    {"STATUS", "status"},   {"OUTCOME", "outcome"}};

std::string audit_path(const AuditOptions& options, long limit, const std::string& before = {}) {
  return "/api/v1/audit" + query({{"tenant", options.tenant},
                                  {"key", options.key},
                                  {"session", options.session},
                                  {"member", options.member},
                                  {"kind", options.kind},
                                  {"service", options.service},
                                  {"finding", options.finding},
                                  {"since", options.since},
                                  {"until", options.until},
                                  {"before", before},
                                  {"limit", std::to_string(limit)}});
}

/// Entries as they come: a line each, the members of one array, or rows of CSV.
class EntryPrinter {
 public:
  EntryPrinter(Format format, bool is_csv) : format_(format), is_csv_(is_csv) {
    if (is_csv_) std::printf("%s", csv_head().c_str());
  }
  void print(const json::value& entry) {
    if (is_csv_) {
      std::printf("%s", csv_row(entry).c_str());
      return;
    }
    const char* before = format_ == Format::People ? "" : is_first_ ? "[\n" : ",\n";
    std::printf("%s%s%s", before, to_text(entry).c_str(), format_ == Format::People ? "\n" : "");
    is_first_ = false;
  }
  void finish() const {
    if (format_ == Format::Json && !is_csv_) std::printf("%s\n", is_first_ ? "[]" : "\n]");
  }

 private:
  Format format_;
  bool is_csv_;
  bool is_first_ = true;
};

/// Page after page, each older than the last entry of the one before.
Status export_pages(ControlClient& client, const AuditOptions& options, EntryPrinter& printer) {
  long left = options.limit > 0 ? options.limit : std::numeric_limits<long>::max();
  std::string before;
  while (left > 0) {
    const long wanted = std::min(left, kLongestAuditPage);
    STRONGROOM_TRY(const auto page, client.get(audit_path(options, wanted, before)));
    if (!page.is_array()) return fail(Code::Protocol, "the server's answer is not understood");
    const auto& entries = page.get_array();
    for (const auto& entry : entries) printer.print(entry);
    if (static_cast<long>(entries.size()) < wanted || !entries.back().is_object()) return {};
    STRONGROOM_TRY(before, required_string(entries.back().get_object(), "id"));
    left -= wanted;
  }
  return {};
}

/// `--public-key`, else receipt-key.pub of the data directory, else what a running server says.
Result<std::string> public_key_for(const Common& common, const std::string& given) {
  if (!given.empty()) return given;
  auto file = read_file(data_directory(common.data) + "/receipt-key.pub", 4096);
  if (file) {
    while (!file->empty() && file->back() == '\n') file->pop_back();
    return *file;
  }
  STRONGROOM_TRY(Server server, find_server(common.data));
  ControlClient client(std::move(server));
  auto installation = client.get("/api/v1/installation");
  if (!installation || !installation->is_object())
    return fail(Code::Invalid,
                "no public key to check with: give --public-key, or --data of the installation");
  return required_string(installation->get_object(), "receipt_public_key");
}

Result<std::string> read_document(const std::string& file) {
  if (file != "-") return read_file(file);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<json::object> verify_file(const Common& common, const std::string& file,
                                 const std::string& public_key) {
  STRONGROOM_TRY(const std::string document, read_document(file));
  STRONGROOM_TRY(const std::string key, public_key_for(common, public_key));
  return vault::verify_receipt(document, key);
}

/// `--public-key`, else record-key.pub of the data directory.
Result<crypto::PublicKey> record_key(const Common& common, const std::string& given) {
  std::string text = given;
  if (text.empty()) {
    STRONGROOM_TRY(text, read_file(data_directory(common.data) + "/record-key.pub", 4096));
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto bytes = from_base64(text);
  crypto::PublicKey key{};
  if (!bytes || bytes->size() != key.size())
    return fail(Code::Invalid, "the public key is not 32 octets in base64");
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

void print_verified(const Common& common, const json::value& verified) {
  print_object(common.format, verified,
               {{"entries", "entries"},
                {"checkpoints", "checkpoints"},
                {"after the last checkpoint", "after_last_checkpoint"},
                {"head", "head"},
                {"entries in the tree", "tree_size"},
                {"root of the tree", "tree_root"}});
}

Result<std::vector<audit::WitnessKey>> parse_witnesses(const std::vector<std::string>& texts) {
  std::vector<audit::WitnessKey> out;
  for (const auto& text : texts) {
    STRONGROOM_TRY(auto key, audit::parse_witness_key(text));
    out.push_back(std::move(key));
  }
  return out;
}

void print_witnessed(const Common& common, const audit::Verified& verified) {
  json::object out = api::to_json(verified);
  json::array witnessed;
  for (const auto& each : verified.witnessed)
    witnessed.push_back(
        {{"name", each.name}, {"entries", each.entries}, {"time", to_rfc3339(each.at)}});
  if (!witnessed.empty()) out["witnessed"] = std::move(witnessed);
  print_verified(common, out);
  if (common.format == Format::Json) return;
  for (const auto& each : verified.witnessed)
    say(common.format, "The witness '" + each.name + "' has cosigned the first " +
                           std::to_string(each.entries) + " entries, last at " +
                           to_rfc3339(each.at) + ".");
}

/// From the data directory; it needs no server, and does not mind one.
int tiles_export(const Common& common, const std::string& folder) {
  const auto key = record_key(common, {});
  if (!key) return report(key.error());
  const std::string tree = data_directory(common.data) + "/audit/tlog";
  const auto exported = audit::export_tiles(tree, folder, *key);
  if (!exported) return report(exported.error());
  const auto named = write_file(folder + "/verifier-key", audit::verifier_key(*key) + "\n", 0644);
  if (!named) return report(named.error());
  print_verified(common, api::to_json(*exported));
  return 0;
}

}  // namespace

int audit_list(const Common& common, const AuditOptions& options) {
  return with_client(
      common,
      [&](ControlClient& client) {
        return client.get(audit_path(options, options.limit > 0 ? options.limit : 100));
      },
      [&](const json::value& answer) {
        print_list(common.format, answer, kEntry, "Nothing recorded yet.");
      });
}

int audit_export(const Common& common, const AuditOptions& options) {
  if (!options.tiles.empty()) return tiles_export(common, options.tiles);
  if (!options.view.empty()) return view_export(common, options);
  auto server = find_server(common.data);
  if (!server) return report(server.error());
  ControlClient client(std::move(*server));
  EntryPrinter printer(common.format, options.is_csv);
  if (const auto done = export_pages(client, options, printer); !done) return report(done.error());
  printer.finish();
  return 0;
}

int audit_verify(const Common& common, const std::string& folder, const std::string& public_key,
                 const std::vector<std::string>& witness_keys) {
  if (folder.empty() && !witness_keys.empty())
    return report(Error(Code::Invalid, "--witness is for a folder: export it with --tiles"));
  if (folder.empty())
    return with_client(
        common, [&](ControlClient& client) { return client.post("/api/v1/audit/verify", {}); },
        [&](const json::value& answer) { print_verified(common, answer); });
  const auto key = record_key(common, public_key);
  if (!key) return report(key.error());
  const auto witnesses = parse_witnesses(witness_keys);
  if (!witnesses) return report(witnesses.error());
  if (is_view_folder(folder)) {
    if (witnesses->empty()) return verify_view_folder(common, folder, *key);
    return report(Error(Code::Invalid, "a view has no cosignatures: check the whole record's"));
  }
  const auto verified = audit::Log::verify_folder(folder, *key, *witnesses);
  if (!verified) return report(verified.error());
  print_witnessed(common, *verified);
  return 0;
}

int audit_sinks(const Common& common) {
  return with_client(
      common, [](ControlClient& client) { return client.get("/api/v1/audit/sinks"); },
      [&](const json::value& answer) {
        print_list(common.format, answer,
                   {{"NAME", "id"},
                    {"KIND", "kind"},
                    {"TO", "to"},
                    {"STATE", "state"},
                    {"SENT", "sent"},
                    {"PENDING", "pending"},
                    {"BEHIND (S)", "behind_seconds"},
                    {"ERROR", "error"}},
                   "The record goes nowhere besides the disk: see [[audit.sink]] in "
                   "docs/configuration.md.");
      });
}

int receipt_verify(const Common& common, const std::string& file, const std::string& public_key) {
  const auto receipt = verify_file(common, file, public_key);
  if (!receipt) {
    report(receipt.error());
    return receipt.error().code == Code::NotFound ? 4 : 1;
  }
  if (common.format == Format::Json) {
    json::object out{{"valid", true}};
    out["receipt"] = *receipt;
    print_object(common.format, out, {});
    return 0;
  }
  say(common.format,
      "The signature is right: this receipt was made by the installation with that key, and not "
      "changed since.");
  print_object(common.format, *receipt,
               {{"receipt", "id"}, {"subject", "subject"}, {"completed at", "completed_at"}});
  return 0;
}

}  // namespace strongroom::app
