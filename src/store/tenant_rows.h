// Rows of tenants: whose everything else is, what their keys are sealed under, and what was
// revoked. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/id.h"

namespace strongroom::store {

struct Tenant {
  static constexpr std::string_view kTable = "tenants";
  TenantId id;
  std::string name;
  std::string state;       ///< "active", "removed"
  ByteVector wrapped_key;  ///< the tenant key under the root key; empty once destroyed
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("name", self.name);
    visit("state", self.state);
    visit("wrapped_key", self.wrapped_key);
    visit("created", self.created);
  }
};

struct Epoch {
  static constexpr std::string_view kTable = "epochs";
  TenantId tenant;
  std::int64_t number = 0;
  ByteVector wrapped_seed;  ///< under the tenant key; empty once destroyed
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("tenant", self.tenant);
    visit("number", self.number);
    visit("wrapped_seed", self.wrapped_seed);
    visit("created", self.created);
  }
};

struct Member {
  static constexpr std::string_view kTable = "members";
  MemberId id;
  TenantId tenant;
  std::string name;
  std::string role;   ///< "owner", "admin", "member", "auditor"
  std::string state;  ///< "active", "removed"
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("name", self.name);
    visit("role", self.role);
    visit("state", self.state);
    visit("created", self.created);
  }
};

struct Skill {
  static constexpr std::string_view kTable = "skills";
  SkillId id;
  TenantId tenant;
  std::string name;
  std::string services;  ///< JSON array of "service" or "service:label"
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("name", self.name);
    visit("services", self.services);
    visit("created", self.created);
  }
};

struct Receipt {
  static constexpr std::string_view kTable = "receipts";
  ReceiptId id;
  TenantId tenant;
  std::string subject;   ///< id of the key, session, member or tenant
  std::string document;  ///< signed JSON
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("tenant", self.tenant);
    visit("subject", self.subject);
    visit("document", self.document);
    visit("created", self.created);
  }
};

}  // namespace strongroom::store
