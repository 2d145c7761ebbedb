// A seal at a token: 32 random octets, encrypted or wrapped by a key that never leaves it.
//
// What comes out is one octet for the way, one for the length of an initialisation vector, that
// vector, and what the token made. The way is chosen when the seal is made, by the key's type and
// what the token has; it opens in the same way only. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "crypto/crypto.h"
#include "sealer/token.h"
#include "sealer/work.h"

namespace strongroom::sealer {
namespace {

using external_seal::Action;
using external_seal::Job;
using external_seal::kKeySize;
using external_seal::Outcome;

/// Numbers are in databases: they stay.
enum class Way : std::uint8_t { AesGcm = 1, AesKeyWrap = 2, OaepSha256 = 3, OaepSha1 = 4 };

constexpr std::size_t kVectorSize = 12;
constexpr CK_ULONG kTagBits = 128;
constexpr std::size_t kMaxMade = 2048;
constexpr std::string_view kAssociated = "strongroom external seal 1";

/// What a way's mechanism is called by; its parameters lie in the same place as it.
struct Mechanism {
  explicit Mechanism(Way of, ByteView vector) : way(of) {
    std::ranges::copy(vector.first(std::min(vector.size(), kVectorSize)), iv.begin());
    switch (way) {
      case Way::AesGcm:
        gcm = {iv.data(),          kVectorSize, kVectorSize * 8, read_only(bytes_of(kAssociated)),
               kAssociated.size(), kTagBits};
        call = {CKM_AES_GCM, &gcm, sizeof(gcm)};
        break;
      case Way::AesKeyWrap:
        call = {CKM_AES_KEY_WRAP, nullptr, 0};
        break;
      case Way::OaepSha256:
        oaep = {CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, nullptr, 0};
        call = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
        break;
      case Way::OaepSha1:
        oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
        call = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
        break;
    }
  }
  Mechanism(const Mechanism&) = delete;
  Mechanism& operator=(const Mechanism&) = delete;
  Way way;
  std::array<CK_BYTE, kVectorSize> iv{};
  CK_GCM_PARAMS gcm{};
  CK_RSA_PKCS_OAEP_PARAMS oaep{};
  CK_MECHANISM call{};
};

bool is_rsa(Way way) {
  return way == Way::OaepSha256 || way == Way::OaepSha1;
}

std::unexpected<Error> no_key(const Job& job) {
  return refused("The token '" + job.settings.value("token") + "' has no key '" +
                 job.settings.value("key") + "' that could be used for a seal.");
}

/// Takes part in a session only, and goes with it.
Result<CK_OBJECT_HANDLE> put_in(const Token& token, const Secret& key) {
  CK_OBJECT_CLASS of = CKO_SECRET_KEY;
  CK_KEY_TYPE type = CKK_GENERIC_SECRET;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  CK_OBJECT_HANDLE object = 0;
  const CK_RV done = key.reveal([&](ByteView plain) {
    std::array<CK_ATTRIBUTE, 6> attributes = {{{CKA_CLASS, &of, sizeof(of)},
                                               {CKA_KEY_TYPE, &type, sizeof(type)},
                                               {CKA_TOKEN, &no, sizeof(no)},
                                               {CKA_SENSITIVE, &no, sizeof(no)},
                                               {CKA_EXTRACTABLE, &yes, sizeof(yes)},
                                               {CKA_VALUE, read_only(plain), plain.size()}}};
    return token.calls().C_CreateObject(token.session(), attributes.data(), attributes.size(),
                                        &object);
  });
  if (done != CKR_OK) return token.failed("put in what is to be wrapped", done);
  return object;
}

Result<ByteVector> wrap(const Token& token, CK_OBJECT_HANDLE by, Mechanism& mechanism,
                        const Secret& key) {
  STRONGROOM_TRY(const CK_OBJECT_HANDLE object, put_in(token, key));
  ByteVector made(kMaxMade);
  CK_ULONG size = made.size();
  const CK_RV done =
      token.calls().C_WrapKey(token.session(), &mechanism.call, by, object, made.data(), &size);
  if (done != CKR_OK) return token.failed("wrap the key", done);
  made.resize(std::min<std::size_t>(size, kMaxMade));
  return made;
}

Result<Secret> unwrap(const Token& token, CK_OBJECT_HANDLE by, Mechanism& mechanism,
                      ByteView made) {
  CK_OBJECT_CLASS of = CKO_SECRET_KEY;
  CK_KEY_TYPE type = CKK_GENERIC_SECRET;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  CK_ULONG length = kKeySize;
  std::array<CK_ATTRIBUTE, 6> attributes = {{{CKA_CLASS, &of, sizeof(of)},
                                             {CKA_KEY_TYPE, &type, sizeof(type)},
                                             {CKA_TOKEN, &no, sizeof(no)},
                                             {CKA_SENSITIVE, &no, sizeof(no)},
                                             {CKA_EXTRACTABLE, &yes, sizeof(yes)},
                                             {CKA_VALUE_LEN, &length, sizeof(length)}}};
  CK_OBJECT_HANDLE object = 0;
  CK_RV done =
      token.calls().C_UnwrapKey(token.session(), &mechanism.call, by, read_only(made), made.size(),
                                attributes.data(), attributes.size(), &object);
  // Some say the length themselves, and refuse to be told.
  if (done == CKR_ATTRIBUTE_READ_ONLY || done == CKR_TEMPLATE_INCONSISTENT)
    done =
        token.calls().C_UnwrapKey(token.session(), &mechanism.call, by, read_only(made),
                                  made.size(), attributes.data(), attributes.size() - 1, &object);
  if (done != CKR_OK) return token.failed("unwrap the key", done);
  Secret key = Secret::of_size(kKeySize);
  const CK_RV read = key.reveal_mutable([&](MutableBytes out) {
    CK_ATTRIBUTE value{CKA_VALUE, out.data(), out.size()};
    const CK_RV got = token.calls().C_GetAttributeValue(token.session(), object, &value, 1);
    return got == CKR_OK && value.ulValueLen != kKeySize ? CKR_DATA_LEN_RANGE : got;
  });
  if (read != CKR_OK) return token.failed("read what was unwrapped", read);
  return key;
}

Result<ByteVector> encrypt(const Token& token, CK_OBJECT_HANDLE by, Mechanism& mechanism,
                           const Secret& key) {
  CK_RV done = token.calls().C_EncryptInit(token.session(), &mechanism.call, by);
  ByteVector made(kMaxMade);
  CK_ULONG size = made.size();
  if (done == CKR_OK)
    done = key.reveal([&](ByteView plain) {
      return token.calls().C_Encrypt(token.session(), read_only(plain), plain.size(), made.data(),
                                     &size);
    });
  if (done != CKR_OK) return token.failed("encrypt the key", done);
  made.resize(std::min<std::size_t>(size, kMaxMade));
  return made;
}

Result<Secret> decrypt(const Token& token, CK_OBJECT_HANDLE by, Mechanism& mechanism,
                       ByteView made) {
  CK_RV done = token.calls().C_DecryptInit(token.session(), &mechanism.call, by);
  // Some want room for all that came in.
  Secret plain = Secret::of_size(std::max(made.size(), kKeySize));
  CK_ULONG size = plain.size();
  if (done == CKR_OK)
    done = plain.reveal_mutable([&](MutableBytes out) {
      return token.calls().C_Decrypt(token.session(), read_only(made), made.size(), out.data(),
                                     &size);
    });
  if (done == CKR_OK && size != kKeySize) done = CKR_DATA_LEN_RANGE;
  if (done != CKR_OK) return token.failed("decrypt the seal's key", done);
  plain.shrink(kKeySize);
  return plain;
}

Result<ByteVector> put_away(const Token& token, CK_OBJECT_HANDLE by, Way way, const Secret& key) {
  std::array<std::uint8_t, kVectorSize> vector{};
  if (way == Way::AesGcm) crypto::random(vector);
  Mechanism mechanism(way, vector);
  STRONGROOM_TRY(const ByteVector made, way == Way::AesKeyWrap
                                            ? wrap(token, by, mechanism, key)
                                            : encrypt(token, by, mechanism, key));
  ByteVector out{static_cast<std::uint8_t>(way),
                 static_cast<std::uint8_t>(way == Way::AesGcm ? kVectorSize : 0)};
  if (way == Way::AesGcm) out.insert(out.end(), mechanism.iv.begin(), mechanism.iv.end());
  out.insert(out.end(), made.begin(), made.end());
  return out;
}

Result<Secret> take_out(const Job& job, const Token& token, ByteView wrapped) {
  const auto number = wrapped.empty() ? std::uint8_t{0} : wrapped[0];
  const std::size_t vector_size = wrapped.size() < 2 ? 0 : wrapped[1];
  const Way way{number};
  const std::size_t wanted = way == Way::AesGcm ? kVectorSize : 0;
  if (number < 1 || number > 4 || vector_size != wanted || wrapped.size() < 2 + vector_size)
    return refused("What is kept of this seal is not of a PKCS#11 token.");
  Mechanism mechanism(way, wrapped.subspan(2, vector_size));
  const ByteView made = wrapped.subspan(2 + vector_size);
  STRONGROOM_TRY(
      const CK_OBJECT_HANDLE by,
      token.find(is_rsa(way) ? CKO_PRIVATE_KEY : CKO_SECRET_KEY, job.settings.value("key")));
  if (by == 0) return no_key(job);
  return way == Way::AesKeyWrap ? unwrap(token, by, mechanism, made)
                                : decrypt(token, by, mechanism, made);
}

/// The ways to try, the best first, for what the token has.
std::vector<Way> ways_for(const Token& token, bool by_rsa) {
  std::vector<Way> ways;
  if (by_rsa) {
    if (token.has(CKM_RSA_PKCS_OAEP, CKF_DECRYPT)) ways = {Way::OaepSha256, Way::OaepSha1};
    return ways;
  }
  if (token.has(CKM_AES_GCM, CKF_ENCRYPT)) ways.push_back(Way::AesGcm);
  if (token.has(CKM_AES_KEY_WRAP, CKF_WRAP)) ways.push_back(Way::AesKeyWrap);
  return ways;
}

Result<Outcome> make(const Job& job, const Token& token) {
  const std::string& name = job.settings.value("key");
  STRONGROOM_TRY(CK_OBJECT_HANDLE by, token.find(CKO_SECRET_KEY, name));
  const bool by_rsa = by == 0;
  if (by_rsa) {
    STRONGROOM_TRY(by, token.find(CKO_PUBLIC_KEY, name));
  }
  if (by == 0 || token.type_of(by) != (by_rsa ? CKK_RSA : CKK_AES)) return no_key(job);
  Outcome outcome;
  outcome.key = crypto::random_secret(kKeySize);
  Result<ByteVector> made = no_key(job);
  for (const Way way : ways_for(token, by_rsa)) {
    made = put_away(token, by, way, outcome.key);
    if (!made) continue;
    outcome.wrapped = std::move(*made);
    // It opens again, or it was not made.
    auto opened = take_out(job, token, outcome.wrapped);
    if (opened && opened->equals(outcome.key)) return outcome;
    made = opened ? Result<ByteVector>(refused("The token gave another key back."))
                  : std::unexpected(std::move(opened).error());
  }
  return std::unexpected(std::move(made).error());
}

}  // namespace

Result<Outcome> work_at_token(const Job& job) {
  STRONGROOM_TRY(
      const Token token,
      Token::open({job.settings.value("module"), job.settings.value("token")}, job.credential));
  if (job.action == Action::Make) return make(job, token);
  Outcome outcome;
  STRONGROOM_TRY(outcome.key, take_out(job, token, job.wrapped));
  return outcome;
}

}  // namespace strongroom::sealer
