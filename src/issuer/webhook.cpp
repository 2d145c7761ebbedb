// Webhook: one notice posted once. What it answers is looked at for its status alone.
// SPDX-License-Identifier: Apache-2.0
#include "issuer/https_api.h"
#include "issuer/work.h"

namespace strongroom::issuer {
namespace {

io::Task<void> post(io::Loop& loop, Api& api, const dynamic::Job& job, dynamic::Outcome& outcome) {
  http::ClientRequest request;
  request.method = "POST";
  request.target = job.reference;
  request.headers = {{"content-type", "application/json"},
                     {"webhook-id", job.name},
                     {"webhook-timestamp", job.setting("timestamp")},
                     {"webhook-signature", job.setting("signature")}};
  request.body = job.setting("body");
  const auto answer = co_await api.call(std::move(request));
  if (!answer)
    outcome = failed(answer.error().code, answer.error().message);
  else if (answer->status < 200 || answer->status > 299)
    outcome = failed(Code::Refused, "it answers " + std::to_string(answer->status));
  loop.stop();
}

}  // namespace

dynamic::Outcome work_at_webhook(const dynamic::Job& job) {
  const SystemClock clock;
  io::Loop loop(clock);
  auto api = Api::create(loop, job.authority, job.dial, job.trusted_pem);
  if (!api) return failed(api.error().code, api.error().message);
  dynamic::Outcome outcome = done(true);
  loop.spawn(post(loop, *api, job, outcome));
  loop.run();
  return outcome;
}

}  // namespace strongroom::issuer
