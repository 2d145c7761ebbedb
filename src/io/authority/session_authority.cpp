// SPDX-License-Identifier: Apache-2.0
#include "io/authority/session_authority.h"

#include <openssl/x509v3.h>

#include "io/authority/certificate_host.h"
#include "io/authority/certificate_making.h"
#include "io/authority/state.h"

namespace strongroom::io {
namespace {

constexpr std::size_t kLongestSessionName = 44;
constexpr std::size_t kMostHosts = 256;

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

}  // namespace

SessionAuthority::SessionAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
SessionAuthority::SessionAuthority(SessionAuthority&&) noexcept = default;
SessionAuthority& SessionAuthority::operator=(SessionAuthority&&) noexcept = default;
SessionAuthority::~SessionAuthority() = default;

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

const std::string& SessionAuthority::certificate_pem() const {
  return state_->pem;
}

const Validity& SessionAuthority::validity() const {
  return state_->validity;
}

}  // namespace strongroom::io
