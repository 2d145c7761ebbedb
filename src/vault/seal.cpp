// A seal's row: the root key, sealed (crypto/record.h) under the seal file's key or Argon2id of the
// passphrase. The context binds id, kind and parameters, so that cheaper costs cannot be written
// into the row. SPDX-License-Identifier: Apache-2.0
#include "vault/seal.h"

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/crypto.h"
#include "crypto/record.h"
#include "vault/seal_file.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kRootKeySize = 32;
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kShortestPassphrase = 8;
constexpr std::string_view kRootCheck = "root_check";

ByteVector context_of(const store::Seal& seal) {
  ByteVector context;
  Writer writer(context);
  writer.text("seal");
  writer.raw(seal.id.view());
  writer.text(seal.kind);
  writer.text(seal.parameters);
  return context;
}

ByteVector root_check_context() {
  ByteVector context;
  Writer(context).text("root check");
  return context;
}

std::string make_passphrase_parameters() {
  std::array<std::uint8_t, kSaltSize> salt{};
  crypto::random(salt);
  const crypto::Argon2Cost cost;
  return to_text(json::object{{"salt", to_base64(salt)},
                              {"memory_kib", cost.memory_kib},
                              {"passes", cost.passes},
                              {"lanes", cost.lanes}});
}

Result<Secret> passphrase_key(const store::Seal& seal, const SealOptions& options) {
  const auto damaged = [] {
    return fail(Code::Sealed, "The passphrase seal in the database is damaged.", "seal_damaged");
  };
  const auto parsed = parse_json(seal.parameters);
  if (!parsed || !parsed->is_object()) return damaged();
  const auto& parameters = parsed->get_object();
  const auto number = [&](std::string_view name) -> std::uint32_t {
    const auto* value = parameters.if_contains(name);
    if (value == nullptr || !value->is_int64() || value->get_int64() < 0 ||
        value->get_int64() > 1U << 30U)
      return 0;
    return static_cast<std::uint32_t>(value->get_int64());
  };
  const auto salt_text = optional_string(parameters, "salt");
  const auto salt = salt_text ? from_base64(*salt_text) : std::nullopt;
  if (!salt) return damaged();
  if (!options.ask_passphrase)
    return fail(Code::Sealed, "This database is sealed with a passphrase, and none was given.",
                "passphrase_missing");
  STRONGROOM_TRY(const Secret passphrase, options.ask_passphrase());
  if (passphrase.size() < kShortestPassphrase)
    return fail(Code::Sealed, "The passphrase is too short: at least 8 characters.",
                "passphrase_short");
  return crypto::argon2id(passphrase, *salt,
                          {number("memory_kib"), number("passes"), number("lanes")});
}

/// The key that the seal's own means give.
Result<Secret> sealing_key(const store::Seal& seal, const SealOptions& options,
                           WhenMissing when_missing) {
  if (seal.kind == "file") return read_seal_file(options.file_path, when_missing);
  if (seal.kind == "passphrase") return passphrase_key(seal, options);
  return fail(Code::Sealed,
              "The seal '" + seal.kind +
                  "' is not one that this version knows: \"file\" or \"passphrase\".",
              "seal_unknown");
}

std::unexpected<Error> wrong_root(const store::Seal& seal, const SealOptions& options) {
  if (seal.kind == "passphrase")
    return fail(Code::Sealed, "The passphrase is not the one that this database was sealed with.",
                "root_key_wrong");
  return fail(
      Code::Sealed,
      "The root key in " + options.file_path + " is not the one this database was made with.",
      "root_key_wrong");
}

Result<Secret> unseal(const store::Seal& seal, const SealOptions& options) {
  STRONGROOM_TRY(const Secret key, sealing_key(seal, options, WhenMissing::Refuse));
  auto root = crypto::open_record(key, context_of(seal), seal.wrapped_root);
  if (!root || root->size() != kRootKeySize) return wrong_root(seal, options);
  return root;
}

/// The record that proves that rows and root key belong together.
Status check_root(store::Store& store, const Secret& root_key) {
  const auto row = store.find<store::Installation>({{"name", std::string(kRootCheck)}});
  const Secret key = derive_from_root(root_key, "root check");
  const bool is_right =
      row && *row && crypto::open_record(key, root_check_context(), (*row)->value);
  if (is_right) return {};
  return fail(Code::Sealed,
              "The root key that the seal holds is not the one this database was made with.",
              "root_key_wrong");
}

Result<Secret> make_root(store::Store& store, const SealOptions& options) {
  store::Seal seal;
  seal.id = crypto::random_id<SealId>();
  seal.kind = options.kind;
  seal.parameters = options.kind == "passphrase" ? make_passphrase_parameters() : "{}";
  STRONGROOM_TRY(const Secret key, sealing_key(seal, options, WhenMissing::Make));
  Secret root = crypto::random_secret(kRootKeySize);
  seal.wrapped_root = crypto::seal_record(key, context_of(seal), root);
  store.unlock(derive_from_root(root, "rows"));
  if (!store.verify_all())
    return fail(Code::Sealed,
                "The database holds data, but no seal that could open it: it was changed outside "
                "Strongroom.",
                "seal_missing");
  store::Installation check;
  check.name = kRootCheck;
  check.value = crypto::seal_record(derive_from_root(root, "root check"), root_check_context(),
                                    crypto::random_secret(kRootKeySize));
  STRONGROOM_CHECKED(store.transact([&]() -> Status {
    STRONGROOM_CHECKED(store.insert(seal));
    return store.insert(check);
  }));
  return root;
}

}  // namespace

Result<Secret> open_root_key(store::Store& store, const SealOptions& options) {
  STRONGROOM_TRY(const auto seals, store.list<store::Seal>());
  if (seals.empty()) return make_root(store, options);
  Error last(Code::Sealed, "No seal opens this database.");
  for (const auto& seal : seals) {
    auto root = unseal(seal, options);
    if (!root) {
      last = std::move(root).error();
      continue;
    }
    store.unlock(derive_from_root(*root, "rows"));
    STRONGROOM_CHECKED(check_root(store, *root));
    return root;
  }
  return std::unexpected(std::move(last));
}

Result<std::string> kind_of_seal(store::Store& store) {
  STRONGROOM_TRY(const auto seals, store.list<store::Seal>());
  std::string kinds;
  for (const auto& seal : seals) kinds += (kinds.empty() ? "" : ", ") + seal.kind;
  return kinds;
}

Secret derive_from_root(const Secret& root_key, std::string_view purpose) {
  ByteVector info;
  Writer writer(info);
  writer.text("strongroom root v1");
  writer.text(purpose);
  return crypto::hkdf_sha256(root_key, {}, info, 32);
}

Secret record_signing_key(const Secret& root_key) {
  return derive_from_root(root_key, "record of use");
}

Secret gateway_authority_seed(const Secret& root_key) {
  return derive_from_root(root_key, "gateway authority");
}

}  // namespace strongroom::vault
