// The values of a session: their leases, the environment that they go into, and what is renewed.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "app/call.h"
#include "app/runner.h"
#include "guard/value_patterns.h"
#include "io/process/process.h"
#include "workroom/templates.h"

namespace strongroom::app {

io::Task<Result<std::vector<LeaseId>>> Runner::leases_of_injected() {
  if (start_.injected.empty()) co_return std::vector<LeaseId>();
  co_return co_await link_.leases_of_session(start_.session);
}

/// Those who hold values themselves: one of them.
void Runner::hold_elsewhere(const lease::Lease& lease) {
  const auto* service = catalog_.find(lease.granted().service);
  const bool is_ssh = service != nullptr && service->ssh_agent;
  if (is_ssh && ssh_) ssh_->hold(lease);
  if (!is_ssh && narrow_) narrow_->hold(lease);
}

/// Such a key is nowhere in the environment.
Status Runner::add_ssh(const lease::Lease& lease, workroom::SessionKey key) {
  if (is_attached(options_))
    return fail(Code::Unsupported,
                "SSH keys stay with the runner, which cannot tell whose the processes of a "
                "platform's container are: use `strongroom attach ... -- COMMAND` for them");
  if (!ssh_) {
    STRONGROOM_TRY(ssh_, SshAccess::open(loop_, link_, start_.session, *housing_,
                                         [this] { return workroom_.get(); }));
  }
  const std::string host = housing_->host(workroom::setting_of(key, "host"));
  return ssh_->add(lease, std::move(key), host);
}

/// Each value goes straight into the environment under preparation; only the lease itself is kept.
Result<workroom::Environment> Runner::environment_of(const std::vector<LeaseId>& leases,
                                                     guard::RenewedValues& values) {
  std::vector<workroom::SessionKey> keys;
  const auto add = [&](const std::string& name,
                       const std::string& label) -> Result<workroom::SessionKey*> {
    const auto* service = catalog_.find(name);
    if (service == nullptr)
      return fail(Code::NotFound, "the catalogue has no service '" + name + "'");
    auto& key = keys.emplace_back();
    key.service = service;
    key.label = label;
    return &key;
  };
  for (const auto& granted : start_.passes) {
    STRONGROOM_TRY(auto* key, add(granted.service, granted.label));
    key->settings = granted.settings;
    key->pass = granted.pass;
  }
  for (const auto& id : leases) {
    auto* lease = link_.holder().find(id);
    auto held = std::make_unique<HeldLease>(*this);
    if (lease == nullptr || !held->attach(*lease))
      return fail(Code::Revoked, "a key of this session was revoked");
    keys_[lease->granted().key] = lease->granted().key_version;
    hold_elsewhere(*lease);
    STRONGROOM_TRY(auto* key, add(lease->granted().service, lease->granted().label));
    key->settings = lease->granted().settings;
    key->is_login = is_login(key->service->id, key->label);
    key->value = lease->take_value();
    values.add(guard::ValuePatterns::make(key->value));
    if (end_scan_) end_scan_->add(*lease, key->value);
    held_.push_back(std::move(held));
    if (key->service->ssh_agent) {
      STRONGROOM_CHECKED(add_ssh(*lease, std::move(*key)));
      keys.pop_back();
    } else {
      move_hosts(*key);
    }
  }
  workroom::SessionFacts facts;
  facts.session = start_.session.text();
  facts.gateway = housing_->gateway();
  facts.socket = housing_->socket();
  facts.is_container = housing_->is_container();
  if (trust_) {
    STRONGROOM_TRY(facts.proxy, open_trust());
  }
  facts.inherited = workroom::own_environment();
  STRONGROOM_TRY(const auto added, split_pairs(options_.variables, "--env"));
  for (const auto& [name, value] : added) facts.added.push_back({name, value});
  if (narrow_) {
    STRONGROOM_TRY(const auto programs, io::own_directory());
    facts.exec_socket = narrow_->socket();
    facts.init_program = narrow_->init_program(programs + "/strongroom-init");
    facts.has_values = options_.inject != "exec";
  }
  if (ssh_) {
    STRONGROOM_TRY(facts.ssh, ssh_->variables());
  }
  STRONGROOM_TRY(auto environment, workroom::build_environment(facts, std::move(keys)));
  if (narrow_ && facts.has_values)
    narrow_->copy_values(environment);
  else if (narrow_)
    narrow_->take_values(environment);
  return environment;
}

// ------------------------------------------------------------------------------------------------
// what is renewed

/// What a command has in its environment stays as it was, so whoever has a login asks for it. Of a
/// platform's container the runner cannot tell whose the processes are that would ask.
bool Runner::hands_out_values() const {
  if (options_.inject == "exec") return true;
  return !is_attached(options_) &&
         std::ranges::any_of(start_.injected, &SessionStart::Granted::is_login);
}

bool Runner::is_login(std::string_view service, std::string_view label) const {
  return std::ranges::any_of(start_.injected, [&](const auto& each) {
    return each.is_login && each.service == service && each.label == label;
  });
}

void Runner::key_refreshed(KeyId key) {
  if (is_over_ || (workroom_ != nullptr && !keys_.contains(key))) return;
  is_outdated_ = true;
  if (workroom_ != nullptr) begin_renewing();
}

/// One at a time, from here on: several keys may be told of in one turn.
void Runner::begin_renewing() {
  if (std::exchange(is_renewing_, true)) return;
  if (narrow_) narrow_->await_newer(true);
  loop_.spawn(renew());
}

/// Until nothing has changed since the keys were asked for.
io::Task<void> Runner::renew() {
  while (is_outdated_ && !is_over_ && ended_because_.empty()) {
    is_outdated_ = false;
    co_await renew_once();
  }
  if (narrow_) narrow_->await_newer(false);
  is_renewing_ = false;
}

/// Where the vault refuses, or is away, what there is stays until its lease is not renewed.
io::Task<void> Runner::renew_once() {
  std::vector<LeaseId> before;
  for (const auto& each : held_)
    if (each->lease() != nullptr) before.push_back(each->lease()->id());
  auto leases = co_await leases_of_injected();
  if (!leases || is_over_ || !ended_because_.empty()) co_return;
  const Status adopted = adopt(*leases);
  if (!adopted) co_return;
  for (const auto& id : before) link_.holder().release(id);
}

/// From here on these are what everything is held under.
Status Runner::adopt(const std::vector<LeaseId>& leases) {
  std::vector<std::unique_ptr<HeldLease>> held;
  for (const auto& id : leases) {
    auto* lease = link_.holder().find(id);
    held.push_back(std::make_unique<HeldLease>(*this));
    if (lease == nullptr || !held.back()->attach(*lease))
      return fail(Code::Revoked, "a key of this session was revoked");
  }
  held_ = std::move(held);
  if (narrow_) narrow_->forget_leases();
  for (const auto& each : held_) {
    hold_elsewhere(*each->lease());
    STRONGROOM_CHECKED(renew_value(*each->lease()));
  }
  return {};
}

/// The value of a newer version goes where the one before is; any other is in the workroom already.
Status Runner::renew_value(lease::Lease& lease) {
  const auto& granted = lease.granted();
  workroom::SessionKey key;
  key.value = lease.take_value();
  key.service = catalog_.find(granted.service);
  key.label = granted.label;
  key.settings = granted.settings;
  auto& version = keys_[granted.key];
  if (granted.key_version <= version || key.service == nullptr || key.service->ssh_agent) return {};
  version = granted.key_version;
  values_->renew(guard::ValuePatterns::make(key.value));
  if (end_scan_) end_scan_->add(lease, key.value);
  move_hosts(key);
  return narrow_ ? narrow_->renew(key) : Status();
}

/// After a restart of the vault: the same keys, leased anew.
io::Task<Status> Runner::hold_again() {
  held_.clear();
  // Those that commands are run under stay until these come: without any, no key would be granted.
  auto leases = co_await leases_of_injected();
  if (!leases) co_return std::unexpected(std::move(leases).error());
  co_return adopt(*leases);
}

}  // namespace strongroom::app
