// Providers: a key that was pasted is ended by a call that shows it. What the call answers proves
// nothing (some take it, and do it later): the key is destroyed once the provider refuses it.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "base/json.h"
#include "catalog/verdict.h"
#include "dynamic/pasted.h"
#include "issuer/https_api.h"
#include "issuer/work.h"

namespace strongroom::issuer {
namespace {

using dynamic::Job;
using dynamic::Outcome;

constexpr std::string_view kValue = "\"{value}\"";
/// Between looks at whether it is ended: within what a revoke waits for.
constexpr std::array<std::chrono::milliseconds, 4> kPauses = {
    std::chrono::milliseconds(100), std::chrono::milliseconds(400), std::chrono::milliseconds(1000),
    std::chrono::milliseconds(2000)};

std::vector<std::string> texts_in(const std::string& list) {
  std::vector<std::string> out;
  const auto parsed = parse_json(list);
  if (!parsed || !parsed->is_array()) return out;
  for (const auto& each : parsed->get_array())
    if (each.is_string()) out.emplace_back(each.get_string());
  return out;
}

/// How the provider says what it thinks of the key, as the job has it.
catalog::Check check_of(const Job& job) {
  catalog::Check check;
  for (const auto& status : texts_in(job.setting(dynamic::kCheckInvalidStatus)))
    check.invalid_status.push_back(std::atoi(status.c_str()));
  check.invalid_body = texts_in(job.setting(dynamic::kCheckInvalidBody));
  check.valid_despite_body = texts_in(job.setting(dynamic::kCheckValidBody));
  return check;
}

class Provider {
 public:
  Provider(io::Loop& loop, Api& api, const Job& job) : loop_(loop), api_(api), job_(job) {}
  io::Task<void> work();
  [[nodiscard]] Outcome take_outcome() { return std::move(outcome_); }

 private:
  [[nodiscard]] const std::string& setting(std::string_view name) const {
    return job_.setting(name);
  }
  void show_key(http::ClientRequest& request) const;
  [[nodiscard]] http::ClientRequest request(std::string_view method,
                                            const std::string& target) const;
  [[nodiscard]] io::Task<Result<http::ClientResponse>> ask(http::ClientRequest question);
  [[nodiscard]] io::Task<Result<bool>> is_refused();
  [[nodiscard]] io::Task<Result<bool>> is_refused_soon();
  [[nodiscard]] io::Task<Result<int>> end();
  [[nodiscard]] io::Task<Status> destroy();

  io::Loop& loop_;
  Api& api_;
  const Job& job_;
  Outcome outcome_;
};

http::ClientRequest Provider::request(std::string_view method, const std::string& target) const {
  http::ClientRequest out;
  out.method = method;
  out.target = target;
  const auto more = parse_json(setting(dynamic::kPastedHeaders));
  if (!more || !more->is_object()) return out;
  for (const auto& [name, value] : more->get_object())
    if (value.is_string()) out.headers.emplace_back(name, value.get_string());
  return out;
}

void Provider::show_key(http::ClientRequest& request) const {
  const std::string& scheme = setting(dynamic::kPastedScheme);
  std::string shown = scheme.empty() ? std::string() : scheme + " ";
  job_.credential.reveal([&](ByteView octets) { shown += text_of(octets); });
  request.headers.emplace_back(setting(dynamic::kPastedHeader), std::move(shown));
}

io::Task<Result<http::ClientResponse>> Provider::ask(http::ClientRequest question) {
  auto response = co_await api_.call(std::move(question));
  if (!response)
    co_return fail(Code::Unavailable, "the provider could not be reached, or not be trusted");
  co_return std::move(*response);
}

/// Does the provider say that the key is of no use? What does not answer says nothing.
io::Task<Result<bool>> Provider::is_refused() {
  auto question = request(setting(dynamic::kCheckMethod), setting(dynamic::kCheckPath));
  show_key(question);
  const auto response = co_await ask(std::move(question));
  if (!response) co_return std::unexpected(response.error());
  const std::string_view body = std::string_view(response->body).substr(0, catalog::kLookedAt);
  const auto said = catalog::verdict_of_check(check_of(job_), response->status, body);
  co_return said == catalog::KeyVerdict::Refused;
}

/// The status of what it answers.
io::Task<Result<int>> Provider::end() {
  auto question = request(setting(dynamic::kPastedMethod), job_.reference);
  if (setting(dynamic::kPastedShowsKey) == "yes") show_key(question);
  std::string body = setting(dynamic::kPastedBody);
  if (const auto at = body.find(kValue); at != std::string::npos) {
    std::string quoted = job_.credential.reveal(
        [](ByteView octets) { return to_text(json::value(text_of(octets))); });
    body.replace(at, kValue.size(), quoted);
    wipe(quoted.data(), quoted.size());
    question.headers.emplace_back("Content-Type", "application/json");
  }
  question.body = body;
  const auto response = co_await ask(std::move(question));
  wipe(body.data(), body.size());
  if (!response) co_return std::unexpected(response.error());
  co_return response->status;
}

/// Some take the call, and do it a moment later.
io::Task<Result<bool>> Provider::is_refused_soon() {
  for (const Duration pause : kPauses) {
    const auto refused = co_await is_refused();
    if (!refused || *refused) co_return refused;
    co_await loop_.sleep(pause);
  }
  co_return co_await is_refused();
}

/// A call may have worked whose answer was lost: the provider is asked first.
io::Task<Status> Provider::destroy() {
  const auto before = co_await is_refused();
  if (!before) co_return std::unexpected(before.error());
  if (*before) co_return Status();
  const auto status = co_await end();
  if (!status) co_return std::unexpected(status.error());
  const auto after = co_await is_refused_soon();
  if (!after) co_return std::unexpected(after.error());
  if (*after) co_return Status();
  co_return fail(Code::Refused, "the provider has answered with status " + std::to_string(*status) +
                                    ", and still takes the key");
}

io::Task<void> Provider::work() {
  const Status destroyed = co_await destroy();
  outcome_ = destroyed ? done(true) : failed(destroyed.error().code, destroyed.error().message);
  loop_.stop();
}

}  // namespace

Outcome work_at_provider(const Job& job) {
  const SystemClock clock;
  io::Loop loop(clock);
  auto api = Api::create(loop, job.authority, job.dial, job.trusted_pem);
  if (!api) return failed(api.error().code, api.error().message);
  Provider provider(loop, *api, job);
  loop.spawn(provider.work());
  loop.run();
  return provider.take_outcome();
}

}  // namespace strongroom::issuer
