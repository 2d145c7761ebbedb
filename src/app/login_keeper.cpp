// SPDX-License-Identifier: Apache-2.0
#include "app/login_keeper.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>

#include "base/log.h"
#include "base/owned_descriptor.h"

namespace strongroom::app {
namespace {

constexpr int kAtOnce = 8;
/// Of a login that came to no key: then its tokens are the provider's to end, by their time.
constexpr int kMostEndings = 60;
constexpr Duration kForOne = std::chrono::seconds(30);
constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{60};

dynamic::Outcome failed(const Error& error) {
  dynamic::Outcome outcome;
  outcome.code = error.code == Code::Refused ? Code::Unavailable : error.code;
  outcome.error = error.message;
  return outcome;
}

/// What was said, or that nothing was.
dynamic::Outcome outcome_or(Result<dynamic::Outcome>&& said) {
  return said ? std::move(*said) : failed(said.error());
}

io::Task<Result<vault::LoginView>> await_login(
    std::shared_ptr<dynamic::IssuerProcess> process,
    std::function<Result<vault::LoginView>(const dynamic::Outcome&)> note) {
  const Status waited = co_await process->wait(kForOne);
  if (!waited) co_return note(failed(waited.error()));
  co_return note(outcome_or(process->outcome()));
}

io::Task<void> await_provider(std::shared_ptr<dynamic::IssuerProcess> process,
                              std::function<void(const dynamic::Outcome&)> told) {
  const Status waited = co_await process->wait(kForOne);
  if (!waited)
    told(failed(waited.error()));
  else
    told(outcome_or(process->outcome()));
}

enum class Left : std::uint8_t { Nothing, UnderWay, Something };

/// Whoever still works at a refresh holds its file's lock.
Left read_left(const std::string& path, ByteVector& record) {
  const OwnedDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0) return errno == ENOENT ? Left::Nothing : Left::UnderWay;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return Left::UnderWay;
  record.resize(dynamic::kMaxOutcome * 2);
  const ssize_t size = ::read(file.get(), record.data(), record.size());
  record.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return record.empty() ? Left::Nothing : Left::Something;
}

}  // namespace

struct LoginKeeper::Pending {
  bool is_at_work = false;
  std::chrono::seconds pause = kFirstPause;
  SteadyTime next{};
};

void LoginKeeper::offer(api::ControlHooks& hooks) {
  hooks.discover_client = [this](std::string client) { return discover(std::move(client)); };
  hooks.ask_provider = [this](TenantId tenant, dynamic::Job job, Told told) {
    return ask_provider(tenant, std::move(job), std::move(told));
  };
  hooks.exchange_login = [this](vault::LoginJob taken) { return exchange(std::move(taken)); };
  hooks.begin_device = [this](const std::string& login) { return begin_device(login); };
  hooks.poll_device = [this](const std::string& login) { return poll(login); };
}

void LoginKeeper::complete(dynamic::Job& job) const {
  job.trusted_pem = plan_.trusted_pem;
  const auto led = std::ranges::find(plan_.dials, job.authority, &lease::Dial::authority);
  if (led != plan_.dials.end()) job.dial = led->to;
  const std::string& keys = job.setting("keys_authority");
  const auto keys_led = std::ranges::find(plan_.dials, keys, &lease::Dial::authority);
  if (!keys.empty() && keys_led != plan_.dials.end())
    job.settings.emplace_back("keys_dial", keys_led->to);
}

/// The job, and what is secret in it, is gone when this returns.
Result<LoginKeeper::Process> LoginKeeper::start(dynamic::Job job) {
  complete(job);
  STRONGROOM_TRY(auto process, dynamic::IssuerProcess::start(loop_, plan_.program, job));
  return std::make_shared<dynamic::IssuerProcess>(std::move(process));
}

LoginKeeper::Rest LoginKeeper::rest_of(Process process, Note note) {
  return
      [process = std::move(process), note = std::move(note)] { return await_login(process, note); };
}

// ------------------------------------------------------------------------------------------------
// logins

io::Task<Status> LoginKeeper::discover(std::string client) {
  auto job = vault_.discovery_of(client);
  if (!job) co_return std::unexpected(std::move(job).error());
  if (!*job) co_return Status();
  const std::string issuer = (*job)->setting("issuer");
  auto process = start(std::move(**job));
  if (!process) co_return std::unexpected(std::move(process).error());
  const Status waited = co_await (*process)->wait(kForOne);
  if (!waited) co_return vault_.note_discovered(client, issuer, failed(waited.error()));
  co_return vault_.note_discovered(client, issuer, outcome_or((*process)->outcome()));
}

/// Two tenants that share a provider share nothing here: what one of them has it asked is in
/// nobody else's way. What providers send by themselves has places apart from sign-ins.
Result<std::function<io::Task<void>()>> LoginKeeper::ask_provider(TenantId tenant, dynamic::Job job,
                                                                  Told told) {
  const bool is_logout = job.action == dynamic::Action::LogOut;
  const std::string provider =
      tenant.text() + " " + job.authority + (is_logout ? " by itself" : "");
  auto& asked = is_logout ? told_ : asking_;
  if (!asked->take(tenant, provider))
    return fail(Code::Unavailable, "Too many sign in at this moment: try again in a moment.",
                "provider_unavailable");
  const std::shared_ptr<void> place(
      nullptr, [asked, tenant, provider](void*) { asked->give_back(tenant, provider); });
  STRONGROOM_TRY(auto process, start(std::move(job)));
  return [process = std::move(process), told = std::move(told), place] {
    return await_provider(process, told);
  };
}

Result<LoginKeeper::Rest> LoginKeeper::exchange(vault::LoginJob taken) {
  const std::string login = taken.login;
  auto process = start(std::move(taken.job));
  if (!process) {
    (void)vault_.finish_login(login, failed(process.error()));
    return std::unexpected(std::move(process).error());
  }
  return rest_of(std::move(*process), [this, login](const dynamic::Outcome& outcome) {
    return vault_.finish_login(login, outcome);
  });
}

Result<LoginKeeper::Rest> LoginKeeper::begin_device(const std::string& login) {
  STRONGROOM_TRY(auto job, vault_.device_job_of(login));
  STRONGROOM_TRY(auto process, start(std::move(job)));
  return rest_of(std::move(process), [this, login](const dynamic::Outcome& outcome) {
    return vault_.note_device(login, outcome);
  });
}

Result<LoginKeeper::Rest> LoginKeeper::poll(const std::string& login) {
  auto job = vault_.device_job_of(login);
  auto process = job ? start(std::move(*job)) : Result<Process>(std::unexpected(job.error()));
  if (!process) {
    (void)vault_.note_poll(login, failed(process.error()));
    return std::unexpected(std::move(process).error());
  }
  return rest_of(std::move(*process), [this, login](const dynamic::Outcome& outcome) {
    return vault_.note_poll(login, outcome);
  });
}

// ------------------------------------------------------------------------------------------------
// refresh

std::string LoginKeeper::file_of(DynamicId id) const {
  return plan_.folder + "/" + id.text();
}

void LoginKeeper::tick() {
  if (may_be_left_) take_over();
  for (auto& job : vault_.take_unkept_logins())
    loop_.spawn(end_unkept(std::make_shared<dynamic::Job>(std::move(job))));
  const SteadyTime now = loop_.clock().steady();
  for (const auto& id : vault_.refreshes_due()) {
    auto& pending = pending_[id];
    if (pending == nullptr) pending = std::make_shared<Pending>();
    if (pending->is_at_work || now < pending->next || at_work_ >= kAtOnce) continue;
    pending->is_at_work = true;
    ++at_work_;
    loop_.spawn(refresh(id, pending));
  }
}

/// The row first, then the file, then the provider.
Result<dynamic::IssuerProcess> LoginKeeper::begin_refresh(DynamicId id) {
  (void)::mkdir(plan_.folder.c_str(), 0700);
  const OwnedDescriptor file(
      ::open(file_of(id).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0 || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Code::Storage, "the file of a refresh cannot be made");
  (void)synchronise_folder_of(file_of(id));
  STRONGROOM_TRY(auto job, vault_.begin_refresh(id));
  complete(job);
  // Emptied only now: of a refresh that a process before us began, which may end at any moment, it
  // holds what the provider gives once, and the vault begins no other until that is taken over.
  Result<dynamic::IssuerProcess> process = fail(Code::Storage, "the file cannot be emptied");
  if (::ftruncate(file.get(), 0) == 0)
    process = dynamic::IssuerProcess::start(loop_, plan_.program, job, file);
  if (!process) (void)vault_.note_refreshed(id, failed(process.error()));
  return process;
}

io::Task<void> LoginKeeper::refresh(DynamicId id, std::shared_ptr<Pending> pending) {
  auto started = begin_refresh(id);
  if (!started) {
    settle(id, *pending, std::unexpected(started.error()));
    co_return;
  }
  const Status waited = co_await started->wait(kForOne);
  settle(id, *pending,
         note(id, waited ? started->outcome()
                         : Result<dynamic::Outcome>(std::unexpected(waited.error()))));
}

/// What was not said may lie in the file.
Status LoginKeeper::note(DynamicId id, const Result<dynamic::Outcome>& said) {
  Status noted;
  ByteVector record;
  if (said) {
    noted = vault_.note_refreshed(id, *said);
  } else if (read_left(file_of(id), record) == Left::Something) {
    noted = vault_.note_refreshed(id, outcome_or(vault_.outcome_of_handover(id, record)));
  } else {
    noted = vault_.note_refreshed(id, failed(said.error()));
  }
  let_go_of_file(id);
  return noted;
}

/// As long as the vault could not store what lies in it (its disk is full), it is the only copy.
void LoginKeeper::let_go_of_file(DynamicId id) {
  const auto left = vault_.handovers_left();
  if (left && std::ranges::find(*left, id) == left->end())
    ::unlink(file_of(id).c_str());
  else
    may_be_left_ = true;
}

void LoginKeeper::settle(DynamicId id, Pending& pending, const Status& settled) {
  --at_work_;
  pending.is_at_work = false;
  if (settled) {
    pending_.erase(id);
    return;
  }
  pending.next = loop_.clock().steady() + pending.pause;
  pending.pause = std::min(pending.pause * 2, kLongestPause);
  log(LogLevel::Warning, "login_not_refreshed",
      {{"login", id.text()}, {"why", settled.error().message}});
}

/// Until the provider has confirmed; nothing of it outlives this process.
io::Task<void> LoginKeeper::end_unkept(std::shared_ptr<dynamic::Job> job) {
  complete(*job);
  auto pause = kFirstPause;
  for (int tries = 1;; ++tries) {
    dynamic::Outcome outcome;
    auto process = dynamic::IssuerProcess::start(loop_, plan_.program, *job);
    if (process) {
      const Status waited = co_await process->wait(kForOne);
      outcome = waited ? outcome_or(process->outcome()) : failed(waited.error());
    } else {
      outcome = failed(process.error());
    }
    const bool is_done = outcome.error.empty();
    log(is_done ? LogLevel::Info : LogLevel::Warning,
        is_done ? "unkept_login_ended" : "unkept_login_not_ended",
        {{"provider", job->authority}, {"why", outcome.error}});
    if (is_done || tries >= kMostEndings) co_return;
    co_await loop_.sleep(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

/// A process before us has begun these, and may have been killed at any moment since.
void LoginKeeper::take_over() {
  const auto left = vault_.handovers_left();
  if (!left) return log(LogLevel::Warning, "logins_not_read", {{"why", left.error().message}});
  may_be_left_ = !left->empty();
  for (const auto& id : *left) {
    ByteVector record;
    const Left found = read_left(file_of(id), record);
    if (found == Left::UnderWay) continue;
    const Error cut(Code::Unavailable, "its refresh was cut short");
    const Status noted = vault_.note_refreshed(
        id, found == Left::Something ? outcome_or(vault_.outcome_of_handover(id, record))
                                     : failed(cut));
    log(noted ? LogLevel::Info : LogLevel::Warning, "refresh_taken_over",
        {{"login", id.text()}, {"why", noted ? "" : noted.error().message}});
    let_go_of_file(id);
  }
}

}  // namespace strongroom::app
