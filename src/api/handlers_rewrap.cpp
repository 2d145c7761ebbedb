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

/// The only time they are seen.
json::array shares_in(const std::vector<vault::NewShares>& seals) {
  json::array out;
  for (const auto& each : seals) {
    json::array texts;
    for (const auto& share : each.shares)
      share.reveal([&](ByteView plain) { texts.emplace_back(json::string_view(text_of(plain))); });
    out.push_back(json::object{{"seal", each.seal.text()}, {"shares", std::move(texts)}});
  }
  return out;
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
  json::object document = to_json(view);
  document["new_shares"] = shares_in(call.services.vault.take_new_shares());
  return Reply{std::move(document), {}, {}};
}

Answer rotate_root(Call& call) {
  STRONGROOM_TRY(const Secret passphrase, next_passphrase(call.body.get_object()));
  STRONGROOM_TRY(const auto done, call.services.vault.rotate_root(call.actor, passphrase));
  json::object document = to_json(done);
  document["new_shares"] = shares_in(call.services.vault.take_new_shares());
  return Reply{std::move(document), {}, {}};
}

Answer show_rewrap(Call& call) {
  STRONGROOM_TRY(const auto view, call.services.vault.show_rewrap(call.actor, call.path["name"]));
  return Reply{to_json(view), {}, {}};
}

}  // namespace strongroom::api
