// Keys. Values go from the wiped body straight into a Secret, and from there to the vault.
// SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"
#include "api/views.h"
#include "base/time_text.h"
#include "base/wiping.h"

namespace strongroom::api {
namespace {

Result<KeyId> id_of(Call& call) {
  return KeyId::parse(call.path["id"]);
}

/// The member "expires", where it is there.
Result<std::optional<WallTime>> expiry_in(Call& call) {
  const std::string text = call.text("expires");
  if (text.empty()) return std::nullopt;
  if (const auto time = parse_time(text)) return time;
  return fail(Code::Invalid, "'expires' is a time, as 2027-01-31T00:00:00Z, or a day.");
}

}  // namespace

Answer list_keys(Call& call) {
  STRONGROOM_TRY(const auto keys,
                 call.services.vault.list_keys(call.actor, call.parameter("tenant")));
  return reply(to_json_list(keys));
}

Answer add_key(Call& call) {
  vault::NewKey key;
  key.tenant = call.text("tenant");
  key.service = call.text("service");
  key.member = call.text("member");
  key.settings = call.settings("settings");
  if (std::string label = call.text("label"); !label.empty()) key.label = std::move(label);
  STRONGROOM_TRY(key.expires, expiry_in(call));
  STRONGROOM_TRY(Secret value, secret_member(call.body.get_object(), "value"));
  STRONGROOM_TRY(const auto view, call.services.vault.add_key(call.actor, key, std::move(value)));
  return reply(to_json(view));
}

Answer show_key(Call& call) {
  STRONGROOM_TRY(const KeyId id, id_of(call));
  STRONGROOM_TRY(const auto view, call.services.vault.show_key(call.actor, id));
  return reply(to_json(view));
}

Answer rotate_key(Call& call) {
  STRONGROOM_TRY(const KeyId id, id_of(call));
  STRONGROOM_TRY(const auto expires, expiry_in(call));
  STRONGROOM_TRY(Secret value, secret_member(call.body.get_object(), "value"));
  STRONGROOM_TRY(const auto view,
                 call.services.vault.rotate_key(call.actor, id, std::move(value), expires));
  return reply(to_json(view));
}

io::Task<Answer> check_key(Call& call) {
  const Result<KeyId> id = id_of(call);
  if (!id) co_return std::unexpected(id.error());
  if (!call.services.hooks.check_key)
    co_return fail(Code::Unavailable, "no gateway is there to ask the provider");
  vault::Actor actor = call.actor;
  const Result<CheckAnswer> answer = co_await call.services.hooks.check_key(std::move(actor), *id);
  if (!answer) co_return std::unexpected(answer.error());
  json::object document{
      {"verdict", answer->verdict}, {"status", answer->status}, {"message", answer->message}};
  co_return reply(std::move(document));
}

Answer switch_key_checks(Call& call) {
  STRONGROOM_TRY(const KeyId id, id_of(call));
  const bool is_on = call.body.get_object().at("scheduled").get_bool();
  STRONGROOM_TRY(const auto view, call.services.vault.switch_key_checks(call.actor, id, is_on));
  return reply(to_json(view));
}

Answer switch_tenant_checks(Call& call) {
  const bool is_on = call.body.get_object().at("scheduled").get_bool();
  STRONGROOM_TRY(const auto view,
                 call.services.vault.switch_tenant_checks(call.actor, call.path["name"], is_on));
  return reply(to_json(view));
}

io::Task<Answer> revoke_key(Call& call) {
  const Result<KeyId> id = id_of(call);
  if (!id) co_return std::unexpected(id.error());
  vault::Actor actor = call.actor;
  const Result<vault::Receipt> done =
      co_await call.services.vault.revoke_key(std::move(actor), *id);
  if (!done) co_return std::unexpected(done.error());
  Reply out;
  out.text = done->document;
  co_return out;
}

}  // namespace strongroom::api
