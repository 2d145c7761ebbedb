// SPDX-License-Identifier: Apache-2.0
#include "app/external_seals.h"

#include <algorithm>

#include "app/seal_round.h"
#include "io/process/process.h"

namespace strongroom::app {

using external_seal::Action;
using external_seal::Job;
using external_seal::SealerProcess;
using external_seal::Settings;

ExternalSeals ExternalSeals::of(const ServeFlags& flags) {
  return ExternalSeals([flags]() -> Result<std::vector<Settings>> {
    STRONGROOM_TRY(auto config, load_config(flags));
    return std::move(config.external_seals);
  });
}

Result<Settings> ExternalSeals::settings_of(const std::string& name) const {
  auto read = read_();
  if (!read)
    return fail(Code::Sealed, "The configuration cannot be read: " + read.error().message,
                std::string(external_seal::kRefused));
  const auto found = std::ranges::find(*read, name, &Settings::name);
  if (found != read->end()) return std::move(*found);
  return fail(Code::Sealed,
              "There is no [[external_seal]] of the name '" + name + "' in strongroom.toml.",
              std::string(external_seal::kRefused));
}

Result<SealerProcess> ExternalSeals::begin(Job job) {
  STRONGROOM_TRY(const std::string programs, io::own_directory());
  if (!job.settings.secret_file.empty()) {
    STRONGROOM_TRY(job.credential, external_seal::read_secret_file(job.settings.secret_file));
  }
  return SealerProcess::start(programs + "/strongroom-sealer", job);
}

Result<SealerProcess> ExternalSeals::begin_open(const vault::ExternalPlace& place) {
  Job job;
  job.action = Action::Open;
  STRONGROOM_TRY(job.settings, settings_of(place.name));
  if (job.settings.kind != place.kind)
    return fail(Code::Sealed,
                "The [[external_seal]] '" + place.name + "' is of the kind " + job.settings.kind +
                    " now, and the seal is of the kind " + place.kind + ".",
                std::string(external_seal::kRefused));
  job.wrapped = place.wrapped;
  return begin(std::move(job));
}

Result<SealerProcess> ExternalSeals::begin_make(const std::string& name) {
  Job job;
  job.action = Action::Make;
  STRONGROOM_TRY(job.settings, settings_of(name));
  return begin(std::move(job));
}

Result<external_seal::Outcome> ExternalSeals::outcome_of(const std::string& name,
                                                         SealerProcess& process) {
  auto outcome = process.outcome();
  if (outcome) {
    refused_.erase(name);
    return outcome;
  }
  if (outcome.error().reason == external_seal::kRefused) refused_.insert(name);
  return fail(outcome.error().code, "The seal '" + name + "': " + outcome.error().message,
              outcome.error().reason);
}

Result<Secret> ExternalSeals::opened(const vault::ExternalPlace& place, SealerProcess& process) {
  STRONGROOM_TRY(auto outcome, outcome_of(place.name, process));
  return std::move(outcome.key);
}

Result<vault::ExternalKey> ExternalSeals::made(const std::string& name, SealerProcess& process) {
  STRONGROOM_TRY(const auto settings, settings_of(name));
  STRONGROOM_TRY(auto outcome, outcome_of(name, process));
  return vault::ExternalKey{settings.kind, name, std::move(outcome.wrapped),
                            std::move(outcome.key)};
}

Result<Secret> ExternalSeals::open_here(const vault::ExternalPlace& place) {
  STRONGROOM_TRY(auto process, begin_open(place));
  process.wait_here();
  return opened(place, process);
}

Result<vault::ExternalKey> ExternalSeals::make_here(const std::string& name) {
  STRONGROOM_TRY(auto process, begin_make(name));
  process.wait_here();
  return made(name, process);
}

void ExternalSeals::give_to(vault::SealOptions& options, Wanted wanted) {
  const auto round = std::make_shared<SealRound>(*this, wanted);
  options.expect = [round](std::span<const store::Seal> seals) { round->expect(seals); };
  options.open_external = [round](const vault::ExternalPlace& place) { return round->open(place); };
  options.make_external = [this](const std::string& name) { return make_here(name); };
}

}  // namespace strongroom::app
