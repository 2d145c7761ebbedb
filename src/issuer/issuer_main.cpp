// strongroom-issuer: reads one job from its standard input, does it, writes what came of it there,
// and ends. It is started by `strongroom serve` alone. SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <vector>

#include "io/process.h"
#include "io/sandbox.h"
#include "issuer/work.h"

namespace {

using namespace strongroom;

/// Until the vault has said all; into locked memory at once.
Result<dynamic::Job> read_job() {
  Secret octets = Secret::of_size(dynamic::kMaxJob);
  std::size_t size = 0;
  const bool is_whole = octets.reveal_mutable([&](MutableBytes room) {
    while (size < room.size()) {
      const ssize_t got = ::read(STDIN_FILENO, room.data() + size, room.size() - size);
      if (got < 0) return false;
      if (got == 0) return true;
      size += static_cast<std::size_t>(got);
    }
    return true;
  });
  if (!is_whole) return fail(Code::Protocol, "no job could be read");
  return octets.reveal([&](ByteView all) { return dynamic::decode_job(all.first(size)); });
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
  }
  return issuer::failed(Code::Unsupported, "no such source is known", false);
}

/// The clients of databases, and HTTP, keep copies of secrets in memory of their own. All of it is
/// locked, where no limit could then leave us without memory.
void lock_memory() {
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_MEMLOCK, &none) == 0)
    (void)::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

/// Under the vault's uid, it shall be of no use to a source that takes it over.
bool is_confined() {
  if (!io::confine_this_process()) return false;
  lock_memory();
  const auto common = io::calls_of_network_programs();
  std::vector<const char*> calls(common.begin(), common.end());
  // Authorities are given to the clients of databases as a file without a name.
  calls.push_back("memfd_create");
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
  const Secret answer = dynamic::encode(work(*job));
  const ssize_t sent = answer.reveal([](ByteView octets) {
    return ::send(STDIN_FILENO, octets.data(), octets.size(), MSG_NOSIGNAL);
  });
  return sent == static_cast<ssize_t>(answer.size()) ? 0 : 1;
}
