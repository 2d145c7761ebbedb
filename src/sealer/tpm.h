// Tpm: a TPM 2.0 by tpm2-tss, whose libraries are opened when they are needed: a machine without a
// TPM needs none of them. Threads: one. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>
#include <tss2/tss2_tctildr.h>

#include <string>

#include "base/result.h"

namespace strongroom::sealer {

/// The functions that are used, as their libraries have them.
struct TssCalls {
  decltype(&::Tss2_TctiLdr_Initialize) tcti_initialize = nullptr;
  decltype(&::Esys_Initialize) initialize = nullptr;
  decltype(&::Esys_Free) free = nullptr;
  decltype(&::Esys_CreatePrimary) create_primary = nullptr;
  decltype(&::Esys_Create) create = nullptr;
  decltype(&::Esys_Load) load = nullptr;
  decltype(&::Esys_Unseal) unseal = nullptr;
  decltype(&::Esys_StartAuthSession) start_session = nullptr;
  decltype(&::Esys_TRSess_SetAttributes) set_attributes = nullptr;
  decltype(&::Esys_TR_SetAuth) set_auth = nullptr;
  decltype(&::Esys_PolicyPCR) policy_pcr = nullptr;
  decltype(&::Esys_PolicyAuthValue) policy_auth = nullptr;
  decltype(&::Esys_PolicyGetDigest) policy_digest = nullptr;
  decltype(&::Esys_FlushContext) flush = nullptr;
  decltype(&::Esys_TR_FromTPMPublic) find_object = nullptr;
  decltype(&::Esys_NV_DefineSpace) define_memory = nullptr;
  decltype(&::Esys_NV_Read) read_memory = nullptr;
  decltype(&::Esys_NV_Increment) raise_counter = nullptr;
  decltype(&::Tss2_MU_TPM2B_PUBLIC_Marshal) put_public = nullptr;
  decltype(&::Tss2_MU_TPM2B_PUBLIC_Unmarshal) get_public = nullptr;
  decltype(&::Tss2_MU_TPM2B_PRIVATE_Marshal) put_private = nullptr;
  decltype(&::Tss2_MU_TPM2B_PRIVATE_Unmarshal) get_private = nullptr;
};

class Tpm {
 public:
  /// `place`: as tpm2-tss names it, "device:/dev/tpmrm0".
  static Result<Tpm> open(const std::string& place);
  Tpm(Tpm&& other) noexcept = default;
  Tpm& operator=(Tpm&&) = delete;
  ~Tpm() = default;

  [[nodiscard]] const TssCalls& calls() const { return calls_; }
  [[nodiscard]] ESYS_CONTEXT* context() const { return context_; }
  /// The storage key that this TPM makes the same each time.
  [[nodiscard]] Result<ESYS_TR> primary() const;
  enum class Use : std::uint8_t { Authorize, Policy, Trial };
  /// What goes in and comes out by it is encrypted for `salted_by`, against who listens on the
  /// wires. ESYS_TR_NONE: it only authenticates, by the secret of what it is used for.
  [[nodiscard]] Result<ESYS_TR> session(Use use, ESYS_TR salted_by) const;
  /// Sessions and objects are few in a TPM without a resource manager.
  void flush(ESYS_TR what) const { (void)calls_.flush(context_, what); }
  /// What it is about, without the layer it comes from and the parameter or session.
  [[nodiscard]] static TSS2_RC plain(TSS2_RC why);
  /// `what` says what was tried.
  [[nodiscard]] static std::unexpected<Error> failed(const std::string& what, TSS2_RC why);

 private:
  Tpm() = default;
  TssCalls calls_;
  ESYS_CONTEXT* context_ = nullptr;
};

}  // namespace strongroom::sealer
