// SPDX-License-Identifier: Apache-2.0
#include "io/authority/session_authority.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <optional>

#include "io/authority/certificate_host.h"
#include "io/authority/certificate_making.h"
#include "io/authority/state.h"

namespace strongroom::io {
namespace {

using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using KeyInfo = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Freer<PKCS8_PRIV_KEY_INFO_free>>;

constexpr std::size_t kLongestSessionName = 44;
constexpr std::size_t kMostHosts = 256;
constexpr std::size_t kLargestPem = 16_KiB;

/// RFC 5280 4.2.1.10. A form of name that nothing permits would be free for all: names are then
/// confined to a domain that cannot exist (RFC 6761 6.4), addresses excluded as a whole.
Result<std::string> name_constraints(const std::vector<std::string>& hosts) {
  if (hosts.size() > kMostHosts)
    return fail(Code::TooLarge, "A session's authority is confined to at most 256 hosts.");
  std::string out = "critical";
  bool has_name = false;
  bool has_address = false;
  for (const auto& host : hosts) {
    STRONGROOM_TRY(const auto known, certificate_host(host));
    (known.is_address ? has_address : has_name) = true;
    const bool is_six = known.text.find(':') != std::string::npos;
    const char* const whole =
        is_six ? "/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" : "/255.255.255.255";
    out +=
        known.is_address ? ",permitted;IP:" + known.text + whole : ",permitted;DNS:" + known.text;
  }
  if (!has_name) out += ",permitted;DNS:invalid";
  if (!has_address) out += ",excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:::/::";
  return out;
}

bool add(X509* certificate, int id, const std::string& value) {
  const Extension extension = make_extension(certificate, certificate, id, value);
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

std::optional<WallTime> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 32> group{};
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(),
                                        nullptr) == 1 &&
         std::string_view(group.data()) == SN_X9_62_prime256v1;
}

/// As self_signed() makes them.
bool is_authority(X509* certificate, EVP_PKEY* key) {
  return X509_check_ca(certificate) == 1 && X509_get_pathlen(certificate) == 0 &&
         (X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) != 0 &&
         X509_get0_subject_key_id(certificate) != nullptr && is_p256(key) &&
         X509_check_private_key(certificate, key) == 1 && X509_verify(certificate, key) == 1;
}

Key read_key(const Secret& private_key) {
  return private_key.reveal([](ByteView plain) {
    const unsigned char* at = plain.data();
    const KeyInfo info(d2i_PKCS8_PRIV_KEY_INFO(nullptr, &at, static_cast<long>(plain.size())));
    const bool is_whole = info != nullptr && at == plain.data() + plain.size();
    return Key(is_whole ? EVP_PKCS82PKEY(info.get()) : nullptr);
  });
}

}  // namespace

SessionAuthority::SessionAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
SessionAuthority::SessionAuthority(SessionAuthority&&) noexcept = default;
SessionAuthority& SessionAuthority::operator=(SessionAuthority&&) noexcept = default;
SessionAuthority::~SessionAuthority() = default;

Result<SessionAuthority> SessionAuthority::generate(const AuthorityFacts& facts) {
  auto state = std::make_unique<State>();
  state->key = new_key();
  return self_signed(std::move(state), facts);
}

Result<SessionAuthority> SessionAuthority::from_seed(const Secret& seed,
                                                     const AuthorityFacts& facts) {
  constexpr std::size_t kSeed = 32;
  if (seed.size() != kSeed)
    return fail(Code::Invalid, "The seed of a session's authority has 32 octets.");
  auto state = std::make_unique<State>();
  state->key = key_of_seed(seed);
  return self_signed(std::move(state), facts);
}

Result<SessionAuthority> SessionAuthority::self_signed(std::unique_ptr<State> state,
                                                       const AuthorityFacts& facts) {
  if (facts.session.empty() || facts.session.size() > kLongestSessionName)
    return fail(Code::Invalid, "A session's name has 1 to 44 characters.");
  if (facts.length <= std::chrono::seconds(0) || facts.length > kLongest)
    return fail(Code::Invalid, "A session's authority lives between 1 second and 8 days.");
  using std::chrono::floor, std::chrono::seconds;
  state->validity = {floor<seconds>(facts.now - kBackdating),
                     floor<seconds>(facts.now + facts.length)};
  state->certificate =
      begin_certificate({"Strongroom", "Strongroom session " + facts.session}, state->validity);
  X509* self = state->certificate.get();
  if (self == nullptr || state->key == nullptr) return std::unexpected(making_failed());
  X509_set_issuer_name(self, X509_get_subject_name(self));
  X509_set_pubkey(self, state->key.get());
  bool is_made = add(self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                 add(self, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                 add(self, NID_subject_key_identifier, "hash");
  if (!facts.only_hosts.empty()) {
    STRONGROOM_TRY(const auto constraints, name_constraints(facts.only_hosts));
    is_made = is_made && add(self, NID_name_constraints, constraints);
  }
  if (!is_made || X509_sign(self, state->key.get(), EVP_sha256()) <= 0)
    return std::unexpected(making_failed());
  state->pem = pem_of(self);
  return SessionAuthority(std::move(state));
}

Result<SessionAuthority> SessionAuthority::from_parts(const std::string& certificate_pem,
                                                      const Secret& private_key) {
  auto state = std::make_unique<State>();
  const Bio bio(
      certificate_pem.size() > kLargestPem
          ? nullptr
          : BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
  if (bio != nullptr)
    state->certificate.reset(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  state->key = read_key(private_key);
  const bool is_usable = state->certificate != nullptr && state->key != nullptr &&
                         is_authority(state->certificate.get(), state->key.get());
  ERR_clear_error();
  if (!is_usable)
    return fail(Code::Invalid, "This is no certificate of a session's authority with its key.");
  const auto from = time_of(X509_get0_notBefore(state->certificate.get()));
  const auto until = time_of(X509_get0_notAfter(state->certificate.get()));
  if (!from || !until) return fail(Code::Invalid, "The authority's certificate has no times.");
  state->validity = {*from, *until};
  state->pem = pem_of(state->certificate.get());
  return SessionAuthority(std::move(state));
}

const std::string& SessionAuthority::certificate_pem() const {
  return state_->pem;
}

Result<Secret> SessionAuthority::private_key() const {
  const KeyInfo info(EVP_PKEY2PKCS8(state_->key.get()));
  unsigned char* der = nullptr;
  const int size = info == nullptr ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  if (size <= 0) return std::unexpected(making_failed());
  Secret out(ByteView(der, static_cast<std::size_t>(size)));
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return out;
}

const Validity& SessionAuthority::validity() const {
  return state_->validity;
}

}  // namespace strongroom::io
