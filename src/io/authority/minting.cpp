// How a SessionAuthority mints: all that leaves have in common is made once, so that a leaf costs
// little more than its signature. SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <algorithm>
#include <array>

#include "io/authority/certificate_host.h"
#include "io/authority/leaf_state.h"
#include "io/authority/session_authority.h"
#include "io/authority/state.h"

namespace strongroom::io {
namespace {

using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;
using Name = std::unique_ptr<GENERAL_NAME, Freer<GENERAL_NAME_free>>;
using Octets = std::unique_ptr<ASN1_OCTET_STRING, Freer<ASN1_OCTET_STRING_free>>;
using Text = std::unique_ptr<ASN1_IA5STRING, Freer<ASN1_IA5STRING_free>>;

constexpr std::size_t kLongestCommonName = 64;  // RFC 5280 A.1, ub-common-name

/// The public half of `key` as a key that no provider holds. OpenSSL 3.0 puts a provider's key into
/// a certificate through its chain of encoders and decoders, which costs as much as six signatures;
/// such a one it writes directly. Where that is no longer so, it answers null.
Key quick_public_key(EVP_PKEY* key) {
  Key out(EVP_PKEY_new());
  unsigned char* point = nullptr;
  const std::size_t size = EVP_PKEY_get1_encoded_public_key(key, &point);
  const bool is_made = out != nullptr && size > 0 &&
                       EVP_PKEY_set_type(out.get(), EVP_PKEY_EC) == 1 &&
                       EVP_PKEY_copy_parameters(out.get(), key) == 1 &&
                       EVP_PKEY_set1_encoded_public_key(out.get(), point, size) == 1 &&
                       EVP_PKEY_eq(out.get(), key) == 1;
  OPENSSL_free(point);
  return is_made ? std::move(out) : nullptr;
}

Key another(EVP_PKEY* key) {
  return Key(EVP_PKEY_up_ref(key) == 1 ? key : nullptr);
}

/// RFC 5280 4.2.1. The key identifier of the subject is that of the shared key.
bool make_mould(LeafMould& mould, X509* issuer) {
  mould.key = new_key();
  if (mould.key == nullptr) return false;
  mould.public_key = quick_public_key(mould.key.get());
  if (mould.public_key == nullptr) mould.public_key = another(mould.key.get());
  const Cert model(X509_new());
  if (model == nullptr || X509_set_pubkey(model.get(), mould.public_key.get()) != 1) return false;
  struct Common {
    int id;
    const char* value;
  };
  constexpr std::array<Common, 5> kCommon = {{
      {NID_basic_constraints, "critical,CA:FALSE"},
      {NID_key_usage, "critical,digitalSignature"},
      {NID_ext_key_usage, "serverAuth"},
      {NID_subject_key_identifier, "hash"},
      {NID_authority_key_identifier, "keyid:always"},
  }};
  mould.extensions.clear();
  for (const auto& [id, value] : kCommon)
    mould.extensions.push_back(make_extension(model.get(), issuer, id, value));
  return std::ranges::none_of(mould.extensions, [](const auto& each) { return each == nullptr; });
}

/// RFC 5280 4.2.1.6: an address as its octets, a name as it is.
Name name_of(const CertificateHost& host) {
  Name name(GENERAL_NAME_new());
  if (name == nullptr) return nullptr;
  if (!host.is_address) {
    Text text(ASN1_IA5STRING_new());
    if (text == nullptr ||
        ASN1_STRING_set(text.get(), host.text.data(), static_cast<int>(host.text.size())) != 1)
      return nullptr;
    GENERAL_NAME_set0_value(name.get(), GEN_DNS, text.release());
    return name;
  }
  const int family = host.text.find(':') == std::string::npos ? AF_INET : AF_INET6;
  std::array<unsigned char, sizeof(in6_addr)> address{};
  const int size = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  Octets octets(ASN1_OCTET_STRING_new());
  if (::inet_pton(family, host.text.c_str(), address.data()) != 1 || octets == nullptr ||
      ASN1_OCTET_STRING_set(octets.get(), address.data(), size) != 1)
    return nullptr;
  GENERAL_NAME_set0_value(name.get(), GEN_IPADD, octets.release());
  return name;
}

bool add_host(X509* certificate, const CertificateHost& host) {
  const Names names(GENERAL_NAMES_new());
  Name name = name_of(host);
  if (names == nullptr || name == nullptr || sk_GENERAL_NAME_push(names.get(), name.get()) <= 0)
    return false;
  (void)name.release();
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) ==
         1;
}

}  // namespace

Result<Leaf> SessionAuthority::mint(std::string_view host, WallTime now) {
  State& state = *state_;
  STRONGROOM_TRY(const auto known, certificate_host(host));
  if (now > state.validity.until)
    return fail(Code::Expired, "The session's certificate authority has expired.",
                "authority_expired");
  if (state.mould.extensions.empty() && !make_mould(state.mould, state.certificate.get())) {
    state.mould = {};
    return std::unexpected(making_failed());
  }
  const WallTime from = std::max<WallTime>(
      std::chrono::floor<std::chrono::seconds>(now - kBackdating), state.validity.from);
  const Validity validity{from, std::min<WallTime>(from + kLeafLength, state.validity.until)};
  // Clients look at the SAN. The common name is for people; an address there would be taken for a
  // host name by those who check name constraints.
  const bool has_common_name = !known.is_address && known.text.size() <= kLongestCommonName;
  Cert certificate = begin_certificate({"Strongroom", has_common_name ? known.text : ""}, validity);
  X509* leaf = certificate.get();
  const bool is_made =
      leaf != nullptr &&
      X509_set_issuer_name(leaf, X509_get_subject_name(state.certificate.get())) == 1 &&
      X509_set_pubkey(leaf, state.mould.public_key.get()) == 1 && add_host(leaf, known) &&
      std::ranges::all_of(
          state.mould.extensions,
          [&](const Extension& each) { return X509_add_ext(leaf, each.get(), -1) == 1; }) &&
      X509_sign(leaf, state.key.get(), EVP_sha256()) > 0;
  if (!is_made) return std::unexpected(making_failed());
  return Leaf(std::make_shared<const Leaf::State>(validity, std::move(certificate),
                                                  another(state.mould.key.get())));
}

const Validity& Leaf::validity() const {
  return state_->validity;
}
std::string Leaf::certificate_pem() const {
  return pem_of(state_->certificate.get());
}

}  // namespace strongroom::io
