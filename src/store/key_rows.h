// Rows of keys: the stored credentials, how they do, and who is told of that.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/id.h"
#include "base/notice_id.h"

namespace strongroom::store {

struct Key {
  static constexpr std::string_view kTable = "keys";
  KeyId id;
  TenantId tenant;
  std::string service;
  std::string label;
  std::int64_t delivery = 0;  ///< catalog::Delivery
  std::int64_t home =
      0;  ///< catalog::Home; 1 (skill) has no owner, 2 (integration) has one: the schema insists
  std::optional<MemberId> owner;
  std::string state;         ///< "active", "rejected_by_provider", "revoked"
  std::int64_t version = 0;  ///< the one in use
  std::int64_t created = 0;
  std::int64_t changed = 0;
  std::string last_characters;
  std::string settings;  ///< JSON object of texts
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("service", self.service);
    visit("label", self.label);
    visit("delivery", self.delivery);
    visit("home", self.home);
    visit("owner", self.owner);
    visit("state", self.state);
    visit("version", self.version);
    visit("created", self.created);
    visit("changed", self.changed);
    visit("last_characters", self.last_characters);
    visit("settings", self.settings);
  }
};

struct KeyVersion {
  static constexpr std::string_view kTable = "key_versions";
  KeyId key;
  std::int64_t version = 0;
  std::int64_t epoch = 0;
  ByteVector record;  ///< crypto/record.h; empty once destroyed
  std::int64_t created = 0;
  std::int64_t not_after = 0;  ///< 0: none
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("key", self.key);
    visit("version", self.version);
    visit("epoch", self.epoch);
    visit("record", self.record);
    visit("created", self.created);
    visit("not_after", self.not_after);
  }
};

/// What is wanted of, and was told about, the health of a key; or what is wanted of all of a
/// tenant's.
struct Health {
  static constexpr std::string_view kTable = "health";
  std::string subject;      ///< id of a key or a tenant
  std::int64_t checks = 1;  ///< 0: its provider is asked only when somebody wants it
  std::string told;         ///< the state of a key that notices told last
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("subject", self.subject);
    visit("checks", self.checks);
    visit("told", self.told);
  }
};

/// What a webhook has not taken yet.
struct Notice {
  static constexpr std::string_view kTable = "notices";
  NoticeId id;
  std::string hook;  ///< its URL
  std::string body;  ///< JSON
  std::int64_t created = 0;
  std::int64_t attempts = 0;
  std::int64_t next = 0;  ///< when it is tried again
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("hook", self.hook);
    visit("body", self.body);
    visit("created", self.created);
    visit("attempts", self.attempts);
    visit("next", self.next);
  }
};

}  // namespace strongroom::store
