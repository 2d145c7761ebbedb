// What an SSH agent is sent, and what a member stores as a key: a login that is accepted is made of
// the request's own octets; a list of servers' keys survives being written down again; nothing
// crashes. SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "crypto/ssh_key.h"
#include "crypto/ssh_public_keys.h"
#include "workroom/ssh_login.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace strongroom;
  if (size > 32U << 10U) return 0;
  const ByteView octets(data, size);
  if (const auto login = workroom::parse_ssh_login(octets)) {
    must(!login->session.empty() && login->user.size() + login->public_blob.size() < size);
    const workroom::SshPermit permit{std::string(login->user), {ByteVector{1}}};
    must(workroom::refusal_of(permit, *login, std::nullopt) != nullptr);
  }
  (void)workroom::parse_ssh_binding(octets);
  if (const auto keys = crypto::parse_ssh_public_keys(text_of(octets))) {
    const auto lines = workroom::known_hosts_of("host", "22", *keys);
    must(crypto::parse_ssh_public_keys(lines) == keys || keys->empty());
  }
  const auto key = crypto::SshKey::read(Secret(octets));
  if (key) must(!key->public_blob().empty());
  return 0;
}
