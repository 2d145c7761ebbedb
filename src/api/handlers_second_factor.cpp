// A second factor of one's own. SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"
#include "base/wiping.h"

namespace strongroom::api {

Answer show_second_factor(Call& call) {
  STRONGROOM_TRY(const auto view, call.services.vault.show_second_factor(call.actor));
  Reply out;
  out.document = json::object{{"state", view.state}, {"recovery_codes", view.recovery_codes}};
  return out;
}

Answer begin_second_factor(Call& call) {
  STRONGROOM_TRY(const auto made, call.services.vault.begin_second_factor(call.actor));
  Reply out;
  out.document = json::object{{"secret", made.secret}, {"link", made.link}};
  return out;
}

Answer confirm_second_factor(Call& call) {
  STRONGROOM_TRY(const Secret code, secret_member(call.body.get_object(), "code"));
  STRONGROOM_TRY(const auto codes, call.services.vault.confirm_second_factor(call.actor, code));
  json::array list;
  for (const auto& each : codes) list.emplace_back(each);
  Reply out;
  out.document = json::object{{"codes", std::move(list)}};
  return out;
}

Answer remove_second_factor(Call& call) {
  STRONGROOM_TRY(const Secret code, secret_member(call.body.get_object(), "code"));
  STRONGROOM_CHECKED(call.services.vault.remove_second_factor(call.actor, code));
  return Reply();
}

}  // namespace strongroom::api
