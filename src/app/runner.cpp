// SPDX-License-Identifier: Apache-2.0
#include "app/runner.h"

#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <utility>

#include "app/call.h"
#include "io/process/process.h"
#include "workroom/templates.h"

namespace strongroom::app {

Runner::Runner(ControlClient client, SessionStart start, Supervision supervision,
               const RunOptions& options)
    : loop_(clock_),
      client_(std::move(client)),
      start_(std::move(start)),
      options_(options),
      supervision_(std::move(supervision)),
      link_(loop_, hello(), handlers()),
      greeted_(loop_),
      fences_over_(loop_) {}

Runner::~Runner() = default;

lease::HolderHello Runner::hello() const {
  lease::HolderHello out;
  out.role = lease::HolderRole::Runner;
  out.pid = static_cast<std::uint32_t>(::getpid());
  out.name = "runner " + std::to_string(::getpid());
  out.session = start_.session;
  out.supervisor = supervision_.pid();
  return out;
}

lease::HolderLink::Handlers Runner::handlers() {
  lease::HolderLink::Handlers out;
  out.on_hello = [this](lease::VaultHello&& from) {
    sources_.clear();
    for (auto& [name, text] : from.catalog_sources)
      sources_.push_back({std::move(name), std::move(text)});
    report_credential_ = std::move(from.report_credential);
    is_greeted_ = true;
    greeted_.set();
  };
  out.on_refresh = [this](KeyId key) { key_refreshed(key); };
  out.end_processes = [this](lease::Fence fence) { return end_processes(std::move(fence)); };
  out.on_channel_lost = [this](const std::string&) {
    if (is_attaching_) return greeted_.set();
    if (!is_over_ && !is_coming_back_) loop_.spawn(come_back());
  };
  return out;
}

int Runner::run() {
  ::signal(SIGPIPE, SIG_IGN);
  loop_.spawn(live());
  loop_.run();
  return exit_code_;
}

/// What needs nothing of the vault, and takes its time beside what does.
Status Runner::prepare() {
  STRONGROOM_TRY(housing_,
                 Housing::make(loop_, options_, {start_.session, start_.gateway, start_.socket}));
  supervision_.describe_container(housing_->container_name(), housing_->engine_socket());
  if (hands_out_values()) {
    STRONGROOM_TRY(narrow_, NarrowInjection::open(loop_, link_, start_.session, *housing_, options_,
                                                  [this] { return workroom_.get(); }));
  }
  if (!options_.scan_on_end.empty()) {
    STRONGROOM_TRY(
        end_scan_,
        EndScan::over(loop_, link_, start_.session, options_.scan_on_end, [this](int pid) {
          return supervision_.hold(workroom::HoldingProcess::Kind::Single, pid);
        }));
  }
  if (!housing_->gateway_socket().empty()) {
    auto plan = door_plan();
    plan.user = housing_->user();
    STRONGROOM_TRY(door_, ProxyDoor::open_socket(loop_, plan, housing_->gateway_socket()));
  }
  if (!options_.proxies && !trusts_gateway()) return {};
  std::string authorities = options_.proxies ? start_.authority_pem : std::string();
  if (trusts_gateway()) authorities += start_.gateway_authority;
  // What is behind a plain tunnel, or reached directly, shows its own certificate.
  authorities += start_.provider_authorities;
  trust_.emplace(workroom::TrustFiles::begin(std::move(authorities), housing_->trust()));
  return {};
}

io::Task<void> Runner::live() {
  Status begun = prepare();
  if (begun) begun = co_await attach();
  if (begun) begun = co_await start_workroom();
  if (!begun) {
    terminal_.reset();
    exit_code_ = report(begun.error());
    // As a shell has it.
    if (begun.error().reason == workroom::kCommandNotFound) exit_code_ = 127;
    if (begun.error().reason == workroom::kCommandNotExecutable) exit_code_ = 126;
  } else {
    exit_code_ = co_await workroom_->exit_status();
    co_await finish_output();
    if (end_scan_ && ended_because_.empty()) co_await end_scan_->run();
    if (!ended_because_.empty())
      exit_code_ = report(Error(Code::Revoked, "the workroom was ended: " + ended_because_));
  }
  // Whoever revokes waits for our word on what became of the processes: that goes out first.
  while (fences_ > 0) co_await fences_over_.wait();
  is_over_ = true;
  held_.clear();
  if (link_.is_connected()) {
    link_.session_over(start_.session, exit_code_);
    co_await link_.close(Deadline::after(clock_, std::chrono::seconds(2)));
    supervision_.release();
  } else {
    supervision_.hand_over();
  }
  loop_.stop();
}

/// The lease channel, over an upgraded control connection, and the leases of this session's
/// injected keys.
io::Task<Status> Runner::attach() {
  // One that stands is waited for again: a second runner of a session is turned away.
  const Status connected = link_.is_connected() ? Status() : connect();
  if (!connected) co_return connected;
  is_attaching_ = true;
  const Deadline deadline = Deadline::after(clock_, std::chrono::seconds(5));
  bool in_time = true;
  while (!is_greeted_ && link_.is_connected() && in_time)
    in_time = co_await greeted_.wait_until(deadline);
  is_attaching_ = false;
  // A channel that has ended since its hello came is nobody's to come back for.
  if (!is_greeted_ || !link_.is_connected())
    co_return fail(Code::Unavailable, "the vault did not answer on the lease channel");
  co_return supervision_.describe(client_.server(), channel_, report_credential_);
}

Status Runner::connect() {
  STRONGROOM_TRY(const int fd,
                 client_.upgrade("/api/v1/sessions/" + start_.session.text() + "/attach"));
  STRONGROOM_TRY(auto stream, io::Stream::adopt(loop_, fd));
  channel_ = stream.native_handle();
  is_greeted_ = false;
  link_.connect(std::move(stream));
  return {};
}

io::Task<Status> Runner::start_workroom() {
  auto programs = io::own_directory();
  if (!programs) co_return std::unexpected(std::move(programs).error());
  auto catalog = catalog::Catalog::from_sources(sources_);
  if (!catalog) co_return std::unexpected(std::move(catalog).error());
  catalog_ = std::move(*catalog);
  housing_->plan(places());
  workroom::WorkroomSpec spec;
  spec.init_program = *programs + "/strongroom-init";
  spec.command = options_.command;
  const Status furnished = housing_->furnish(spec);
  if (!furnished) co_return std::unexpected(furnished.error());
  const Status arrived = co_await housing_->arrive(spec);
  if (!arrived && !ended_because_.empty())
    co_return fail(Code::Revoked, "the session ended before its workroom came: " + ended_because_);
  if (!arrived) co_return std::unexpected(arrived.error());
  const Status watched = watch_output(spec);
  if (!watched) co_return std::unexpected(watched.error());
  auto init = co_await housing_->runtime().launch(loop_, spec);
  if (!ended_because_.empty())
    co_return fail(Code::Revoked, "the session ended before its workroom began: " + ended_because_);
  if (!init) co_return std::unexpected(std::move(init).error());
  const Status held = hold(**init);
  if (!held) co_return std::unexpected(held.error());
  // Not before: a revoke that comes while a runtime takes its time finds no value here, and from
  // here to the hand-over nothing waits.
  auto leases = co_await leases_of_injected();
  if (!leases) co_return std::unexpected(std::move(leases).error());
  values_ = std::make_shared<guard::RenewedValues>();
  auto environment = environment_of(*leases, *values_);
  if (!environment) co_return std::unexpected(std::move(environment).error());
  const auto sought = options_.filters_output ? values_ : std::make_shared<guard::RenewedValues>();
  Status begun = output_ ? output_->begin(sought) : Status();
  // Before the command writes: its line ends are made inside.
  if (begun && terminal_) begun = terminal_->begin();
  if (!begun) co_return std::unexpected(begun.error());
  spec.environment = std::move(*environment);
  const Status written = trust_ ? trust_->finish() : Status();
  if (!written) co_return std::unexpected(written.error());
  auto started = workroom::Workroom::start(loop_, std::move(*init), std::move(spec));
  if (!started) co_return std::unexpected(std::move(started).error());
  workroom_ = std::move(*started);
  if (output_) output_->let_go();
  if (terminal_) terminal_->let_go();
  if (is_outdated_) begin_renewing();
  co_return Status();
}

/// What dies with it is known by it: before any value comes near.
Status Runner::hold(const workroom::RunningInit& init) {
  using Kind = workroom::HoldingProcess::Kind;
  return supervision_.hold(
      init.isolation() == workroom::Isolation::Namespace ? Kind::Namespace : Kind::Descendants,
      init.pid());
}

/// Where the keys of this session may be used.
std::vector<catalog::Place> Runner::places() const {
  std::vector<catalog::Place> out;
  for (const auto* list : {&start_.passes, &start_.injected})
    for (const auto& granted : *list) {
      const auto* service = catalog_.find(granted.service);
      if (service == nullptr) continue;
      const auto its = catalog::places_of(*service, granted.settings);
      out.insert(out.end(), its.begin(), its.end());
    }
  return out;
}

/// Hosts that are addresses are called otherwise inside.
void Runner::move_hosts(workroom::SessionKey& key) const {
  for (auto& [name, value] : key.settings)
    if (name == "host") value = housing_->host(value);
}

/// Tools must trust the gateway itself where they reach it over TLS.
bool Runner::trusts_gateway() const {
  return start_.gateway.starts_with("https://") && !start_.gateway_authority.empty();
}

/// The variables that name the files which name whom to trust.
Result<std::vector<workroom::PlainVariable>> Runner::open_trust() {
  if (options_.proxies) return open_proxy();
  return workroom::trust_variables(*trust_);
}

ProxyDoor::Plan Runner::door_plan() const {
  ProxyDoor::Plan plan;
  plan.gateway = start_.gateway;
  plan.authority_pem = start_.gateway_authority;
  plan.credential = start_.proxy_credential;
  return plan;
}

/// The listener that the tools are told of, unless --no-proxy was said.
Result<std::vector<workroom::PlainVariable>> Runner::open_proxy() {
  if (housing_->has_relay()) return workroom::proxy_variables(housing_->proxy(), *trust_);
  ProxyDoor::Plan plan = door_plan();
  plan.is_of_session = [this](ino_t inode) {
    return workroom_ != nullptr && workroom_->has_socket(inode);
  };
  STRONGROOM_TRY(door_, ProxyDoor::open(loop_, plan));
  return workroom::proxy_variables({start_.gateway, door_->at().host, door_->at().port}, *trust_);
}

/// Over the command's output, where it is given what must not be in it.
Status Runner::watch_output(workroom::WorkroomSpec& spec) {
  if (options_.has_terminal) {
    const int out = spec.streams.out;
    STRONGROOM_TRY(terminal_, workroom::Terminal::open(loop_, spec.streams));
    STRONGROOM_TRY(
        output_, OutputWatch::over_terminal(loop_, terminal_->ours(), out, link_, start_.session));
    return {};
  }
  if (start_.injected.empty() || !options_.filters_output) return {};
  STRONGROOM_TRY(output_, OutputWatch::over(loop_, spec.streams, link_, start_.session));
  return {};
}

/// What the workroom wrote has gone on; after a revoke, its reader is not waited for long.
io::Task<void> Runner::finish_output() {
  if (output_ == nullptr) co_return;
  const Deadline soon = Deadline::after(clock_, kReaderOfEnded);
  co_await output_->finish(ended_because_.empty() ? Deadline() : soon);
  terminal_.reset();  // from here on it is ours to write to
  const int status = output_->tell();
  if (exit_code_ == 0) exit_code_ = status;
}

/// R2: every process that was given the value is dead when this answers, or named as still exposed.
io::Task<std::vector<lease::ProcessOutcome>> Runner::end_processes(lease::Fence fence) {
  std::vector<lease::ProcessOutcome> processes;
  const KeyId key(fence.id);
  const bool is_ours = fence.kind == lease::FenceKind::Session
                           ? SessionId(fence.id) == start_.session
                           : keys_.contains(key);
  if (is_over_ || !is_ours) co_return processes;
  // It knows more than the lease that was not renewed a moment before.
  if (!std::exchange(is_fenced_, true)) ended_because_ = fence.reason;
  if (narrow_) narrow_->forget_values();
  if (ssh_) ssh_->forget_values();
  if (workroom_ == nullptr) {  // start_workroom() goes no further
    if (end_scan_) end_scan_->forget();
    housing_->give_up();
    co_return processes;
  }
  processes = co_await end_and_scan(std::chrono::milliseconds(fence.grace_ms));
  co_return processes;
}

/// Nothing of what was given a value is left when this answers, scanners included.
io::Task<std::vector<lease::ProcessOutcome>> Runner::end_and_scan(Duration grace) {
  ++fences_;
  auto processes = co_await workroom_->end(grace);
  if (output_) output_->finish_by(Deadline::after(clock_, kReaderOfEnded));
  if (end_scan_) co_await end_scan_->run_at_most(kScanOfEnded);
  if (--fences_ == 0) fences_over_.set();
  co_return processes;
}

io::Task<void> Runner::end_workroom(std::string why) {
  if (ended_because_.empty()) ended_because_ = std::move(why);
  (void)co_await end_and_scan(std::chrono::seconds(2));
}

/// A lease that ended while the channel stands was refused by the vault: the workroom may not go
/// on. Fences end the processes themselves.
void Runner::lease_ended(std::string_view reason) {
  const bool is_fence = reason != "lease_expired" && reason != "lease_lost";
  if (is_fence || is_over_ || !link_.is_connected() || is_coming_back_ || workroom_ == nullptr)
    return;
  loop_.spawn(end_workroom("its lease was not renewed"));
}

/// The vault is away: tries to come back for a while.
io::Task<void> Runner::come_back() {
  is_coming_back_ = true;
  const Deadline limit = Deadline::after(clock_, kVaultMayBeAway);
  Error last(Code::Unavailable, "the vault did not come back");
  while (!is_over_ && !limit.has_passed(clock_.steady())) {
    co_await loop_.sleep(std::chrono::milliseconds(200));
    auto back = co_await attach();
    // One that has not begun asks for its keys when it does.
    if (back && workroom_ != nullptr) back = co_await hold_again();
    // Lost in the turn in which the answer came: nobody else comes back for it.
    if (back && !link_.is_connected()) back = fail(Code::Unavailable, "the vault is away again");
    if (back) {
      is_coming_back_ = false;
      co_return;
    }
    last = back.error();
    if (last.code != Code::Unavailable && last.code != Code::Network) break;
  }
  is_coming_back_ = false;
  if (is_over_ || workroom_ == nullptr) co_return;
  co_await end_workroom(last.message);
}

}  // namespace strongroom::app
