// SPDX-License-Identifier: Apache-2.0
#include "app/runner.h"

#include <csignal>
#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

#include "app/call.h"
#include "io/process.h"

extern "C" char** environ;

namespace strongroom::app {

/// Keeps one lease renewed for as long as the workroom lives.
struct Runner::HeldLease final : lease::Attachment {
  explicit HeldLease(Runner& owner) : runner(owner) {}
  void cut(std::string_view reason) noexcept override { runner.lease_ended(reason); }
  Runner& runner;
};

Runner::Runner(ControlClient client, SessionStart start, const RunOptions& options)
    : loop_(clock_), client_(std::move(client)), start_(std::move(start)), options_(options), link_(loop_, hello(start_.session), handlers()), greeted_(loop_) {}

Runner::~Runner() = default;

lease::HolderHello Runner::hello(SessionId session) {
  lease::HolderHello out;
  out.role = lease::HolderRole::Runner;
  out.pid = static_cast<std::uint32_t>(::getpid());
  out.name = "runner " + std::to_string(::getpid());
  out.session = session;
  return out;
}

lease::HolderLink::Handlers Runner::handlers() {
  lease::HolderLink::Handlers out;
  out.on_hello = [this](lease::VaultHello&& from) {
    sources_.clear();
    for (auto& [name, text] : from.catalog_sources) sources_.push_back({std::move(name), std::move(text)});
    greeted_.set();
  };
  out.end_processes = [this](lease::Fence fence) { return end_processes(std::move(fence)); };
  out.on_channel_lost = [this](const std::string&) {
    if (!is_over_ && !is_coming_back_) loop_.spawn(come_back());
  };
  return out;
}

int Runner::run() {
  loop_.on_signals({SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}, [this](int number) { on_signal(number); });
  ::signal(SIGPIPE, SIG_IGN);
  loop_.spawn(live());
  loop_.run();
  return exit_code_;
}

io::Task<void> Runner::live() {
  auto begun = co_await attach();
  if (begun) begun = co_await start_workroom();
  if (!begun) {
    exit_code_ = report(begun.error());
    if (begun.error().code == Code::NotFound) exit_code_ = 127;
  } else {
    const int status = co_await workroom_->finished();
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!ended_because_.empty()) exit_code_ = report(Error(Code::Revoked, "the workroom was ended: " + ended_because_));
  }
  is_over_ = true;
  held_.clear();
  if (link_.is_connected()) {
    link_.session_over(start_.session, exit_code_);
    co_await link_.close(Deadline::after(clock_, std::chrono::seconds(2)));
  }
  loop_.stop();
}

/// The lease channel, over an upgraded control connection, and the leases of this session's injected keys.
io::Task<Status> Runner::attach() {
  const auto fd = client_.upgrade("/api/v1/sessions/" + start_.session.text() + "/attach");
  if (!fd) co_return std::unexpected(fd.error());
  auto stream = io::Stream::adopt(loop_, *fd);
  if (!stream) co_return std::unexpected(std::move(stream).error());
  link_.connect(std::move(*stream));
  const bool greeted = co_await greeted_.wait_until(Deadline::after(clock_, std::chrono::seconds(5)));
  if (!greeted) co_return fail(Code::Unavailable, "the vault did not answer on the lease channel");
  co_return Status();
}

io::Task<Status> Runner::start_workroom() {
  auto programs = io::own_directory();
  if (!programs) co_return std::unexpected(std::move(programs).error());
  workroom::Environment environment(environ);
  auto pairs = split_pairs(options_.variables, "--env");
  if (!pairs) co_return std::unexpected(std::move(pairs).error());
  for (const auto& [name, value] : *pairs) environment.set(name, value);
  environment.set("STRONGROOM_SESSION", start_.session.text());
  environment.set("STRONGROOM_GATEWAY", start_.gateway);
  auto leases = co_await leases_of_injected();
  if (!leases) co_return std::unexpected(std::move(leases).error());
  const auto added = add_services(environment, *leases);
  if (!added) co_return added;
  environment.finish();
  auto spec = std::make_unique<workroom::Spec>();
  spec->init_program = *programs + "/strongroom-init";
  spec->command = options_.command;
  spec->variables = environment.take();
  auto started = co_await workroom::ProcessWorkroom::start(loop_, std::move(spec));
  if (!started) co_return std::unexpected(std::move(started).error());
  workroom_ = std::move(*started);
  co_return Status();
}

io::Task<Result<std::vector<LeaseId>>> Runner::leases_of_injected() {
  if (start_.injected.empty()) co_return std::vector<LeaseId>();
  co_return co_await link_.leases_of_session(start_.session);
}

/// Each value goes straight into the environment under preparation; only the lease itself is kept.
Status Runner::add_services(workroom::Environment& environment, const std::vector<LeaseId>& leases) {
  STRONGROOM_TRY(const auto catalog, catalog::Catalog::from_sources(sources_));
  for (const auto& granted : start_.passes) {
    const auto* service = catalog.find(granted.service);
    if (service == nullptr) return fail(Code::NotFound, "the catalogue has no service '" + granted.service + "'");
    STRONGROOM_CHECKED(environment.add_proxied(*service, granted.settings, granted.pass, start_.gateway));
  }
  for (const auto& id : leases) {
    auto* lease = link_.holder().find(id);
    if (lease == nullptr) return fail(Code::Revoked, "a key of this session was revoked");
    const auto* service = catalog.find(lease->granted().service);
    if (service == nullptr) return fail(Code::NotFound, "the catalogue has no service '" + lease->granted().service + "'");
    auto held = std::make_unique<HeldLease>(*this);
    if (!held->attach(*lease)) return fail(Code::Revoked, "a key of this session was revoked");
    keys_.insert(lease->granted().key);
    const Secret value = lease->take_value();
    STRONGROOM_CHECKED(environment.add_injected(*service, lease->granted().settings, value));
    held_.push_back(std::move(held));
  }
  return {};
}

/// R2: every process that was given the value is dead when this answers, or named as still exposed.
io::Task<std::vector<lease::ProcessOutcome>> Runner::end_processes(lease::Fence fence) {
  std::vector<lease::ProcessOutcome> processes;
  if (workroom_ == nullptr || is_over_) co_return processes;
  KeyId key(fence.id);
  if (fence.kind == lease::FenceKind::Key && !keys_.contains(key)) co_return processes;
  ended_because_ = fence.reason;
  processes = workroom_->processes();
  workroom_->end(std::chrono::milliseconds(fence.grace_ms));
  const Deadline limit = Deadline::after(clock_, std::chrono::milliseconds(fence.grace_ms) + std::chrono::seconds(2));
  for (;;) {
    workroom::ProcessWorkroom::look_again(processes);
    bool all_dead = true;
    for (const auto& process : processes) all_dead = all_dead && process.is_dead;
    if (all_dead || limit.has_passed(clock_.steady())) break;
    co_await loop_.sleep(std::chrono::milliseconds(20));
  }
  co_return processes;
}

/// A lease that ended while the channel stands was refused by the vault: the workroom may not go on. Fences end the processes themselves.
void Runner::lease_ended(std::string_view reason) {
  const bool is_fence = reason != "lease_expired" && reason != "lease_lost";
  if (is_fence || is_over_ || !link_.is_connected() || is_coming_back_ || workroom_ == nullptr) return;
  ended_because_ = "its lease was not renewed";
  workroom_->end(std::chrono::seconds(2));
}

/// The vault is away: tries to come back for a while.
io::Task<void> Runner::come_back() {
  is_coming_back_ = true;
  const Deadline limit = Deadline::after(clock_, kVaultMayBeAway);
  Error last(Code::Unavailable, "the vault did not come back");
  while (!is_over_ && !limit.has_passed(clock_.steady())) {
    co_await loop_.sleep(std::chrono::milliseconds(200));
    auto back = co_await attach();
    if (back) back = co_await hold_again();
    if (back) {
      is_coming_back_ = false;
      co_return;
    }
    last = back.error();
    if (last.code != Code::Unavailable && last.code != Code::Network) break;
  }
  is_coming_back_ = false;
  if (is_over_ || workroom_ == nullptr) co_return;
  ended_because_ = last.message;
  workroom_->end(std::chrono::seconds(2));
}

/// After a restart of the vault: the same keys, leased anew; their values are in the workroom already.
io::Task<Status> Runner::hold_again() {
  held_.clear();
  auto leases = co_await leases_of_injected();
  if (!leases) co_return std::unexpected(std::move(leases).error());
  for (const auto& id : *leases) {
    auto* lease = link_.holder().find(id);
    auto held = std::make_unique<HeldLease>(*this);
    if (lease == nullptr || !held->attach(*lease)) co_return fail(Code::Revoked, "a key of this session was revoked");
    const Secret unused = lease->take_value();
    held_.push_back(std::move(held));
  }
  co_return Status();
}

void Runner::on_signal(int number) {
  // The terminal has told the command already.
  if ((number == SIGINT || number == SIGQUIT) && ::isatty(STDIN_FILENO) == 1) return;
  if (workroom_ != nullptr) workroom_->forward(number);
}

}  // namespace strongroom::app
