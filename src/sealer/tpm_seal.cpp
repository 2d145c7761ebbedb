// A seal by a TPM 2.0: 32 random octets as an object that this TPM alone opens, bound to the PCRs
// that the settings name, as they are when it is made, and to a PIN where there is one.
//
// What is kept: the object's public and private parts as the TPM gave them, and the PCRs' numbers.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "crypto/crypto.h"
#include "sealer/tpm.h"
#include "sealer/work.h"

namespace strongroom::sealer {
namespace {

using external_seal::Action;
using external_seal::Job;
using external_seal::kKeySize;
using external_seal::Outcome;

constexpr const char* kUsualPlace = "device:/dev/tpmrm0";
constexpr unsigned kMostPcrs = 24;
constexpr std::size_t kLongestPin = 32;  ///< a digest of the object's hash

/// "0,2,7", in the bank of SHA-256.
Result<TPML_PCR_SELECTION> selection_of(std::string_view text) {
  TPML_PCR_SELECTION out{};
  if (text.empty()) return out;
  out.count = 1;
  out.pcrSelections[0].hash = TPM2_ALG_SHA256;
  out.pcrSelections[0].sizeofSelect = kMostPcrs / 8;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    unsigned number = kMostPcrs;
    const auto [end, error] = std::from_chars(text.data(), text.data() + comma, number);
    if (error != std::errc() || end != text.data() + comma || number >= kMostPcrs)
      return refused("'pcrs' of the seal are numbers from 0 to 23, as \"7\" or \"0,2,7\".");
    out.pcrSelections[0].pcrSelect[number / 8] |= static_cast<BYTE>(1U << (number % 8));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

/// What was asked of a session, on the way to what it may open.
Status satisfy(const Tpm& tpm, ESYS_TR session, const TPML_PCR_SELECTION& pcrs, bool has_pin) {
  if (pcrs.count > 0) {
    const TPM2B_DIGEST as_they_are{};
    const TSS2_RC done = tpm.calls().policy_pcr(tpm.context(), session, ESYS_TR_NONE, ESYS_TR_NONE,
                                                ESYS_TR_NONE, &as_they_are, &pcrs);
    if (done != TSS2_RC_SUCCESS) return Tpm::failed("compare PCRs", done);
  }
  if (!has_pin) return {};
  const TSS2_RC done =
      tpm.calls().policy_auth(tpm.context(), session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE);
  if (done != TSS2_RC_SUCCESS) return Tpm::failed("ask for the PIN", done);
  return {};
}

Result<TPM2B_DIGEST> policy_of(const Tpm& tpm, const TPML_PCR_SELECTION& pcrs, bool has_pin) {
  STRONGROOM_TRY(const ESYS_TR trial, tpm.session(Tpm::Use::Trial, ESYS_TR_NONE));
  STRONGROOM_CHECKED(satisfy(tpm, trial, pcrs, has_pin));
  TPM2B_DIGEST* digest = nullptr;
  const TSS2_RC done = tpm.calls().policy_digest(tpm.context(), trial, ESYS_TR_NONE, ESYS_TR_NONE,
                                                 ESYS_TR_NONE, &digest);
  tpm.flush(trial);
  if (done != TSS2_RC_SUCCESS) return Tpm::failed("make a policy", done);
  const TPM2B_DIGEST copy = *digest;
  tpm.calls().free(digest);
  return copy;
}

/// An object without a use but to be opened; a PIN is protected against being guessed.
TPM2B_PUBLIC sealed_object(const TPM2B_DIGEST& policy, bool has_pin) {
  TPM2B_PUBLIC out{};
  auto& area = out.publicArea;
  area.type = TPM2_ALG_KEYEDHASH;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT;
  if (!has_pin) area.objectAttributes |= TPMA_OBJECT_NODA;
  area.authPolicy = policy;
  area.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
  return out;
}

Result<TPM2B_AUTH> pin_of(const Secret& secret) {
  TPM2B_AUTH out{};
  if (secret.size() > kLongestPin) return refused("The PIN of the seal has at most 32 octets.");
  out.size = static_cast<UINT16>(secret.size());
  secret.reveal([&](ByteView plain) { std::ranges::copy(plain, std::begin(out.buffer)); });
  return out;
}

Result<ByteVector> kept(const Tpm& tpm, const TPM2B_PUBLIC& public_part,
                        const TPM2B_PRIVATE& private_part, const std::string& pcrs) {
  ByteVector first(sizeof(TPM2B_PUBLIC));
  ByteVector second(sizeof(TPM2B_PRIVATE));
  std::size_t first_size = 0;
  std::size_t second_size = 0;
  if (tpm.calls().put_public(&public_part, first.data(), first.size(), &first_size) !=
          TSS2_RC_SUCCESS ||
      tpm.calls().put_private(&private_part, second.data(), second.size(), &second_size) !=
          TSS2_RC_SUCCESS)
    return refused("What the TPM made is not understood.");
  ByteVector out;
  Writer writer(out);
  writer.blob(ByteView(first).first(first_size));
  writer.blob(ByteView(second).first(second_size));
  writer.text(pcrs);
  return out;
}

Result<ByteVector> put_away(const Tpm& tpm, const Job& job, const Secret& key) {
  const std::string& named = job.settings.value("pcrs");
  const bool has_pin = !job.credential.is_empty();
  STRONGROOM_TRY(const auto pcrs, selection_of(named));
  STRONGROOM_TRY(const auto policy, policy_of(tpm, pcrs, has_pin));
  STRONGROOM_TRY(const ESYS_TR parent, tpm.primary());
  STRONGROOM_TRY(const ESYS_TR session, tpm.session(Tpm::Use::Authorize, parent));
  TPM2B_SENSITIVE_CREATE content{};
  STRONGROOM_TRY(content.sensitive.userAuth, pin_of(job.credential));
  content.sensitive.data.size = kKeySize;
  key.reveal(
      [&](ByteView plain) { std::ranges::copy(plain, std::begin(content.sensitive.data.buffer)); });
  const TPM2B_PUBLIC wanted = sealed_object(policy, has_pin);
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION none{};
  TPM2B_PUBLIC* public_part = nullptr;
  TPM2B_PRIVATE* private_part = nullptr;
  const TSS2_RC done = tpm.calls().create(tpm.context(), parent, session, ESYS_TR_NONE,
                                          ESYS_TR_NONE, &content, &wanted, &outside, &none,
                                          &private_part, &public_part, nullptr, nullptr, nullptr);
  wipe(&content, sizeof(content));
  tpm.flush(session);
  tpm.flush(parent);
  if (done != TSS2_RC_SUCCESS) return Tpm::failed("seal", done);
  auto out = kept(tpm, *public_part, *private_part, named);
  tpm.calls().free(public_part);
  tpm.calls().free(private_part);
  return out;
}

struct Kept {
  TPM2B_PUBLIC public_part{};
  TPM2B_PRIVATE private_part{};
  TPML_PCR_SELECTION pcrs{};
};

Result<Kept> read_kept(const Tpm& tpm, ByteView wrapped) {
  Reader reader(wrapped);
  const ByteView first = reader.blob();
  const ByteView second = reader.blob();
  const std::string pcrs(reader.text());
  Kept out;
  std::size_t at = 0;
  std::size_t then = 0;
  if (!reader.is_at_end() ||
      tpm.calls().get_public(first.data(), first.size(), &at, &out.public_part) !=
          TSS2_RC_SUCCESS ||
      tpm.calls().get_private(second.data(), second.size(), &then, &out.private_part) !=
          TSS2_RC_SUCCESS)
    return refused("What is kept of this seal is not of a TPM.");
  STRONGROOM_TRY(out.pcrs, selection_of(pcrs));
  return out;
}

Result<Secret> unseal(const Tpm& tpm, ESYS_TR object, ESYS_TR parent, const Kept& kept,
                      const Secret& pin) {
  STRONGROOM_TRY(const ESYS_TR session, tpm.session(Tpm::Use::Policy, parent));
  STRONGROOM_CHECKED(satisfy(tpm, session, kept.pcrs, !pin.is_empty()));
  STRONGROOM_TRY(const TPM2B_AUTH auth, pin_of(pin));
  (void)tpm.calls().set_auth(tpm.context(), object, &auth);
  TPM2B_SENSITIVE_DATA* content = nullptr;
  const TSS2_RC done =
      tpm.calls().unseal(tpm.context(), object, session, ESYS_TR_NONE, ESYS_TR_NONE, &content);
  tpm.flush(session);
  if (done != TSS2_RC_SUCCESS) return Tpm::failed("open the seal", done);
  Result<Secret> key = refused("What the TPM opened is not the key of a seal.");
  if (content->size == kKeySize) key = Secret(ByteView(content->buffer, kKeySize));
  wipe(content, sizeof(*content));
  tpm.calls().free(content);
  return key;
}

Result<Secret> take_out(const Tpm& tpm, const Job& job, ByteView wrapped) {
  STRONGROOM_TRY(const Kept kept, read_kept(tpm, wrapped));
  STRONGROOM_TRY(const ESYS_TR parent, tpm.primary());
  STRONGROOM_TRY(const ESYS_TR session, tpm.session(Tpm::Use::Authorize, parent));
  ESYS_TR object = ESYS_TR_NONE;
  const TSS2_RC loaded =
      tpm.calls().load(tpm.context(), parent, session, ESYS_TR_NONE, ESYS_TR_NONE,
                       &kept.private_part, &kept.public_part, &object);
  tpm.flush(session);
  if (loaded != TSS2_RC_SUCCESS) {
    tpm.flush(parent);
    return Tpm::failed("load the seal", loaded);
  }
  auto key = unseal(tpm, object, parent, kept, job.credential);
  tpm.flush(object);
  tpm.flush(parent);
  return key;
}

}  // namespace

Result<Outcome> work_at_tpm(const Job& job) {
  const std::string& named = job.settings.value("tcti");
  STRONGROOM_TRY(const Tpm tpm, Tpm::open(named.empty() ? kUsualPlace : named));
  Outcome outcome;
  if (job.action == Action::Open) {
    STRONGROOM_TRY(outcome.key, take_out(tpm, job, job.wrapped));
    return outcome;
  }
  outcome.key = crypto::random_secret(kKeySize);
  STRONGROOM_TRY(outcome.wrapped, put_away(tpm, job, outcome.key));
  // It opens again, or it was not made.
  STRONGROOM_TRY(const Secret opened, take_out(tpm, job, outcome.wrapped));
  if (!opened.equals(outcome.key)) return refused("The TPM gave another key back.");
  return outcome;
}

}  // namespace strongroom::sealer
