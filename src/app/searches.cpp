// SPDX-License-Identifier: Apache-2.0
#include "app/searches.h"

#include <unistd.h>

#include "app/commands.h"
#include "base/log.h"
#include "io/process/process.h"
#include "scan/searcher.h"
#include "scan/wire.h"

namespace strongroom::app {
namespace {

std::string_view outcome_of(int status) {
  if (status == static_cast<int>(scan::SearchEnd::NothingFound)) return "nothing_found";
  return status == static_cast<int>(scan::SearchEnd::Found) ? "found" : "broken_off";
}

}  // namespace

Result<int> start_searcher(int socket, int values) {
  io::Spawn child;
  child.program = "/proc/self/exe";
  child.arguments = {kSearcherCommand};
  child.descriptors = {{socket, scan::kSearcherSocket}, {values, scan::kSearcherValues}};
  return io::spawn(child);
}

Result<std::function<void(io::Stream)>> Searches::begin(const vault::Actor& actor,
                                                        vault::SearchedKeys keys) {
  if (running_ >= kMost)
    return fail(Code::Unavailable, "other scans are under way: try again when they are over");
  std::vector<scan::SoughtValue> values;
  for (auto& [id, value] : keys.values) values.push_back({id, std::move(value)});
  STRONGROOM_TRY(const int pipe, scan::pipe_of_values(values));
  const std::shared_ptr<const int> held(new int(pipe), [](const int* fd) {
    ::close(*fd);
    delete fd;
  });
  return [this, actor, tenant = keys.tenant, held](const io::Stream& stream) {
    start(actor, tenant, *held, stream);
  };
}

void Searches::start(const vault::Actor& actor, TenantId tenant, int values,
                     const io::Stream& stream) {
  const auto pid = start_searcher(stream.native_handle(), values);
  if (!pid) {
    log(LogLevel::Error, "searcher_not_started", {{"why", pid.error().message}});
    return;
  }
  ++running_;
  loop_.spawn(hear(actor, tenant, *pid));
}

io::Task<void> Searches::hear(vault::Actor actor, TenantId tenant, int pid) {
  const auto status = co_await io::exit_of(loop_, pid);
  --running_;
  const auto noted = vault_.note_scanned(actor, tenant, outcome_of(status.value_or(-1)));
  if (!noted) log(LogLevel::Error, "record_failed", {{"action", "scan.end"}});
}

}  // namespace strongroom::app
