// strongroom-sealer: reads one job from its standard input, does it, writes what came of it there,
// and ends. It is started by `strongroom` alone. SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <vector>

#include "io/process.h"
#include "sealer/confinement.h"
#include "sealer/work.h"

namespace {

using namespace strongroom;

/// Until the vault has said all; into locked memory at once.
Result<external_seal::Job> read_job() {
  Secret octets = Secret::of_size(external_seal::kMaxJob);
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
  return octets.reveal([&](ByteView all) { return external_seal::decode_job(all.first(size)); });
}

/// A module, and HTTP, keep copies of secrets in memory of their own. All of it is locked, where
/// no limit could then leave us without memory.
void lock_memory() {
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_MEMLOCK, &none) == 0)
    (void)::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

Result<external_seal::Outcome> work(const external_seal::Job& job) {
  if (job.settings.kind == external_seal::kPkcs11) return sealer::work_at_token(job);
  if (job.settings.kind == external_seal::kTransit) return sealer::work_at_transit(job);
  if (job.settings.kind == external_seal::kAwsKms) return sealer::work_at_kms(job);
  if (job.settings.kind == external_seal::kCredential) return sealer::work_at_handed_over(job);
  return sealer::refused("The kind of this seal is not known.");
}

external_seal::Outcome outcome_of(const external_seal::Job& job) {
  auto done = work(job);
  if (done) return std::move(*done);
  external_seal::Outcome failed;
  failed.code = done.error().code;
  failed.reason = done.error().reason;
  failed.error = done.error().message;
  return failed;
}

}  // namespace

int main() {
  ::signal(SIGPIPE, SIG_IGN);
  if (!io::confine_this_process()) return 1;
  lock_memory();
  const auto job = read_job();
  if (!job) {
    std::fputs("strongroom-sealer is started by 'strongroom' alone.\n", stderr);
    return 2;
  }
  if (!sealer::confine(job->settings)) return 1;
  const Secret answer = external_seal::encode(outcome_of(*job));
  const ssize_t sent = answer.reveal([](ByteView octets) {
    return ::send(STDIN_FILENO, octets.data(), octets.size(), MSG_NOSIGNAL);
  });
  // Not by exit(): what a module does at the end of a program is of no use here.
  ::_exit(sent == static_cast<ssize_t>(answer.size()) ? 0 : 1);
}
