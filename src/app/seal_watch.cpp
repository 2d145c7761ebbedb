// SPDX-License-Identifier: Apache-2.0
#include "app/seal_watch.h"

#include "base/log.h"

namespace strongroom::app {

using external_seal::SealerProcess;

io::Task<void> SealWatch::watch() {
  for (;;) {
    const auto seals = parts_.vault.seals_to_look_at();
    for (std::size_t i = 0; seals && i < seals->size(); ++i) {
      store::Seal seal = (*seals)[i];
      co_await look(std::move(seal));
    }
    co_await parts_.loop.sleep(kEvery);
  }
}

io::Task<void> SealWatch::look(store::Seal seal) {
  if (!vault::is_external(seal.kind)) {
    const vault::SealOptions options{{}, parts_.seal_file, nullptr};
    parts_.vault.note_seal(seal, vault::sealing_key(seal, options));
    co_return;
  }
  const auto place = vault::external_place(seal);
  if (!place || parts_.external.was_refused(place->name)) co_return;
  auto process = parts_.external.begin_open(*place);
  if (!process) {
    parts_.vault.note_seal(seal, std::unexpected(process.error()));
    co_return;
  }
  co_await process->wait(parts_.loop);
  note(seal, *process);
}

void SealWatch::note(const store::Seal& seal, SealerProcess& process) {
  const auto place = vault::external_place(seal);
  const auto key = place ? parts_.external.opened(*place, process) : std::unexpected(place.error());
  if (!key)
    log(LogLevel::Warning, "seal_fails", {{"seal", seal.id.text()}, {"why", key.error().message}});
  parts_.vault.note_seal(seal, key);
}

io::Task<Result<vault::SealView>> SealWatch::add(vault::Actor actor, std::string name) {
  auto process = parts_.external.begin_make(name);
  if (!process) co_return std::unexpected(std::move(process).error());
  co_await process->wait(parts_.loop);
  co_return added(actor, name, *process);
}

io::Task<Status> SealWatch::prepare(vault::Actor actor, SealId id) {
  const auto seal = parts_.vault.seal_to_renew(actor, id);
  if (!seal) co_return std::unexpected(seal.error());
  const auto place = vault::external_place(*seal);
  if (!place) co_return std::unexpected(place.error());
  auto process = parts_.external.begin_make(place->name);
  if (!process) co_return std::unexpected(std::move(process).error());
  co_await process->wait(parts_.loop);
  co_return prepared(actor, id, place->name, *process);
}

Status SealWatch::prepared(const vault::Actor& actor, SealId id, const std::string& name,
                           SealerProcess& process) {
  STRONGROOM_TRY(auto made, parts_.external.made(name, process));
  return parts_.vault.prepare_renewal(actor, id, vault::make_sealing(std::move(made)));
}

Result<vault::SealView> SealWatch::added(const vault::Actor& actor, const std::string& name,
                                         SealerProcess& process) {
  STRONGROOM_TRY(auto made, parts_.external.made(name, process));
  return parts_.vault.add_seal(actor, vault::make_sealing(std::move(made)));
}

}  // namespace strongroom::app
