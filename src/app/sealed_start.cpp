// SPDX-License-Identifier: Apache-2.0
#include "app/sealed_start.h"

#include <fcntl.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace strongroom::app {
namespace {

constexpr std::chrono::seconds kFirstPause{1};
constexpr std::chrono::seconds kLongestPause{60};

/// A start never asks a terminal again: people answer by `strongroom unseal` now.
vault::SealOptions without_prompt(vault::SealOptions options) {
  options.ask_passphrase = nullptr;
  return options;
}

}  // namespace

SealedStart::SealedStart(Parts parts, api::ControlOptions options)
    : parts_(std::move(parts)), unsealing_(parts_.store, without_prompt(parts_.seal)) {
  api::SealedHooks hooks;
  hooks.unseal = [this](const std::string& kind, Secret value) {
    return unseal(kind, std::move(value));
  };
  hooks.waits_for = [this] { return waits_for(); };
  hooks.seals = [this] { return vault::seals_in_words(parts_.store).value_or("unknown"); };
  server_ = std::make_unique<api::SealedServer>(parts_.loop, std::move(options), std::move(hooks));
}

Status SealedStart::start(int tcp_fd, int unix_fd) {
  const int tcp = ::fcntl(tcp_fd, F_DUPFD_CLOEXEC, 0);
  const int local = ::fcntl(unix_fd, F_DUPFD_CLOEXEC, 0);
  if (tcp < 0 || local < 0) return fail(Code::Internal, "too many open files");
  server_->start(tcp, local);
  log(LogLevel::Warning, "sealed", {{"why", parts_.why}});
  STRONGROOM_TRY(const auto seals, unsealing_.external());
  for (const auto& seal : seals) parts_.loop.spawn(keep_trying(seal));
  return {};
}

io::Task<void> SealedStart::keep_trying(store::Seal seal) {
  const auto place = vault::external_place(seal);
  if (!place) co_return;
  for (auto pause = kFirstPause; !is_open_; pause = std::min(2 * pause, kLongestPause)) {
    co_await parts_.loop.sleep(pause);
    if (is_open_ || parts_.external.was_refused(place->name)) continue;
    auto process = parts_.external.begin_open(*place);
    if (!process) continue;
    co_await process->wait(parts_.loop);
    if (!is_open_) finish(seal, *process);
  }
}

void SealedStart::finish(const store::Seal& seal, external_seal::SealerProcess& process) {
  const auto place = vault::external_place(seal);
  if (!place) return;
  const auto key = parts_.external.opened(*place, process);
  if (!key) {
    parts_.why = key.error().message;
    return log(LogLevel::Info, "still_sealed", {{"why", key.error().message}});
  }
  auto root = unsealing_.by_external(seal, *key);
  if (!root) return log(LogLevel::Error, "unseal_failed", {{"why", root.error().message}});
  (void)open(std::move(*root));
}

std::string SealedStart::waits_for() const {
  const std::string progress = unsealing_.progress();
  return parts_.why + (progress.empty() ? "" : " " + progress + ".") +
         " Then type 'strongroom unseal'; or 'strongroom unseal --passphrase', or for each share "
         "in "
         "turn 'strongroom unseal --share', where there is such a seal.";
}

Result<bool> SealedStart::unseal(const std::string& kind, Secret value) {
  if (is_open_) return true;
  if (kind == "share") {
    STRONGROOM_TRY(auto root, unsealing_.by_share(value));
    return root ? open(std::move(*root)) : Result<bool>(false);
  }
  STRONGROOM_TRY(Secret root,
                 kind == "passphrase" ? unsealing_.by_passphrase(value) : unsealing_.try_again());
  return open(std::move(root));
}

Result<bool> SealedStart::open(Secret root) {
  is_open_ = true;
  server_->begin_stop();
  const Status opened = parts_.opened(std::move(root));
  if (opened) {
    log(LogLevel::Info, "unsealed", {});
    return true;
  }
  parts_.loop.spawn(tell_and_fail(opened.error()));
  return std::unexpected(opened.error());
}

/// The caller hears of it before the server ends.
io::Task<void> SealedStart::tell_and_fail(Error error) {
  co_await server_->stop(std::chrono::milliseconds(1000));
  parts_.failed(std::move(error));
}

}  // namespace strongroom::app
