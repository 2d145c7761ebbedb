// What an SSH agent is asked to sign, read and judged: a login of the key's own user, at a server
// that is known, and nothing else (no file, no commit, no login elsewhere). RFC 4252 7,
// draft-miller-ssh-agent, OpenSSH's PROTOCOL.agent (session-bind@openssh.com).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace strongroom::workroom {

/// A login by public key, as the client wants it signed. Views into the request.
struct SshLogin {
  ByteView session;  ///< SSH's own session identifier
  std::string_view user;
  ByteView public_blob;
  ByteView host_key;  ///< publickey-hostbound-v00@openssh.com; else empty
};
/// Nothing where it is not such a login, whole.
[[nodiscard]] std::optional<SshLogin> parse_ssh_login(ByteView data);

/// What a client proved of the server that it talks to: the server's key has signed the session.
struct SshBinding {
  ByteVector host_key;
  ByteVector session;
};
/// Of session-bind@openssh.com's octets after its name; nothing where the signature is not that
/// key's, or where an agent would be forwarded to that server.
[[nodiscard]] std::optional<SshBinding> parse_ssh_binding(ByteView data);

/// Whom a key may log in as, and where.
struct SshPermit {
  std::string user;
  std::vector<ByteVector> host_keys;  ///< none: any server
};
/// Null where it may; else what a finding is called.
[[nodiscard]] const char* refusal_of(const SshPermit& permit, const SshLogin& login,
                                     const std::optional<SshBinding>& binding);

/// Lines of known_hosts for `host`.
[[nodiscard]] std::string known_hosts_of(const std::string& host, const std::string& port,
                                         const std::vector<ByteVector>& host_keys);

}  // namespace strongroom::workroom
