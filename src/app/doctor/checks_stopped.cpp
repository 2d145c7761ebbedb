// A stopped installation: what its next start would find, told in full.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdlib>

#include "api/views.h"
#include "app/doctor/checks.h"
#include "app/external_seals.h"
#include "app/files.h"
#include "app/prompt.h"
#include "audit/log.h"
#include "base/encoding.h"
#include "store/store.h"
#include "vault/root_secrets.h"
#include "vault/seal_file.h"
#include "vault/sealing.h"

namespace strongroom::app {
namespace {

constexpr std::size_t kRowsAtOnce = 1000;

/// Nobody is asked: this may run unwatched.
Result<Secret> passphrase_of_file() {
  const char* named = std::getenv("STRONGROOM_PASSPHRASE_FILE");
  if (named == nullptr || *named == '\0')
    return fail(Code::Sealed, "its passphrase is not known here", "passphrase_missing");
  return read_passphrase();
}

Result<Secret> open_by(const store::Seal& seal, const vault::SealOptions& options) {
  STRONGROOM_TRY(const Secret key, vault::sealing_key(seal, options));
  auto root = vault::unseal(seal, key, vault::wrong_key(seal, options));
  if (root || seal.kind != vault::kFileSeal) return root;
  // A start that was cut short in a change of this file's key settles it.
  const auto next = vault::found_next_seal_file(vault::seal_file_path(seal, options.file_path));
  return next ? vault::unseal(seal, *next, root.error().message) : std::move(root);
}

ExternalSeals external_seals(const Place& place) {
  ServeFlags flags;
  flags.data = place.data;
  if (!place.config.empty()) flags.config = place.config;
  return ExternalSeals::of(flags);
}

/// Tries each seal; answers the root key of the first that opens.
std::optional<Secret> check_seals(const Place& place, store::Store& store, Findings& findings) {
  vault::SealOptions options{"file", place.path("seal.key"), passphrase_of_file};
  auto external = external_seals(place);
  external.give_to(options, Wanted::EachOwn);
  const auto seals = store.list<store::Seal>();
  if (!seals) {
    findings.wrong("seals", seals.error().message, "put a backup of the database back");
    return std::nullopt;
  }
  options.expect(*seals);
  std::optional<Secret> root;
  std::string opens;
  std::string waits;
  std::string wrong;
  for (const auto& seal : *seals) {
    auto opened = open_by(seal, options);
    std::string& told = opened ? opens : vault::is_waiting(opened.error()) ? waits : wrong;
    told += (told.empty() ? "" : ", ") + seal.kind;
    if (!opened) told += ": " + opened.error().message;
    if (opened && !root) root = std::move(*opened);
  }
  if (seals->empty())
    findings.fine("seals", "the database is empty: the first start makes a seal");
  else if (!wrong.empty())
    findings.wrong("seals", wrong, "put the right one back, or remove that seal");
  else if (root)
    findings.fine("seals", "opens by " + opens + (waits.empty() ? "" : "; waits: " + waits));
  else
    findings.note("seals", "none opens by itself: " + waits, "the server starts sealed");
  return root;
}

void check_rows(const Place& place, Findings& findings) {
  if (::access(place.path("strongroom.db").c_str(), F_OK) != 0)
    return findings.wrong("database", "there is no database in " + place.data,
                          "put a backup back; for a new installation: strongroom serve");
  const auto store = store::open_sqlite_as_it_is(place.path("strongroom.db"));
  if (!store && store.error().code == Code::Unsupported)
    return findings.unseen("database", store.error().message);
  if (!store)
    return findings.wrong("database", store.error().message,
                          "put a backup back (docs/operations.md)");
  const auto root = check_seals(place, **store, findings);
  if (!root) return findings.unseen("rows", "no seal opens here");
  if (const auto accepted = vault::accept_root_key(**store, *root); !accepted)
    return findings.wrong("rows", accepted.error().message, "put a backup of the database back");
  store::Inspection inspection;
  while ((*store)->inspect_part(inspection, kRowsAtOnce)) {
  }
  tell_inspection(api::to_json(inspection), findings);
}

void check_record(const Place& place, Findings& findings) {
  const auto text = read_file(place.path("record-key.pub"), 4096);
  if (!text) return findings.unseen("record", "there is no record-key.pub to check it with");
  const auto octets = from_base64(text->substr(0, text->find('\n')));
  crypto::PublicKey key{};
  if (!octets || octets->size() != key.size())
    return findings.wrong("record", "record-key.pub is not a public key",
                          "remove it: the next start writes it anew");
  std::ranges::copy(*octets, key.begin());
  const auto verified = audit::Log::verify_folder(place.path("audit"), key);
  if (!verified) return tell_record(std::unexpected(verified.error()), findings);
  tell_record(json::value(api::to_json(*verified)), findings);
}

}  // namespace

void check_stopped(const Place& place, Findings& findings) {
  findings.note("server", "does not run", "strongroom serve --data " + place.data);
  check_rows(place, findings);
  check_record(place, findings);
}

}  // namespace strongroom::app
