// Fuzzes what services that hold seals' keys answer, and what the sealer says: nothing crashes, a
// key has 32 octets or there is none, and no error says anything of the answer. The first octet
// chooses the reader. SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "external_seal/job.h"
#include "sealer/answers.h"
#include "sealer/signature_v4.h"

using namespace strongroom;

namespace {

void check_key(const Result<Secret>& key) {
  if (key) return STRONGROOM_CHECK(key->size() == external_seal::kKeySize, "a key is whole");
  for (const char c : key.error().message)
    STRONGROOM_CHECK(c >= ' ' && c <= '~', "an error is ours alone");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static constexpr int kStatuses[] = {200, 204, 400, 403, 404, 503};
  const int status = kStatuses[(data[0] >> 3U) % 6];
  const ByteView octets(data + 1, size - 1);
  const std::string_view text = text_of(octets);
  switch (data[0] & 7U) {
    case 0:
      check_key(sealer::read_transit_plaintext(status, text, "key"));
      break;
    case 1:
      check_key(sealer::read_kms_plaintext(status, text));
      break;
    case 2:
      (void)sealer::read_transit_ciphertext(status, text, "key");
      break;
    case 3:
      (void)sealer::read_kms_ciphertext(status, text);
      break;
    case 4:
      (void)sealer::read_login(status, text);
      break;
    case 5:
      (void)sealer::read_aws_credentials(text, "default");
      break;
    case 6:
      (void)external_seal::decode_job(octets);
      break;
    default: {
      const auto outcome = external_seal::decode_outcome(octets, external_seal::Action::Open);
      if (outcome)
        STRONGROOM_CHECK(outcome->key.size() == external_seal::kKeySize, "a key is whole");
    }
  }
  return 0;
}
