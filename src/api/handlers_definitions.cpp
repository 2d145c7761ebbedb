// Services that somebody is writing: looked at, and not kept. SPDX-License-Identifier: Apache-2.0
#include "api/operations.h"
#include "api/views.h"
#include "catalog/definition.h"

namespace strongroom::api {

/// The whole catalogue is read again with it: not on the loop.
io::Task<Answer> check_service(Call& call) {
  std::function<catalog::Verdict()> look = [&catalog = call.services.catalog,
                                            text = call.text("text")] {
    return catalog::check_definition(catalog, text);
  };
  const catalog::Verdict verdict = co_await call.services.worker.run(std::move(look));
  json::object document{
      {"accepted", verdict.service.has_value()}, {"why", verdict.why}, {"line", verdict.line}};
  if (verdict.service) document["service"] = to_json(*verdict.service);
  co_return reply(std::move(document));
}

}  // namespace strongroom::api
