// SPDX-License-Identifier: Apache-2.0
#include "app/ssh_access.h"

#include <algorithm>
#include <utility>

#include "crypto/ssh_key.h"
#include "crypto/ssh_public_keys.h"
#include "workroom/places.h"
#include "workroom/small_files.h"
#include "workroom/templates.h"

namespace strongroom::app {
namespace {

constexpr std::chrono::seconds kRecordWithin{5};
constexpr std::string_view kMethod = "SSH";
constexpr const char* kSocket = "/ssh-agent.sock";
constexpr const char* kKnownHosts = "/ssh-known-hosts";

}  // namespace

Result<std::unique_ptr<SshAccess>> SshAccess::open(io::Loop& loop, lease::HolderLink& link,
                                                   SessionId session, const Housing& housing,
                                                   std::function<workroom::Workroom*()> workroom) {
  std::unique_ptr<SshAccess> out(new SshAccess(loop, link, session));
  out->folder_ = housing.inside();
  out->seen_as_ = workroom::kInside;
  if (out->folder_.empty()) {
    STRONGROOM_TRY(auto own, open_session_folder(session, "-ssh"));
    out->own_.emplace(std::move(own));
    out->folder_ = out->seen_as_ = out->own_->path();
  }
  workroom::SshAgent::Plan plan;
  plan.path = out->folder_ + kSocket;
  plan.is_of_workroom = [workroom = std::move(workroom)](pid_t who) {
    const workroom::Workroom* const its = workroom();
    return its != nullptr && its->has_process(who);
  };
  STRONGROOM_TRY(out->agent_, workroom::SshAgent::open(loop, std::move(plan), *out));
  return out;
}

Status SshAccess::add(const lease::Lease& lease, workroom::SessionKey key,
                      const std::string& host_inside) {
  STRONGROOM_TRY(const auto read, crypto::SshKey::read(key.value));
  auto host_keys = crypto::parse_ssh_public_keys(workroom::setting_of(key, "host_keys"));
  if (!host_keys)
    return fail(Code::Invalid, "the host_keys of the " + key.service->id + " key are none");
  const std::string host = workroom::setting_of(key, "host");
  known_hosts_ +=
      workroom::known_hosts_of(host_inside, workroom::setting_of(key, "port"), *host_keys);
  held_.push_back({lease.granted().key, lease.id(), key.service->id, host, std::move(key.value)});
  const std::string user = workroom::setting_of(key, "user");
  entries_.push_back({read.public_blob(), user + "@" + host, {user, std::move(*host_keys)}});
  return {};
}

void SshAccess::hold(const lease::Lease& lease) {
  for (auto& each : held_)
    if (each.key == lease.granted().key) each.lease = lease.id();
}

void SshAccess::forget_values() {
  held_.clear();
  entries_.clear();
}

Result<std::vector<workroom::PlainVariable>> SshAccess::variables() const {
  std::vector<workroom::PlainVariable> out{{"SSH_AUTH_SOCK", seen_as_ + kSocket}};
  if (known_hosts_.empty()) return out;
  STRONGROOM_CHECKED(workroom::write_small_file(folder_ + kKnownHosts, known_hosts_, 0644));
  out.push_back({"GIT_SSH_COMMAND", "ssh -o UserKnownHostsFile=" + seen_as_ + kKnownHosts +
                                        " -o StrictHostKeyChecking=yes"});
  return out;
}

const lease::Lease* SshAccess::usable(std::size_t which) const {
  if (which >= held_.size()) return nullptr;
  const auto* lease = link_.holder().find(held_[which].lease);
  return lease != nullptr && lease->is_usable(loop_.clock().steady()) ? lease : nullptr;
}

io::Task<Result<ByteVector>> SshAccess::sign(std::size_t which, ByteVector data,
                                             crypto::SshKey::RsaHash hash) {
  const auto* lease = usable(which);
  if (lease == nullptr) co_return fail(Code::Unavailable, "the SSH key's lease is not renewed");
  const auto use = link_.intend(*lease, held_[which].host, kMethod, entries_[which].permit.user);
  auto kept = co_await link_.durable(use, loop_.deadline_in(kRecordWithin));
  if (!kept) co_return fail(Code::Unavailable, "the use cannot be recorded, so it is refused");
  Result<ByteVector> out = fail(Code::Revoked, "the SSH key may not be used any more");
  // Looked at again: there was a wait.
  if (usable(which) != nullptr) {
    const auto key = crypto::SshKey::read(held_[which].value);
    if (key) out = key->sign(data, hash);
  }
  lease::UseSettled settled;
  settled.sequence = use;
  settled.outcome = out ? lease::UseOutcome::Completed : lease::UseOutcome::Revoked;
  link_.settle(settled);
  co_return out;
}

void SshAccess::refused(std::size_t which, const char* finding) {
  lease::Finding found;
  found.session = session_;
  found.service = held_[which].service;
  found.what = finding;
  found.host = held_[which].host;
  found.path = entries_[which].permit.user;
  link_.report(found);
}

}  // namespace strongroom::app
