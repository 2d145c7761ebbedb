// SPDX-License-Identifier: Apache-2.0
#include "app/tpm_counter.h"

#include <algorithm>
#include <chrono>

#include "io/process/process.h"
#include "vault/vault.h"

namespace strongroom::app {
namespace {

constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{60};

Result<std::int64_t> value_of(Result<external_seal::SealerProcess>& process) {
  if (!process) return std::unexpected(process.error());
  STRONGROOM_TRY(const auto outcome, process->outcome());
  return outcome.count;
}

}  // namespace

using external_seal::Action;
using external_seal::Job;

TpmCounter::TpmCounter(Parts parts) : parts_(std::move(parts)), begun_(parts_.loop) {}

Result<std::unique_ptr<TpmCounter>> TpmCounter::of(io::Loop& loop, const Config& config,
                                                   const store::Store& store) {
  if (config.anchor_tpm.empty()) return nullptr;
  STRONGROOM_TRY(const std::string programs, io::own_directory());
  return std::make_unique<TpmCounter>(Parts{loop, programs + "/strongroom-sealer",
                                            config.anchor_tpm, config.anchor_tpm_index,
                                            vault::anchor_counter_secret(store)});
}

void TpmCounter::offer(api::ControlHooks& hooks) {
  hooks.counts_asked = [this] { return vault_->counts_asked(); };
  hooks.counted = [this](std::uint64_t asked) { return counted(asked); };
}

std::string TpmCounter::name() const {
  return "the counter " + parts_.index + " of the TPM " + parts_.tcti;
}

Result<TpmCounter::Process> TpmCounter::begin(Action action, std::int64_t count) const {
  Job job;
  job.action = action;
  job.settings.name = "anchor";
  job.settings.kind = external_seal::kTpm2;
  job.settings.values = {{"tcti", parts_.tcti}, {"index", parts_.index}};
  job.credential = parts_.secret.duplicate();
  job.count = count;
  return Process::start(parts_.program, job);
}

Result<std::int64_t> TpmCounter::here(Action action, std::int64_t count) const {
  auto process = begin(action, count);
  if (process) process->wait_here();
  return value_of(process);
}

Result<std::int64_t> TpmCounter::read() {
  return here(Action::ReadCounter, 0);
}

Result<std::int64_t> TpmCounter::make() {
  return here(Action::MakeCounter, 0);
}

Result<std::int64_t> TpmCounter::raise(std::int64_t to) {
  STRONGROOM_TRY(const std::int64_t stands, here(Action::RaiseCounter, to));
  if (stands == to) return stands;
  return fail(Code::Sealed, name() + " stands at " + std::to_string(stands) +
                                " where it was to be raised to " + std::to_string(to) + ".");
}

void TpmCounter::begin_raising(std::int64_t to) {
  to_ = to;
  begun_.set();
}

void TpmCounter::serve(vault::Vault& vault) {
  vault_ = &vault;
  parts_.loop.spawn(run());
}

io::Task<void> TpmCounter::run() {
  for (;;) {
    co_await begun_.wait();
    bool is_raised = false;
    for (auto pause = kFirstPause; !is_raised; pause = std::min(2 * pause, kLongestPause)) {
      auto process = begin(Action::RaiseCounter, to_);
      if (process) co_await process->wait(parts_.loop);
      const auto stands = value_of(process);
      is_raised = stands && *stands == to_;
      tell(stands);
      if (!is_raised) co_await parts_.loop.sleep(pause);
    }
  }
}

void TpmCounter::tell(const Result<std::int64_t>& stands) {
  vault_->counted(stands);
  for (io::Event* each : waiting_) each->set();
}

io::Task<Status> TpmCounter::counted(std::uint64_t asked) {
  io::Event changed(parts_.loop);
  waiting_.push_back(&changed);
  auto is_counted = vault_->is_counted(asked);
  while (is_counted && !*is_counted) {
    co_await changed.wait();
    is_counted = vault_->is_counted(asked);
  }
  std::erase(waiting_, &changed);
  if (!is_counted) co_return std::unexpected(std::move(is_counted).error());
  co_return Status();
}

}  // namespace strongroom::app
