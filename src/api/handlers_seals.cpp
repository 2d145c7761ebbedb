// Seals and backups. Argon2id of a new passphrase holds the loop up for a moment (0.2 s; leases
// last 2 s): a passphrase lives in no coroutine and crosses to no other thread.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "api/operations.h"
#include "api/views.h"
#include "base/wiping.h"
#include "http/head.h"

namespace strongroom::api {
namespace {

constexpr std::string_view kExternalSeal = "external";
constexpr std::string_view kBackupProtocol = "strongroom-backup/1";

/// 0 where it is missing; what is out of bounds is nothing that divide() takes.
unsigned small_number(const json::object& body, std::string_view name) {
  const auto* value = body.if_contains(name);
  if (value == nullptr || !value->is_int64()) return 0;
  return static_cast<unsigned>(std::clamp<std::int64_t>(value->get_int64(), 0, 256));
}

/// The only time the shares are seen.
json::object to_json(const vault::SealView& seal, const std::vector<Secret>& shares) {
  json::object out = api::to_json(seal);
  json::array list;
  for (const auto& share : shares)
    share.reveal([&](ByteView plain) { list.emplace_back(json::string_view(text_of(plain))); });
  out["shares"] = std::move(list);
  return out;
}

io::Task<Answer> add_external(const Services& services, vault::Actor actor, std::string name) {
  const Result<vault::SealView> added =
      co_await services.hooks.add_external_seal(std::move(actor), std::move(name));
  if (!added) co_return std::unexpected(added.error());
  Reply out;
  out.document = to_json(*added, {});
  co_return out;
}

io::Task<Answer> prepare_external(const Services& services, vault::Actor actor, SealId id) {
  const Status prepared = co_await services.hooks.prepare_external_seal(std::move(actor), id);
  if (!prepared) co_return std::unexpected(prepared.error());
  co_return Reply();
}

}  // namespace

Answer make_backup(Call& call) {
  if (!http::list_has(call.upgrade, kBackupProtocol))
    return fail(
        Code::Invalid,
        "this needs 'Connection: Upgrade' and 'Upgrade: " + std::string(kBackupProtocol) + "'",
        "upgrade_required");
  if (!call.services.hooks.begin_backup)
    return fail(Code::Unavailable, "there is no backup to be had here");
  Reply out;
  STRONGROOM_TRY(out.take_over, call.services.hooks.begin_backup(call.actor));
  return out;
}

Answer list_seals(Call& call) {
  STRONGROOM_TRY(const auto seals, call.services.vault.list_seals(call.actor));
  return Reply{to_json_list(seals), {}, {}};
}

Answer add_seal(Call& call) {
  const auto& body = call.body.get_object();
  vault::NewSeal wanted;
  wanted.kind = call.text("kind");
  if (wanted.kind == kExternalSeal) {
    STRONGROOM_CHECKED(call.actor.need(vault::Right::Operate));
    if (!call.services.hooks.add_external_seal)
      return fail(Code::Unavailable, "external seals are not used here");
    Reply out;
    out.rest = [&services = call.services, actor = call.actor, name = call.text("name")] {
      return add_external(services, actor, name);
    };
    return out;
  }
  wanted.path = call.text("path");
  wanted.shares = small_number(body, "shares");
  wanted.threshold = small_number(body, "threshold");
  if (wanted.kind == vault::kPassphraseSeal) {
    STRONGROOM_TRY(wanted.passphrase, secret_member(body, "value"));
  }
  STRONGROOM_TRY(vault::Sealing sealing, vault::make_sealing(std::move(wanted)));
  const auto shares = std::exchange(sealing.shares, {});
  STRONGROOM_TRY(const auto view, call.services.vault.add_seal(call.actor, std::move(sealing)));
  return Reply{to_json(view, shares), {}, {}};
}

Answer remove_seal(Call& call) {
  STRONGROOM_TRY(const SealId id, SealId::parse(call.path["id"]));
  STRONGROOM_CHECKED(call.services.vault.remove_seal(call.actor, id));
  return Reply();
}

/// Files and shares want nothing: they are made anew in the rotation itself.
Answer prepare_seal(Call& call) {
  STRONGROOM_TRY(const SealId id, SealId::parse(call.path["id"]));
  STRONGROOM_TRY(const auto seal, call.services.vault.seal_to_renew(call.actor, id));
  if (seal.kind == vault::kPassphraseSeal) {
    STRONGROOM_TRY(const Secret passphrase, secret_member(call.body.get_object(), "value"));
    STRONGROOM_CHECKED(call.services.vault.prepare_passphrase(call.actor, id, passphrase));
    return Reply();
  }
  if (!vault::is_external(seal.kind)) return Reply();
  if (!call.services.hooks.prepare_external_seal)
    return fail(Code::Unavailable, "external seals are not used here");
  Reply out;
  out.rest = [&services = call.services, actor = call.actor, id] {
    return prepare_external(services, actor, id);
  };
  return out;
}

/// Of an open server there is nothing to open; the sealed one's is in sealed_server.cpp.
Answer unseal(Call&) {
  return Reply{json::object{{"seal_state", "open"}, {"waits_for", ""}}, {}, {}};
}

}  // namespace strongroom::api
