// SPDX-License-Identifier: Apache-2.0
#include "vault/root_secrets.h"

#include <array>

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "crypto/record.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kSize = 32;
constexpr std::string_view kRows = "rows";
constexpr std::string_view kRecord = "record of use";
constexpr std::string_view kGateway = "gateway authority";
constexpr std::array kNames = {kRows, kRecord, kGateway};
/// Of databases from before: proved the root key.
constexpr std::string_view kRootCheck = "root_check";

ByteVector context_of(std::string_view name) {
  ByteVector context;
  Writer writer(context);
  writer.text("root secret");
  writer.text(name);
  return context;
}

Secret wrapping_key(const Secret& root_key) {
  return derive_from_root(root_key, "root secrets");
}

store::RootSecret sealed(const Secret& root_key, std::string_view name, const Secret& value) {
  return {std::string(name), crypto::seal_record(wrapping_key(root_key), context_of(name), value)};
}

std::unexpected<Error> wrong_root() {
  return fail(Code::Sealed,
              "The root key that the seal holds is not the one this database was made with.",
              "root_key_wrong");
}

Result<Secret> open(const Secret& root_key, const store::RootSecret& row) {
  auto value = crypto::open_record(wrapping_key(root_key), context_of(row.name), row.value);
  if (value && value->size() == kSize) return value;
  return fail(Code::Tampered, "The installation's '" + row.name.substr(0, 64) +
                                  "' does not open: it was changed or moved.");
}

Result<Secret> find(store::Store& store, const Secret& root_key, std::string_view name) {
  STRONGROOM_TRY(const auto row, store.find<store::RootSecret>({{"name", std::string(name)}}));
  if (row) return open(root_key, *row);
  return fail(Code::Tampered, "The installation's '" + std::string(name) + "' is missing.");
}

/// As every database was, until the root key could be rotated.
Status accept_by_root_check(store::Store& store, const Secret& root_key) {
  ByteVector context;
  Writer(context).text("root check");
  store.unlock(derive_from_root(root_key, kRows));
  const auto row = store.find<store::Installation>({{"name", std::string(kRootCheck)}});
  const Secret key = derive_from_root(root_key, "root check");
  const bool is_right = row && *row && crypto::open_record(key, context, (*row)->value);
  if (!is_right) return wrong_root();
  STRONGROOM_CHECKED(store.verify_all());
  return store.transact([&]() -> Status {
    for (const auto name : kNames)
      STRONGROOM_CHECKED(store.insert(sealed(root_key, name, derive_from_root(root_key, name))));
    STRONGROOM_TRY([[maybe_unused]] const int removed,
                   store.erase<store::Installation>({{"name", std::string(kRootCheck)}}));
    return {};
  });
}

}  // namespace

Status make_root_secrets(store::Store& store, const Secret& root_key, const store::Seal& seal) {
  Secret rows = crypto::random_secret(kSize);
  const store::RootSecret rows_row = sealed(root_key, kRows, rows);
  store.unlock(std::move(rows));
  if (!store.verify_all())
    return fail(Code::Sealed,
                "The database holds data, but no seal that could open it: it was changed outside "
                "Strongroom.",
                "seal_missing");
  return store.transact([&]() -> Status {
    STRONGROOM_CHECKED(store.insert(seal));
    STRONGROOM_CHECKED(store.insert(rows_row));
    STRONGROOM_CHECKED(store.insert(sealed(root_key, kRecord, crypto::generate_signing_key())));
    return store.insert(sealed(root_key, kGateway, crypto::random_secret(kSize)));
  });
}

Status accept_root_key(store::Store& store, const Secret& root_key) {
  STRONGROOM_TRY(const auto all, store.list<store::RootSecret>());
  if (all.empty()) return accept_by_root_check(store, root_key);
  auto rows = find(store, root_key, kRows);
  if (!rows) return wrong_root();
  store.unlock(std::move(*rows));
  return {};
}

Result<Secret> record_signing_key(store::Store& store, const Secret& root_key) {
  return find(store, root_key, kRecord);
}

Result<Secret> gateway_authority_seed(store::Store& store, const Secret& root_key) {
  return find(store, root_key, kGateway);
}

Status rewrap_root_secrets(store::Store& store, const Secret& from, const Secret& to) {
  STRONGROOM_TRY(const auto all, store.list<store::RootSecret>());
  for (const auto& row : all) {
    STRONGROOM_TRY(const Secret value, open(from, row));
    STRONGROOM_CHECKED(store.update(sealed(to, row.name, value)));
  }
  return {};
}

Secret derive_from_root(const Secret& root_key, std::string_view purpose) {
  ByteVector info;
  Writer writer(info);
  writer.text("strongroom root v1");
  writer.text(purpose);
  return crypto::hkdf_sha256(root_key, {}, info, kSize);
}

}  // namespace strongroom::vault
