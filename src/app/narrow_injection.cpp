// SPDX-License-Identifier: Apache-2.0
#include "app/narrow_injection.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>
#include <string_view>

#include "app/output.h"
#include "workroom/exec_wire.h"
#include "workroom/places.h"

namespace strongroom::app {
namespace {

constexpr std::chrono::seconds kRecordWithin{5};
/// As long as the vault lets a runner wait for what is on its way.
constexpr std::chrono::seconds kNewerWithin{5};
constexpr std::chrono::milliseconds kLook{10};
constexpr std::size_t kLongestProgram = 256;
// How the record tells such a use from a request.
constexpr std::string_view kHost = "workroom";
constexpr std::string_view kMethod = "EXEC";

bool parse_number(std::string_view text, unsigned& out) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  return problem == std::errc() && end == text.data() + text.size() && !text.empty() &&
         out != std::numeric_limits<unsigned>::max();
}

/// What the workroom calls its program; its arguments may hold anything and are not recorded.
std::string recorded(std::string program) {
  program.resize(std::min(program.size(), kLongestProgram));
  std::ranges::replace_if(program, [](char c) { return c < 0x20 || c == 0x7F; }, '?');
  return program;
}

/// "SERVICE", or "SERVICE:LABEL".
bool is_meant(std::string_view wish, const auto& key) {
  return wish == key.service || wish == key.service + ":" + key.label;
}
bool is_one_meant(const std::vector<std::string>& wishes, const auto& key) {
  return std::ranges::any_of(wishes, [&](const std::string& wish) { return is_meant(wish, key); });
}

/// The variables of one command. A key that was named by its label is found under the names that
/// its service's tools read, and under its own in the session.
class CommandVariables {
 public:
  explicit CommandVariables(workroom::Environment& environment) : out_(environment) {
    forget(workroom::kOtherKeysVariable);
  }
  void add(const auto& variable, bool is_named_alone) {
    put(free_name(variable), variable);
    if (!is_named_alone || variable.wanted == variable.name ||
        !taken_.insert(variable.wanted).second)
      return;
    put(variable.wanted, variable);
    others_ += (others_.empty() ? "" : " ") + variable.wanted;
  }
  void finish() {
    if (!others_.empty()) out_.plain.push_back({workroom::kOtherKeysVariable, others_});
  }

 private:
  /// Where another key that was named before has its own.
  std::string free_name(const auto& variable) {
    if (taken_.insert(variable.name).second) return variable.name;
    std::string other = variable.wanted + "_" + workroom::variable_suffix(variable.label);
    taken_.insert(other);
    return other;
  }
  void forget(std::string_view name) {
    std::erase_if(out_.plain, [&](const auto& each) { return each.name == name; });
    std::erase_if(out_.secret, [&](const auto& each) { return each.name == name; });
  }
  void put(const std::string& name, const workroom::SecretVariable& variable) {
    forget(name);
    out_.secret.push_back({name, variable.value.duplicate(), variable.service});
  }
  void put(const std::string& name, const workroom::KeyVariable& variable) {
    forget(name);
    out_.plain.push_back({name, variable.value});
  }

  workroom::Environment& out_;
  std::set<std::string, std::less<>> taken_;
  std::string others_;
};

lease::UseOutcome outcome_of(workroom::ExecKeys::Outcome outcome) {
  switch (outcome) {
    case workroom::ExecKeys::Outcome::Ended:
      return lease::UseOutcome::Completed;
    case workroom::ExecKeys::Outcome::ClientLeft:
      return lease::UseOutcome::ClientLeft;
    case workroom::ExecKeys::Outcome::NotStarted:
      break;
  }
  return lease::UseOutcome::UpstreamFailed;
}

}  // namespace

Result<std::optional<workroom::CommandUser>> NarrowInjection::parse_user(const std::string& text) {
  if (text.empty()) return std::optional<workroom::CommandUser>();
  const auto colon = text.find(':');
  workroom::CommandUser out;
  if (!parse_number(std::string_view(text).substr(0, colon), out.user) ||
      !parse_number(std::string_view(text).substr(colon == std::string::npos ? 0 : colon + 1),
                    out.group))
    return fail(Code::Invalid, "--exec-user " + text + " is not UID or UID:GID");
  return std::optional(out);
}

Result<std::unique_ptr<NarrowInjection>> NarrowInjection::open(
    io::Loop& loop, lease::HolderLink& link, SessionId session, const Housing& housing,
    const RunOptions& options, std::function<workroom::Workroom*()> workroom) {
  std::unique_ptr<NarrowInjection> out(new NarrowInjection(loop, link, session));
  workroom::ExecServer::Plan plan;
  STRONGROOM_TRY(plan.user, parse_user(options.exec_user));
  plan.workroom = std::move(workroom);
  std::string folder = housing.inside();
  if (folder.empty()) {
    STRONGROOM_TRY(auto own, open_session_folder(session));
    out->folder_.emplace(std::move(own));
    folder = out->folder_->path();
    out->socket_ = folder + "/exec.sock";
  }
  plan.path = folder + "/exec.sock";
  STRONGROOM_TRY(out->server_, workroom::ExecServer::open(loop, std::move(plan), *out));
  return out;
}

std::string NarrowInjection::socket() const {
  return folder_ ? socket_ : workroom::kExecSocket;
}

std::string NarrowInjection::init_program(const std::string& on_this_machine) const {
  return folder_ ? on_this_machine : workroom::kInit;
}

void NarrowInjection::hold(const lease::Lease& lease) {
  leases_.push_back({lease.granted().service, lease.granted().label, lease.id()});
}

void NarrowInjection::take_values(workroom::Environment& environment) {
  values_ = std::move(environment.secret);
  environment.secret.clear();
  plain_ = environment.of_keys;
  for (const auto& each : values_) environment.unset.push_back(each.name);
}

void NarrowInjection::copy_values(const workroom::Environment& environment) {
  for (const auto& each : environment.secret)
    values_.push_back({each.name, each.value.duplicate(), each.service, each.label, each.wanted});
  plain_ = environment.of_keys;
}

/// Its variables, as they are made for a session; their names stay what they are in this one.
Status NarrowInjection::renew(const workroom::SessionKey& key) {
  if (is_over_) return {};
  std::vector<workroom::SessionKey> alone(1);
  alone[0].service = key.service;
  alone[0].label = key.label;
  alone[0].settings = key.settings;
  alone[0].value = key.value.duplicate();
  STRONGROOM_TRY(auto made, workroom::build_environment({}, std::move(alone)));
  for (auto& fresh : made.secret)
    for (auto& held : values_)
      if (held.service == fresh.service && held.label == fresh.label && held.wanted == fresh.wanted)
        held.value = fresh.value.duplicate();
  return {};
}

io::Task<void> NarrowInjection::newest() const {
  const Deadline deadline = loop_.deadline_in(kNewerWithin);
  while (are_on_their_way_ && !deadline.has_passed(loop_.clock().steady()))
    co_await loop_.sleep(kLook);
}

void NarrowInjection::forget_values() {
  is_over_ = true;
  values_.clear();
}

bool NarrowInjection::has(const std::string& wish) const {
  return std::ranges::any_of(leases_, [&](const auto& each) { return is_meant(wish, each); });
}

io::Task<Result<workroom::ExecKeys::Uses>> NarrowInjection::record(
    std::vector<std::string> services, std::string program) {
  for (const auto& service : services) {
    if (has(service)) continue;
    lease::Finding finding;
    finding.session = session_;
    finding.service = recorded(service);
    finding.what = "exec_not_granted";
    finding.host = kHost;
    finding.path = recorded(program);
    link_.report(finding);
    co_return fail(Code::NotFound,
                   "this session has no injected key of a service '" + recorded(service) + "'");
  }
  co_await newest();
  Uses out;
  const std::string path = recorded(std::move(program));
  for (const auto& each : leases_) {
    if (!is_one_meant(services, each)) continue;
    const auto* lease = link_.holder().find(each.lease);
    if (lease == nullptr || !lease->is_usable(loop_.clock().steady()))
      co_return fail(Code::Unavailable, "the lease of the " + each.service +
                                            " key is not renewed: the vault cannot be reached");
    out.push_back(link_.intend(*lease, kHost, kMethod, path));
  }
  for (const auto use : out) {
    const Deadline deadline = loop_.deadline_in(kRecordWithin);
    auto kept = co_await link_.durable(use, deadline);
    if (!kept) co_return fail(Code::Unavailable, "the use cannot be recorded, so it is refused");
  }
  co_return out;
}

/// Asked after record() has waited, so the leases are looked at again.
Status NarrowInjection::add(const std::vector<std::string>& services,
                            workroom::Environment& environment) const {
  for (const auto& each : leases_) {
    if (!is_one_meant(services, each)) continue;
    const auto* lease = link_.holder().find(each.lease);
    if (is_over_ || lease == nullptr || !lease->is_usable(loop_.clock().steady()))
      return fail(Code::Revoked, "the " + each.service + " key may not be used any more");
  }
  CommandVariables variables(environment);
  for (const auto& wish : services) {
    const bool is_one = wish.find(':') != std::string::npos;
    for (const auto& each : values_)
      if (is_meant(wish, each)) variables.add(each, is_one);
    for (const auto& each : plain_)  // elsewhere its caller's stand
      if (is_one && is_meant(wish, each)) variables.add(each, is_one);
  }
  variables.finish();
  return {};
}

void NarrowInjection::settle(const Uses& uses, int status, Outcome outcome) {
  for (const auto use : uses) {
    lease::UseSettled settled;
    settled.sequence = use;
    settled.status = static_cast<std::uint16_t>(status);
    settled.outcome = is_over_ ? lease::UseOutcome::Revoked : outcome_of(outcome);
    link_.settle(settled);
  }
}

int NarrowInjection::exit_code(const Error& error) const {
  if (error.reason == workroom::kCommandNotFound) return 127;
  if (error.reason == workroom::kCommandNotExecutable) return 126;
  return exit_code_of(error);
}

}  // namespace strongroom::app
