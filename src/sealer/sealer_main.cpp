// strongroom-sealer: reads one job from its standard input, does it, writes what came of it there,
// and ends. It is started by `strongroom` alone. SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <vector>

#include "io/process/one_job.h"
#include "io/process/process.h"
#include "sealer/confinement.h"
#include "sealer/work.h"

namespace {

using namespace strongroom;

Result<external_seal::Job> read_job() {
  STRONGROOM_TRY(const Secret octets, io::take_job(external_seal::kMaxJob));
  return octets.reveal([](ByteView all) { return external_seal::decode_job(all); });
}

Result<external_seal::Outcome> work(const external_seal::Job& job) {
  if (external_seal::is_about_counter(job.action)) return sealer::count_at_tpm(job);
  if (job.settings.kind == external_seal::kPkcs11) return sealer::work_at_token(job);
  if (job.settings.kind == external_seal::kTransit) return sealer::work_at_transit(job);
  if (job.settings.kind == external_seal::kAwsKms) return sealer::work_at_kms(job);
  if (job.settings.kind == external_seal::kCredential) return sealer::work_at_handed_over(job);
  if (job.settings.kind == external_seal::kTpm2) return sealer::work_at_tpm(job);
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
  io::lock_all_memory();
  const auto job = read_job();
  if (!job) {
    std::fputs("strongroom-sealer is started by 'strongroom' alone.\n", stderr);
    return 2;
  }
  if (!sealer::confine(job->settings)) return 1;
  const bool is_given = io::give_outcome(external_seal::encode(outcome_of(*job)));
  // Not by exit(): what a module does at the end of a program is of no use here.
  ::_exit(is_given ? 0 : 1);
}
