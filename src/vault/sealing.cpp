// A seal's row: the root key, sealed (crypto/record.h). The context binds id, kind and parameters,
// so that cheaper costs or a lower threshold cannot be written into the row.
// SPDX-License-Identifier: Apache-2.0
#include "vault/sealing.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/crypto.h"
#include "crypto/record.h"
#include "crypto/shares.h"
#include "vault/seal_file.h"
#include "vault/share_text.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kShortestPassphrase = 8;

ByteVector context_of(const store::Seal& seal) {
  ByteVector context;
  Writer writer(context);
  writer.text("seal");
  writer.raw(seal.id.view());
  writer.text(seal.kind);
  writer.text(seal.parameters);
  return context;
}

std::unexpected<Error> damaged() {
  return fail(Code::Sealed, "A seal in the database is damaged.", "seal_damaged");
}

Result<json::object> parameters_of(const store::Seal& seal) {
  auto parsed = parse_json(seal.parameters);
  if (!parsed || !parsed->is_object()) return damaged();
  return std::move(parsed->get_object());
}

/// 0 where it is missing or out of bounds.
std::uint32_t number(const json::object& parameters, std::string_view name) {
  const auto* value = parameters.if_contains(name);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0 ||
      value->get_int64() > 1U << 30U)
    return 0;
  return static_cast<std::uint32_t>(value->get_int64());
}

std::string new_passphrase_parameters() {
  std::array<std::uint8_t, kSaltSize> salt{};
  crypto::random(salt);
  const crypto::Argon2Cost cost;
  return to_text(json::object{{"salt", to_base64(salt)},
                              {"memory_kib", cost.memory_kib},
                              {"passes", cost.passes},
                              {"lanes", cost.lanes}});
}

Status make_file_key(const std::string& path, Sealing& sealing) {
  if (!path.starts_with('/'))
    return fail(Code::Invalid, "the path of a seal's file begins with '/'", "seal_path");
  if (::access(path.c_str(), F_OK) == 0)
    return fail(Code::Conflict, "there is a file " + path + " already", "seal_path");
  sealing.row.parameters = to_text(json::object{{"path", path}});
  auto key = read_seal_file(path, WhenMissing::Make);
  if (!key) return fail(Code::Invalid, key.error().message, "seal_path");
  sealing.key = std::move(*key);
  return {};
}

Status make_shares_key(unsigned threshold, unsigned count, Sealing& sealing) {
  sealing.row.parameters = to_text(json::object{{"shares", count}, {"threshold", threshold}});
  sealing.key = crypto::random_secret(kKeySize);
  STRONGROOM_TRY(const auto shares, crypto::divide(sealing.key, threshold, count));
  for (const auto& share : shares)
    sealing.shares.push_back(share_text(sealing.row.id, threshold, share));
  return {};
}

/// As many as open it, from whoever brings them.
Result<Secret> collected_key(const store::Seal& seal, const SealOptions& options) {
  if (!options.ask_share)
    return fail(Code::Sealed, "The seal by shares wants " + detail_of(seal) + " of them.",
                "shares_missing");
  std::map<std::uint8_t, crypto::Share> shares;  // one that is brought twice counts once
  while (shares.size() < threshold_of(seal)) {
    STRONGROOM_TRY(const Secret text, options.ask_share());
    STRONGROOM_TRY(ReadShare read, read_share(text));
    if (read.seal != mark_of(seal.id))
      return fail(Code::Sealed, "This share belongs to another seal.", "share_unknown");
    shares.insert_or_assign(read.share.index, std::move(read.share));
  }
  std::vector<crypto::Share> enough;
  for (auto& [index, share] : shares) enough.push_back(std::move(share));
  return crypto::combine(enough);
}

int order_of(const store::Seal& seal) {
  if (seal.kind == kFileSeal) return 0;
  return is_external(seal.kind) ? 1 : 2;
}

constexpr std::array<std::string_view, 5> kExternal = {"tpm2", "pkcs11", "transit", "aws-kms",
                                                       "credential"};

}  // namespace

bool is_external(std::string_view kind) {
  return std::ranges::find(kExternal, kind) != kExternal.end();
}

std::vector<store::Seal> in_order_of_opening(std::vector<store::Seal> seals) {
  std::ranges::sort(seals, {}, order_of);
  return seals;
}

Sealing make_sealing(ExternalKey made) {
  Sealing sealing;
  sealing.row.id = crypto::random_id<SealId>();
  sealing.row.kind = std::move(made.kind);
  sealing.row.parameters =
      to_text(json::object{{"name", made.name}, {"wrapped", to_base64(made.wrapped)}});
  sealing.key = std::move(made.key);
  return sealing;
}

Result<ExternalPlace> external_place(const store::Seal& seal) {
  STRONGROOM_TRY(const auto parameters, parameters_of(seal));
  const auto text = optional_string(parameters, "wrapped");
  auto wrapped = text ? from_base64(*text) : std::nullopt;
  if (!wrapped) return damaged();
  return ExternalPlace{seal.kind, optional_string(parameters, "name").value_or(""),
                       std::move(*wrapped)};
}

Result<Sealing> make_sealing(NewSeal wanted) {
  Sealing sealing;
  sealing.row.id = crypto::random_id<SealId>();
  sealing.row.kind = wanted.kind;
  if (wanted.kind == kFileSeal) {
    STRONGROOM_CHECKED(make_file_key(wanted.path, sealing));
  } else if (wanted.kind == kPassphraseSeal) {
    sealing.row.parameters = new_passphrase_parameters();
    STRONGROOM_TRY(sealing.key, passphrase_key(sealing.row, wanted.passphrase));
  } else if (wanted.kind == kSharesSeal) {
    STRONGROOM_CHECKED(make_shares_key(wanted.threshold, wanted.shares, sealing));
  } else {
    return fail(Code::Invalid, "a seal is one of file, passphrase, shares", "seal_unknown");
  }
  return sealing;
}

void seal_root(Sealing& sealing, const Secret& root_key) {
  sealing.row.wrapped_root = crypto::seal_record(sealing.key, context_of(sealing.row), root_key);
}

Result<Secret> passphrase_key(const store::Seal& seal, const Secret& passphrase) {
  STRONGROOM_TRY(const auto parameters, parameters_of(seal));
  const auto salt_text = optional_string(parameters, "salt");
  const auto salt = salt_text ? from_base64(*salt_text) : std::nullopt;
  if (!salt) return damaged();
  if (passphrase.size() < kShortestPassphrase)
    return fail(Code::Sealed, "The passphrase is too short: at least 8 characters.",
                "passphrase_short");
  return crypto::argon2id(passphrase, *salt,
                          {number(parameters, "memory_kib"), number(parameters, "passes"),
                           number(parameters, "lanes")});
}

std::string seal_file_path(const store::Seal& seal, const std::string& usual) {
  const std::string named = detail_of(seal);
  return named.empty() ? usual : named;
}

Result<Secret> sealing_key(const store::Seal& seal, const SealOptions& options) {
  if (seal.kind == kFileSeal) {
    STRONGROOM_TRY([[maybe_unused]] const auto parameters, parameters_of(seal));
    return read_seal_file(seal_file_path(seal, options.file_path), WhenMissing::Refuse);
  }
  if (seal.kind == kPassphraseSeal) {
    if (!options.ask_passphrase)
      return fail(Code::Sealed, "This database is sealed with a passphrase, and none was given.",
                  "passphrase_missing");
    STRONGROOM_TRY(const Secret passphrase, options.ask_passphrase());
    return passphrase_key(seal, passphrase);
  }
  if (seal.kind == kSharesSeal) return collected_key(seal, options);
  if (is_external(seal.kind)) {
    STRONGROOM_TRY(const auto place, external_place(seal));
    if (!options.open_external)
      return fail(Code::Sealed, "The seal '" + place.name + "' is not used here.",
                  "seal_unreachable");
    return options.open_external(place);
  }
  return fail(Code::Sealed,
              "The seal '" + seal.kind.substr(0, 32) +
                  "' is not one that this version knows (docs/operations.md).",
              "seal_unknown");
}

Result<Secret> unseal(const store::Seal& seal, const Secret& key, std::string wrong) {
  auto root = crypto::open_record(key, context_of(seal), seal.wrapped_root);
  if (root && root->size() == kKeySize) return root;
  return fail(Code::Sealed, std::move(wrong), "root_key_wrong");
}

std::string wrong_key(const store::Seal& seal, const SealOptions& options) {
  if (seal.kind == kPassphraseSeal)
    return "The passphrase is not the one that this database was sealed with.";
  if (seal.kind == kSharesSeal) return "These shares do not open this database.";
  if (is_external(seal.kind))
    return "What '" + detail_of(seal) + "' opened is not the key of this database's seal.";
  return "The root key in " + seal_file_path(seal, options.file_path) +
         " is not the one this database was made with.";
}

bool is_waiting(const Error& error) {
  static constexpr std::array<std::string_view, 5> kWaiting = {
      "seal_file_missing", "passphrase_missing", "shares_missing", "seal_unreachable",
      "seal_refused"};
  return error.code == Code::Sealed && std::ranges::find(kWaiting, error.reason) != kWaiting.end();
}

unsigned threshold_of(const store::Seal& seal) {
  const auto parameters = parameters_of(seal);
  return parameters ? number(*parameters, "threshold") : 0;
}

unsigned shares_of(const store::Seal& seal) {
  const auto parameters = parameters_of(seal);
  return parameters ? number(*parameters, "shares") : 0;
}

std::string detail_of(const store::Seal& seal) {
  const auto parameters = parameters_of(seal);
  if (!parameters) return "damaged";
  if (seal.kind == kSharesSeal)
    return std::to_string(number(*parameters, "threshold")) + " of " +
           std::to_string(number(*parameters, "shares"));
  return optional_string(*parameters, is_external(seal.kind) ? "name" : "path").value_or("");
}

}  // namespace strongroom::vault
