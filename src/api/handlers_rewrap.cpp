// Rewrap, shred and rotation of the root key: begun here, and looked at. The first two go on by
// themselves, whoever asked and whether they wait. SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"
#include "api/views.h"
#include "base/wiping.h"
#include "vault/rewrap.h"

namespace strongroom::api {
namespace {

/// What is out of bounds the vault refuses.
unsigned share_of(const json::object& body) {
  const auto* value = body.if_contains("share");
  if (value == nullptr || !value->is_int64()) return vault::kRewrapShare;
  const std::int64_t share = value->get_int64();
  return share < 1 || share > 100 ? 0 : static_cast<unsigned>(share);
}

/// Nothing where none was given. Argon2id takes its time on the loop, as in handlers_seals.cpp.
Result<Secret> next_passphrase(const json::object& body) {
  if (!body.contains("value")) return Secret();
  return secret_member(body, "value");
}

}  // namespace

Answer start_rewrap(Call& call) {
  STRONGROOM_TRY(const auto view,
                 vault::start_rewrap(call.services.loop, call.services.vault, call.actor,
                                     call.path["name"], share_of(call.body.get_object())));
  return Reply{to_json(view), {}, {}};
}

Answer start_shred(Call& call) {
  const auto& body = call.body.get_object();
  STRONGROOM_TRY(const Secret passphrase, next_passphrase(body));
  STRONGROOM_TRY(const auto view,
                 vault::start_shred(call.services.loop, call.services.vault, call.actor,
                                    call.path["name"], passphrase, share_of(body)));
  return Reply{to_json(view), {}, {}};
}

Answer rotate_root(Call& call) {
  STRONGROOM_TRY(const Secret passphrase, next_passphrase(call.body.get_object()));
  STRONGROOM_TRY(const auto done, call.services.vault.rotate_root(call.actor, passphrase));
  return Reply{to_json(done), {}, {}};
}

Answer show_rewrap(Call& call) {
  STRONGROOM_TRY(const auto view, call.services.vault.show_rewrap(call.actor, call.path["name"]));
  return Reply{to_json(view), {}, {}};
}

}  // namespace strongroom::api
