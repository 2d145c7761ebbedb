// Entries of the record of use. Never a value of a key: there is no member that could hold one.
//
// Used by: vault (acts), app (uses). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"

namespace strongroom::audit {

/// Somebody did something to something.
struct Act {
  std::string actor;   ///< "operator", "vault", "provider"
  std::string action;  ///< "key.add", "key.revoke", "session.start", ...
  TenantId tenant;
  MemberId member;
  SessionId session;
  KeyId key;
  std::string service;
  std::string outcome;  ///< "done", "refused", ...
  std::string detail;   ///< a short text for people
};

/// A key is about to be used.
struct Use {
  TenantId tenant;
  MemberId member;
  SessionId session;
  GrantId grant;
  KeyId key;
  std::uint32_t key_version = 0;
  HolderId holder;
  std::string service;
  std::string host;
  std::string method;
  std::string path;  ///< without query; cut at kMaxPath
  static constexpr std::size_t kMaxPath = 512;
};

/// How that use ended.
struct Settled {
  TenantId tenant;  ///< none in entries of older versions, like the session
  SessionId session;
  std::uint64_t use = 0;  ///< sequence of the Use
  std::uint16_t status = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t micros = 0;
  std::string outcome;  ///< "completed", "upstream_failed", "client_left", "revoked", "timed_out"
};

/// A refusal that a person should know of.
struct Finding {
  TenantId tenant;  ///< none in entries of older versions
  SessionId session;
  std::string service;
  std::string what;
  std::string host;
  std::string path;
};

using Content = std::variant<Act, Use, Settled, Finding>;
struct Entry {
  std::uint64_t sequence = 0;
  WallTime time{};
  Content content;
};

/// The canonical octets that are chained and kept (docs/formats/audit.md).
void encode_entry(std::uint64_t sequence, WallTime time, const Content& content, ByteVector& out);
/// The same without a copy.
void encode_entry(std::uint64_t sequence, WallTime time, const Use& use, ByteVector& out);
[[nodiscard]] Result<Entry> decode_entry(ByteView octets);

}  // namespace strongroom::audit
