// SPDX-License-Identifier: Apache-2.0
#include "app/credential_keeper.h"

#include <algorithm>

#include "base/log.h"

namespace strongroom::app {
namespace {

constexpr int kAtOnce = 4;
constexpr Duration kForOne = std::chrono::seconds(30);
constexpr std::chrono::seconds kSettles{8};
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{60};

dynamic::Outcome failed(const Error& error, bool may_exist) {
  dynamic::Outcome outcome;
  outcome.may_exist = may_exist;
  outcome.code = error.code;
  outcome.error = error.message;
  return outcome;
}

}  // namespace

struct CredentialKeeper::Pending {
  bool is_at_work = false;
  std::chrono::seconds pause = kFirstPause;
  SteadyTime next{};
  std::vector<std::shared_ptr<io::Event>> waiting;  ///< for the end of the attempt, one each
};

struct CredentialKeeper::Making {
  explicit Making(io::Loop& loop) : over(loop) {}
  io::Event over;
  Status status;
};

/// The job, and what is secret in it, is gone when this returns.
Result<dynamic::IssuerProcess> CredentialKeeper::begin(DynamicId id, dynamic::Action action) {
  STRONGROOM_TRY(auto job, vault_.job_of(id, action));
  job.trusted_pem = plan_.trusted_pem;
  const auto led = std::ranges::find(plan_.dials, job.authority, &lease::Dial::authority);
  if (led != plan_.dials.end()) job.dial = led->to;
  return dynamic::IssuerProcess::start(loop_, plan_.program, job);
}

Status CredentialKeeper::note(DynamicId id, dynamic::Action action,
                              const dynamic::Outcome& outcome) {
  if (action == dynamic::Action::Destroy) return vault_.note_destroying(id, outcome);
  const Status noted = vault_.note_making(id, outcome);
  if (outcome.error.empty()) return noted;
  return fail(Code::Unavailable, "No credential for this session: " + outcome.error,
              "credential_not_made");
}

io::Task<Status> CredentialKeeper::work(DynamicId id, dynamic::Action action) {
  auto started = begin(id, action);
  if (!started)
    co_return note(id, action, failed(started.error(), action == dynamic::Action::Destroy));
  const Status waited = co_await started->wait(kForOne);
  if (!waited) co_return note(id, action, failed(waited.error(), true));
  const auto outcome = started->outcome();
  if (!outcome) co_return note(id, action, failed(outcome.error(), true));
  co_return note(id, action, *outcome);
}

// ------------------------------------------------------------------------------------------------
// making

io::Task<Status> CredentialKeeper::make(SessionId session) {
  auto credentials = vault_.credentials_to_make(session);
  if (!credentials) co_return std::unexpected(std::move(credentials).error());
  if (credentials->empty()) co_return Status();
  const auto making = std::make_shared<Making>(loop_);
  loop_.spawn(make_all(std::move(*credentials), making));
  co_await making->over.wait();
  co_return making->status;
}

io::Task<void> CredentialKeeper::make_all(std::vector<DynamicId> credentials,
                                          std::shared_ptr<Making> making) {
  for (const auto& id : credentials) {
    if (making->status) {
      making->status = co_await work(id, dynamic::Action::Make);
      continue;
    }
    const Error other(Code::Cancelled, "another credential of the session could not be made");
    (void)note(id, dynamic::Action::Make, failed(other, false));
  }
  making->over.set();
}

// ------------------------------------------------------------------------------------------------
// destroying

void CredentialKeeper::look(bool at_once) {
  const auto due = vault_.credentials_due();
  if (!due) return log(LogLevel::Warning, "credentials_not_read", {{"why", due.error().message}});
  const SteadyTime now = loop_.clock().steady();
  for (const auto& id : *due) {
    auto& pending = pending_[id];
    if (pending == nullptr) pending = std::make_shared<Pending>();
    // What somebody waits for is not kept back by how often it has failed.
    const bool is_time = at_once || now >= pending->next;
    if (pending->is_at_work || !is_time || at_work_ >= kAtOnce) continue;
    pending->is_at_work = true;
    ++at_work_;
    loop_.spawn(destroy(id, pending));
  }
}

io::Task<void> CredentialKeeper::destroy(DynamicId id, std::shared_ptr<Pending> pending) {
  const Status destroyed = co_await work(id, dynamic::Action::Destroy);
  --at_work_;
  pending->is_at_work = false;
  for (const auto& each : std::exchange(pending->waiting, {})) each->set();
  if (destroyed) {
    pending_.erase(id);
    co_return;
  }
  pending->next = loop_.clock().steady() + pending->pause;
  pending->pause = std::min(pending->pause * 2, kLongestPause);
  log(LogLevel::Warning, "credential_exposed",
      {{"credential", id.text()}, {"why", destroyed.error().message}});
}

io::Task<void> CredentialKeeper::settle(std::vector<DynamicId> credentials) {
  const Deadline limit = Deadline::after(loop_.clock(), kSettles);
  for (const auto& id : credentials) {
    const auto found = pending_.find(id);
    if (found == pending_.end() || (!found->second->is_at_work && at_work_ < kAtOnce)) continue;
    const auto tried = std::make_shared<io::Event>(loop_);
    found->second->waiting.push_back(tried);
    if (!co_await tried->wait_until(limit)) co_return;
    look(false);
  }
}

}  // namespace strongroom::app
