// SPDX-License-Identifier: Apache-2.0
#include "app/key_check.h"

#include <memory>
#include <utility>

#include "app/lease_source.h"
#include "base/log.h"

namespace strongroom::app {

io::Task<Result<api::CheckAnswer>> check_key(vault::Vault& vault, const audit::Log& record,
                                             lease::VaultSide& leases, vault::Actor actor,
                                             KeyId key) {
  if (const Status held = record.uses_held(); !held) co_return std::unexpected(held.error());
  auto opened = vault.open_for_check(actor, key);
  if (!opened) co_return std::unexpected(std::move(opened).error());
  const std::uint32_t version = opened->version;
  auto granted = std::make_unique<lease::GrantedLease>(to_granted(std::move(*opened)));
  auto done = co_await leases.check_key(std::move(granted));
  if (!done) co_return std::unexpected(std::move(done).error());
  if (done->verdict != lease::Verdict::Unknown)
    (void)vault.note_verdict(key, version, done->verdict == lease::Verdict::Accepted, done->status);
  api::CheckAnswer answer;
  answer.verdict = done->verdict == lease::Verdict::Accepted   ? "accepted"
                   : done->verdict == lease::Verdict::Rejected ? "rejected"
                                                               : "unknown";
  answer.status = done->status;
  answer.message = done->message;
  co_return answer;
}

io::Task<void> check_by_itself(vault::Vault& vault, const audit::Log& record,
                               lease::VaultSide& leases, KeyId key) {
  vault::Actor actor = vault::Actor::installation("health");
  const auto done = co_await check_key(vault, record, leases, std::move(actor), key);
  if (done || done.error().code == Code::Revoked) co_return;
  log(LogLevel::Warning, "check_not_made", {{"key", key.text()}, {"why", done.error().message}});
}

}  // namespace strongroom::app
