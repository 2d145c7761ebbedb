// The look at all that is stored. SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"
#include "api/views.h"

namespace strongroom::api {

io::Task<Answer> inspect_installation(Call& call) {
  store::Inspection inspection;
  for (;;) {
    const auto more = call.services.vault.inspect_part(call.actor, inspection);
    if (!more) co_return std::unexpected(more.error());
    if (!*more) break;
    co_await call.services.loop.yield();
  }
  co_return Reply{to_json(inspection), {}, {}};
}

}  // namespace strongroom::api
