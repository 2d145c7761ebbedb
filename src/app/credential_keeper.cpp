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

/// The job, and what is secret in it, is gone before anything is waited for.
io::Task<dynamic::Outcome> CredentialKeeper::work(DynamicId id, dynamic::Action action) {
  Result<dynamic::IssuerProcess> started = fail(Code::Internal, "nothing was started");
  {
    auto job = vault_.job_of(id, action);
    if (job) job->trusted_pem = plan_.trusted_pem;
    started = job ? dynamic::IssuerProcess::start(loop_, plan_.program, *job)
                  : Result<dynamic::IssuerProcess>(std::unexpected(job.error()));
  }
  dynamic::Outcome outcome;
  outcome.may_exist = action == dynamic::Action::Destroy;
  if (!started) {
    outcome.code = started.error().code;
    outcome.error = started.error().message;
    co_return outcome;
  }
  const auto finished = co_await dynamic::IssuerProcess::finish(std::move(*started), kForOne);
  if (finished) co_return *finished;
  outcome.may_exist = true;
  outcome.code = finished.error().code;
  outcome.error = finished.error().message;
  co_return outcome;
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
    dynamic::Outcome outcome;
    outcome.may_exist = false;
    outcome.error = "another credential of the session could not be made";
    if (making->status) outcome = co_await work(id, dynamic::Action::Make);
    const Status noted = vault_.note_making(id, outcome);
    if (!making->status) continue;
    if (!outcome.error.empty())
      making->status = fail(Code::Unavailable, "No credential for this session: " + outcome.error,
                            "credential_not_made");
    else if (!noted)
      making->status = noted;
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
  const dynamic::Outcome outcome = co_await work(id, dynamic::Action::Destroy);
  const Status destroyed = vault_.note_destroying(id, outcome);
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
