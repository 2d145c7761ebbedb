// SPDX-License-Identifier: Apache-2.0
#include "crypto/session_credentials.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/crypto.h"

namespace strongroom::crypto {
namespace {

constexpr std::size_t kId = 16;

ByteVector labelled(std::string_view label, SessionId session) {
  ByteVector out;
  Writer writer(out);
  writer.text(label);
  writer.raw(session.view());
  return out;
}

}  // namespace

ProxyCredential proxy_credential(const Secret& link_key, SessionId session) {
  const Digest tag = hmac_sha256(link_key, labelled("strongroom proxy", session));
  ProxyCredential out{};
  std::ranges::copy(session.view(), out.begin());
  std::copy_n(tag.begin(), out.size() - kId, out.begin() + kId);
  return out;
}

std::optional<SessionId> session_of(const Secret& link_key, ByteView credential) {
  if (credential.size() != ProxyCredential().size()) return std::nullopt;
  IdBytes id{};
  std::ranges::copy(credential.first(kId), id.begin());
  const SessionId session(id);
  if (!equal_constant_time(proxy_credential(link_key, session), credential)) return std::nullopt;
  return session;
}

SessionId session_named_by(const ProxyCredential& credential) {
  IdBytes id{};
  std::copy_n(credential.begin(), id.size(), id.begin());
  return SessionId(id);
}

std::string to_text(const ProxyCredential& credential) {
  return std::string(kProxyCredentialPrefix) + to_base64url(credential);
}

std::optional<ProxyCredential> proxy_credential_of(std::string_view text) {
  if (!text.starts_with(kProxyCredentialPrefix)) return std::nullopt;
  const auto octets = from_base64url(text.substr(kProxyCredentialPrefix.size()));
  ProxyCredential out{};
  if (!octets || octets->size() != out.size()) return std::nullopt;
  std::ranges::copy(*octets, out.begin());
  return out;
}

Secret session_authority_seed(const Secret& link_key, SessionId session) {
  const Digest seed = hmac_sha256(link_key, labelled("strongroom session authority", session));
  return Secret(seed);
}

std::string report_credential(const Secret& link_key, SessionId session) {
  return "srs_" +
         to_base64url(hmac_sha256(link_key, labelled("strongroom supervisor report", session)));
}

}  // namespace strongroom::crypto
