// SPDX-License-Identifier: Apache-2.0
#include "workroom/ssh_login.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/ssh_key.h"

namespace strongroom::workroom {
namespace {

constexpr std::uint8_t kUserauthRequest = 50;
constexpr std::size_t kPart = 16'384;

bool is_same(ByteView a, ByteView b) {
  return std::ranges::equal(a, b);
}

}  // namespace

std::optional<SshLogin> parse_ssh_login(ByteView data) {
  Reader in(data);
  SshLogin out;
  out.session = in.blob(kPart);
  const bool is_request = in.u8() == kUserauthRequest;
  out.user = in.text(kPart);
  const bool is_connection = in.text(kPart) == "ssh-connection";
  const std::string_view method = in.text(kPart);
  const bool is_bound = method == "publickey-hostbound-v00@openssh.com";
  const bool is_signed = in.u8() == 1;
  (void)in.text(kPart);
  out.public_blob = in.blob(kPart);
  if (is_bound) out.host_key = in.blob(kPart);
  const bool is_login = is_request && is_connection && is_signed &&
                        (is_bound || method == "publickey") && in.is_at_end();
  if (!is_login || out.session.empty()) return std::nullopt;
  return out;
}

std::optional<SshBinding> parse_ssh_binding(ByteView data) {
  Reader in(data);
  const ByteView host_key = in.blob(kPart);
  const ByteView session = in.blob(kPart);
  const ByteView signature = in.blob(kPart);
  const bool is_forwarding = in.u8() != 0;
  if (!in.is_at_end() || is_forwarding || !crypto::verify_ssh(host_key, session, signature))
    return std::nullopt;
  return SshBinding{{host_key.begin(), host_key.end()}, {session.begin(), session.end()}};
}

const char* refusal_of(const SshPermit& permit, const SshLogin& login,
                       const std::optional<SshBinding>& binding) {
  if (login.user != permit.user) return "ssh_other_user";
  if (binding && !is_same(binding->session, login.session)) return "ssh_other_session";
  if (binding && !login.host_key.empty() && !is_same(binding->host_key, login.host_key))
    return "ssh_other_host";
  if (permit.host_keys.empty()) return nullptr;
  const bool is_known =
      binding && std::ranges::find(permit.host_keys, binding->host_key) != permit.host_keys.end();
  return is_known ? nullptr : "ssh_other_host";
}

std::string known_hosts_of(const std::string& host, const std::string& port,
                           const std::vector<ByteVector>& host_keys) {
  const std::string place = port == "22" ? host : "[" + host + "]:" + port;
  std::string out;
  for (const auto& each : host_keys) {
    Reader in(each);
    out += place + " " + std::string(in.text(kPart)) + " " + to_base64(each) + "\n";
  }
  return out;
}

}  // namespace strongroom::workroom
