// The counter of an anchor (vault/anchor.h) in a TPM 2.0: an NV index of the kind that only grows,
// which none but who knows its secret can read or raise.
//
// Its secret is of 32 random octets, so a session that is keyed by nothing else authenticates what
// the TPM answers: raising it makes no key, which is what takes a TPM its time.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/encoding.h"
#include "sealer/tpm.h"
#include "sealer/work.h"

namespace strongroom::sealer {
namespace {

using external_seal::Action;
using external_seal::Job;
using external_seal::Outcome;

constexpr std::size_t kSecretSize = 32;
constexpr UINT16 kCountSize = 8;

struct Counter {
  ESYS_TR object = ESYS_TR_NONE;
  ESYS_TR session = ESYS_TR_NONE;
};

Result<TPM2_HANDLE> index_of(const Job& job) {
  std::string_view text = job.settings.value("index");
  if (text.starts_with("0x")) text.remove_prefix(2);
  TPM2_HANDLE index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index, 16);
  if (error != std::errc() || end != text.data() + text.size())
    return refused("The counter's index in the TPM is a number as 0x01A57300.");
  return index;
}

TPM2B_AUTH secret_of(const Job& job) {
  TPM2B_AUTH out{};
  out.size = kSecretSize;
  job.credential.reveal([&](ByteView plain) { std::ranges::copy(plain, std::begin(out.buffer)); });
  return out;
}

std::unexpected<Error> failed(const Job& job, const std::string& what, TSS2_RC why) {
  const std::string index = job.settings.value("index");
  switch (Tpm::plain(why)) {
    case TPM2_RC_AUTH_FAIL:
    case TPM2_RC_BAD_AUTH:
      return refused("The TPM's counter " + index +
                     " belongs to another installation: choose another one by 'tpm_index'.");
    case TPM2_RC_ATTRIBUTES:
      return refused("What the TPM has at " + index +
                     " is no counter: choose another index by 'tpm_index'.");
    case TPM2_RC_NV_SPACE:
      return refused("The TPM has no room for another counter.");
    case TPM2_RC_NV_RATE:
      return unreachable("The TPM is asked to count too often at present.");
    default:
      return Tpm::failed(what, why);
  }
}

/// Nothing where the TPM has none at that index.
Result<std::optional<Counter>> find(const Tpm& tpm, const Job& job) {
  STRONGROOM_TRY(const TPM2_HANDLE index, index_of(job));
  Counter counter;
  const TSS2_RC found = tpm.calls().find_object(tpm.context(), index, ESYS_TR_NONE, ESYS_TR_NONE,
                                                ESYS_TR_NONE, &counter.object);
  if (Tpm::plain(found) == TPM2_RC_HANDLE) return std::nullopt;
  if (found != TSS2_RC_SUCCESS) return failed(job, "look for the counter", found);
  const TPM2B_AUTH secret = secret_of(job);
  (void)tpm.calls().set_auth(tpm.context(), counter.object, &secret);
  STRONGROOM_TRY(counter.session, tpm.session(Tpm::Use::Authorize, ESYS_TR_NONE));
  return counter;
}

/// 0 where it was never raised: it has no value before.
Result<std::int64_t> value_of(const Tpm& tpm, const Job& job, const Counter& counter) {
  TPM2B_MAX_NV_BUFFER* content = nullptr;
  const TSS2_RC done =
      tpm.calls().read_memory(tpm.context(), counter.object, counter.object, counter.session,
                              ESYS_TR_NONE, ESYS_TR_NONE, kCountSize, 0, &content);
  if (Tpm::plain(done) == TPM2_RC_NV_UNINITIALIZED) return 0;
  if (done != TSS2_RC_SUCCESS) return failed(job, "read the counter", done);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(content->size, kCountSize); ++i)
    value = value << 8U | content->buffer[i];
  const bool is_whole = content->size == kCountSize;
  tpm.calls().free(content);
  if (!is_whole || value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return refused("What the TPM has at " + job.settings.value("index") + " is no counter.");
  return static_cast<std::int64_t>(value);
}

Status raise(const Tpm& tpm, const Job& job, const Counter& counter) {
  const TSS2_RC done = tpm.calls().raise_counter(tpm.context(), counter.object, counter.object,
                                                 counter.session, ESYS_TR_NONE, ESYS_TR_NONE);
  if (done != TSS2_RC_SUCCESS) return failed(job, "raise the counter", done);
  return {};
}

/// A new one begins behind all that this TPM has ever counted: nobody makes one anew to begin
/// before.
Status define(const Tpm& tpm, const Job& job) {
  TPM2B_NV_PUBLIC wanted{};
  STRONGROOM_TRY(wanted.nvPublic.nvIndex, index_of(job));
  wanted.nvPublic.nameAlg = TPM2_ALG_SHA256;
  wanted.nvPublic.attributes = (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT) | TPMA_NV_AUTHREAD |
                               TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;
  wanted.nvPublic.dataSize = kCountSize;
  STRONGROOM_TRY(const ESYS_TR parent, tpm.primary());
  STRONGROOM_TRY(const ESYS_TR session, tpm.session(Tpm::Use::Authorize, parent));
  const TPM2B_AUTH secret = secret_of(job);
  ESYS_TR made = ESYS_TR_NONE;
  const TSS2_RC done =
      tpm.calls().define_memory(tpm.context(), ESYS_TR_RH_OWNER, session, ESYS_TR_NONE,
                                ESYS_TR_NONE, &secret, &wanted, &made);
  tpm.flush(session);
  tpm.flush(parent);
  if (done != TSS2_RC_SUCCESS) return failed(job, "make a counter", done);
  return {};
}

std::unexpected<Error> none(const Job& job) {
  return refused("The TPM has no counter at " + job.settings.value("index") + ".");
}

/// One that was left without a value, by a crash, is as good as a new one.
Result<std::int64_t> make(const Tpm& tpm, const Job& job) {
  STRONGROOM_TRY(auto counter, find(tpm, job));
  if (!counter) {
    STRONGROOM_CHECKED(define(tpm, job));
    STRONGROOM_TRY(counter, find(tpm, job));
  }
  if (!counter) return none(job);
  STRONGROOM_TRY(const std::int64_t before, value_of(tpm, job, *counter));
  if (before == 0) STRONGROOM_CHECKED(raise(tpm, job, *counter));
  auto value = value_of(tpm, job, *counter);
  tpm.flush(counter->session);
  return value;
}

/// An answer may be lost: what stands where it is to be already stays there.
Result<std::int64_t> raise_to(const Tpm& tpm, const Job& job) {
  STRONGROOM_TRY(const auto counter, find(tpm, job));
  if (!counter) return none(job);
  STRONGROOM_TRY(std::int64_t value, value_of(tpm, job, *counter));
  if (value == job.count - 1) {
    STRONGROOM_CHECKED(raise(tpm, job, *counter));
    STRONGROOM_TRY(value, value_of(tpm, job, *counter));
  }
  tpm.flush(counter->session);
  return value;
}

Result<std::int64_t> read(const Tpm& tpm, const Job& job) {
  STRONGROOM_TRY(const auto counter, find(tpm, job));
  if (!counter) return 0;
  auto value = value_of(tpm, job, *counter);
  tpm.flush(counter->session);
  return value;
}

}  // namespace

Result<Outcome> count_at_tpm(const Job& job) {
  if (job.credential.size() != kSecretSize) return refused("The counter's secret is missing.");
  STRONGROOM_TRY(const Tpm tpm, Tpm::open(job.settings.value("tcti")));
  Outcome outcome;
  STRONGROOM_TRY(outcome.count, job.action == Action::MakeCounter    ? make(tpm, job)
                                : job.action == Action::RaiseCounter ? raise_to(tpm, job)
                                                                     : read(tpm, job));
  return outcome;
}

}  // namespace strongroom::sealer
