// SPDX-License-Identifier: Apache-2.0
#include "sealer/tpm.h"

#include <dlfcn.h>

#include <array>

#include "base/encoding.h"
#include "sealer/work.h"

namespace strongroom::sealer {
namespace {

/// By name, from one library; the type is the declaration's.
class Library {
 public:
  explicit Library(const char* name) : handle_(::dlopen(name, RTLD_NOW | RTLD_LOCAL)) {}
  template <class Function>
  void find(Function& function, const char* name) {
    if (handle_ != nullptr) function = reinterpret_cast<Function>(::dlsym(handle_, name));
    is_whole_ = is_whole_ && handle_ != nullptr && function != nullptr;
  }
  [[nodiscard]] bool is_whole() const { return is_whole_; }

 private:
  void* handle_;
  bool is_whole_ = true;
};

/// Open for as long as this process lives.
bool find_calls(TssCalls& calls) {
  Library loader("libtss2-tctildr.so.0");
  loader.find(calls.tcti_initialize, "Tss2_TctiLdr_Initialize");
  Library marshalling("libtss2-mu.so.0");
  marshalling.find(calls.put_public, "Tss2_MU_TPM2B_PUBLIC_Marshal");
  marshalling.find(calls.get_public, "Tss2_MU_TPM2B_PUBLIC_Unmarshal");
  marshalling.find(calls.put_private, "Tss2_MU_TPM2B_PRIVATE_Marshal");
  marshalling.find(calls.get_private, "Tss2_MU_TPM2B_PRIVATE_Unmarshal");
  Library esys("libtss2-esys.so.0");
  esys.find(calls.initialize, "Esys_Initialize");
  esys.find(calls.free, "Esys_Free");
  esys.find(calls.create_primary, "Esys_CreatePrimary");
  esys.find(calls.create, "Esys_Create");
  esys.find(calls.load, "Esys_Load");
  esys.find(calls.unseal, "Esys_Unseal");
  esys.find(calls.start_session, "Esys_StartAuthSession");
  esys.find(calls.set_attributes, "Esys_TRSess_SetAttributes");
  esys.find(calls.set_auth, "Esys_TR_SetAuth");
  esys.find(calls.policy_pcr, "Esys_PolicyPCR");
  esys.find(calls.policy_auth, "Esys_PolicyAuthValue");
  esys.find(calls.policy_digest, "Esys_PolicyGetDigest");
  esys.find(calls.flush, "Esys_FlushContext");
  esys.find(calls.find_object, "Esys_TR_FromTPMPublic");
  esys.find(calls.define_memory, "Esys_NV_DefineSpace");
  esys.find(calls.read_memory, "Esys_NV_Read");
  esys.find(calls.raise_counter, "Esys_NV_Increment");
  return loader.is_whole() && marshalling.is_whole() && esys.is_whole();
}

/// The TCG's own template of a storage key of P-256: the same in each making.
TPM2B_PUBLIC storage_key() {
  TPM2B_PUBLIC out{};
  auto& area = out.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                          TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                          TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  auto& details = area.parameters.eccDetail;
  details.symmetric.algorithm = TPM2_ALG_AES;
  details.symmetric.keyBits.aes = 128;
  details.symmetric.mode.aes = TPM2_ALG_CFB;
  details.scheme.scheme = TPM2_ALG_NULL;
  details.curveID = TPM2_ECC_NIST_P256;
  details.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

std::string number_of(TSS2_RC why) {
  const std::array<std::uint8_t, 4> octets = {
      static_cast<std::uint8_t>(why >> 24U), static_cast<std::uint8_t>(why >> 16U),
      static_cast<std::uint8_t>(why >> 8U), static_cast<std::uint8_t>(why)};
  return "0x" + to_hex(octets);
}

}  // namespace

TSS2_RC Tpm::plain(TSS2_RC why) {
  constexpr TSS2_RC kTpmPart = 0xFFFF;
  constexpr TSS2_RC kFormatOne = 0x080;
  why &= kTpmPart;
  return (why & kFormatOne) != 0 ? why & (kFormatOne | 0x03FU) : why;
}

std::unexpected<Error> Tpm::failed(const std::string& what, TSS2_RC why) {
  switch (plain(why)) {
    case TPM2_RC_POLICY_FAIL:
    case TPM2_RC_PCR_CHANGED:
      return refused(
          "What the TPM has measured of this machine is not what it was when the seal was "
          "made, so it does not open.");
    case TPM2_RC_AUTH_FAIL:
    case TPM2_RC_BAD_AUTH:
      return refused("The PIN is not the one that the TPM knows for this seal.");
    case TPM2_RC_LOCKOUT:
      return refused("The TPM takes no PIN at the moment, after too many wrong ones.");
    case TPM2_RC_INTEGRITY:
      return refused("This seal was made by another TPM, or by this one before it was cleared.");
    default:
      return unreachable("It was not possible to " + what + " by the TPM (error " + number_of(why) +
                         ").");
  }
}

Result<Tpm> Tpm::open(const std::string& place) {
  Tpm tpm;
  if (!find_calls(tpm.calls_))
    return refused("The libraries of tpm2-tss are not installed (libtss2-esys, libtss2-tctildr).");
  TSS2_TCTI_CONTEXT* way = nullptr;
  if (tpm.calls_.tcti_initialize(place.c_str(), &way) != TSS2_RC_SUCCESS)
    return unreachable("There is no TPM at " + place + ".");
  if (const TSS2_RC begun = tpm.calls_.initialize(&tpm.context_, way, nullptr);
      begun != TSS2_RC_SUCCESS)
    return failed("begin", begun);
  return tpm;
}

Result<ESYS_TR> Tpm::primary() const {
  const TPM2B_PUBLIC wanted = storage_key();
  const TPM2B_SENSITIVE_CREATE nothing{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION none{};
  ESYS_TR made = ESYS_TR_NONE;
  const TSS2_RC done = calls_.create_primary(
      context_, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &nothing, &wanted,
      &outside, &none, &made, nullptr, nullptr, nullptr, nullptr);
  if (done != TSS2_RC_SUCCESS) return failed("make a storage key", done);
  return made;
}

Result<ESYS_TR> Tpm::session(Use use, ESYS_TR salted_by) const {
  TPMT_SYM_DEF by{};
  by.algorithm = TPM2_ALG_AES;
  by.keyBits.aes = 128;
  by.mode.aes = TPM2_ALG_CFB;
  const TPM2_SE kind = use == Use::Authorize ? TPM2_SE_HMAC
                       : use == Use::Policy  ? TPM2_SE_POLICY
                                             : TPM2_SE_TRIAL;
  ESYS_TR made = ESYS_TR_NONE;
  const TSS2_RC done =
      calls_.start_session(context_, salted_by, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                           ESYS_TR_NONE, nullptr, kind, &by, TPM2_ALG_SHA256, &made);
  if (done != TSS2_RC_SUCCESS) return failed("begin a session", done);
  if (use == Use::Trial) return made;
  TPMA_SESSION wanted = TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT | TPMA_SESSION_ENCRYPT;
  if (use == Use::Policy) wanted &= ~TPMA_SESSION_DECRYPT;
  // Keyed by the object's own secret alone, it authenticates, and there is nothing to encrypt.
  if (salted_by == ESYS_TR_NONE) wanted = TPMA_SESSION_CONTINUESESSION;
  const TPMA_SESSION changed = 0xFF;
  const TSS2_RC set = calls_.set_attributes(context_, made, wanted, changed);
  if (set != TSS2_RC_SUCCESS) return failed("encrypt a session", set);
  return made;
}

}  // namespace strongroom::sealer
