// SPDX-License-Identifier: Apache-2.0
#include "app/narrow_injection.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "app/output.h"
#include "workroom/exec_wire.h"
#include "workroom/places.h"

namespace strongroom::app {
namespace {

constexpr std::chrono::seconds kRecordWithin{5};
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
  leases_.emplace_back(lease.granted().service, lease.id());
}

void NarrowInjection::take_values(workroom::Environment& environment) {
  values_ = std::move(environment.secret);
  environment.secret.clear();
  for (const auto& each : values_) environment.unset.push_back(each.name);
}

void NarrowInjection::forget_values() {
  is_over_ = true;
  values_.clear();
}

bool NarrowInjection::has(const std::string& service) const {
  return std::ranges::any_of(leases_, [&](const auto& each) { return each.first == service; });
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
  Uses out;
  const std::string path = recorded(std::move(program));
  for (const auto& [service, id] : leases_) {
    if (std::ranges::find(services, service) == services.end()) continue;
    const auto* lease = link_.holder().find(id);
    if (lease == nullptr || !lease->is_usable(loop_.clock().steady()))
      co_return fail(Code::Unavailable, "the lease of the " + service +
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
  for (const auto& [service, id] : leases_) {
    if (std::ranges::find(services, service) == services.end()) continue;
    const auto* lease = link_.holder().find(id);
    if (is_over_ || lease == nullptr || !lease->is_usable(loop_.clock().steady()))
      return fail(Code::Revoked, "the " + service + " key may not be used any more");
  }
  for (const auto& each : values_) {
    if (std::ranges::find(services, each.service) == services.end()) continue;
    std::erase_if(environment.plain, [&](const auto& plain) { return plain.name == each.name; });
    environment.secret.push_back({each.name, each.value.duplicate(), each.service});
  }
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
