// strongroom-issuer: reads one job from its standard input, does it, writes what came of it there,
// and ends. It is started by `strongroom serve` alone. SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <vector>

#include "io/process/one_job.h"
#include "io/process/process.h"
#include "io/process/sandbox.h"
#include "issuer/work.h"

namespace {

using namespace strongroom;

Result<dynamic::Job> read_job() {
  STRONGROOM_TRY(const Secret octets, io::take_job(dynamic::kMaxJob));
  return octets.reveal([](ByteView all) { return dynamic::decode_job(all); });
}

dynamic::Outcome work(const dynamic::Job& job) {
  switch (job.source) {
    case dynamic::Source::Postgres:
      return issuer::work_at_postgres(job);
    case dynamic::Source::Mysql:
      return issuer::work_at_mysql(job);
    case dynamic::Source::Tailscale:
      return issuer::work_at_tailscale(job);
    case dynamic::Source::Webhook:
      return issuer::work_at_webhook(job);
    case dynamic::Source::Login:
      return issuer::work_at_login(job);
    case dynamic::Source::Provider:
      return issuer::work_at_provider(job);
  }
  return issuer::failed(Code::Unsupported, "no such source is known", false);
}

/// Under the vault's uid, it shall be of no use to a source that takes it over.
bool is_confined() {
  if (!io::confine_this_process()) return false;
  io::lock_all_memory();
  const auto common = io::calls_of_network_programs();
  std::vector<const char*> calls(common.begin(), common.end());
  // Authorities are given to the clients of databases as a file without a name.
  calls.push_back("memfd_create");
  // The outcome of a refresh outlives a loss of power.
  calls.push_back("fdatasync");
  return io::enter({calls, io::files_of_network_programs()}).has_value();
}

}  // namespace

int main() {
  ::signal(SIGPIPE, SIG_IGN);
  if (!is_confined()) return 1;
  const auto job = read_job();
  if (!job) {
    std::fputs("strongroom-issuer is started by 'strongroom serve' alone.\n", stderr);
    return 2;
  }
  const bool is_given = io::give_outcome(dynamic::encode(work(*job)));
  return is_given ? 0 : 1;
}
