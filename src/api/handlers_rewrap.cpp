// Rewrap: begun here, and looked at. It goes on by itself, whoever asked and whether they wait.
// SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"
#include "api/views.h"
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

}  // namespace

Answer start_rewrap(Call& call) {
  STRONGROOM_TRY(const auto view,
                 vault::start_rewrap(call.services.loop, call.services.vault, call.actor,
                                     call.path["name"], share_of(call.body.get_object())));
  return Reply{to_json(view), {}, {}};
}

Answer show_rewrap(Call& call) {
  STRONGROOM_TRY(const auto view, call.services.vault.show_rewrap(call.path["name"]));
  return Reply{to_json(view), {}, {}};
}

}  // namespace strongroom::api
