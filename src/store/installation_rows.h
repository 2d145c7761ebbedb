// Rows of the installation: the ways to its root key, and what is its own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/id.h"

namespace strongroom::store {

/// A way to the root key: the root key sealed under it.
struct Seal {
  static constexpr std::string_view kTable = "seals";
  SealId id;
  std::string kind;        ///< "file", "passphrase", "shares"
  std::string parameters;  ///< JSON: salt and cost of Argon2id; how many shares; a path
  ByteVector wrapped_root;
  std::int64_t created = 0;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("id", self.id);
    visit("kind", self.kind);
    visit("parameters", self.parameters);
    visit("wrapped_root", self.wrapped_root);
    visit("created", self.created);
  }
};

/// A value of the installation's own that outlives any root key: sealed under the one of today.
struct RootSecret {
  static constexpr std::string_view kTable = "root_secrets";
  std::string name;  ///< "rows", "record of use", "gateway authority"
  ByteVector value;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("name", self.name);
    visit("value", self.value);
  }
};

/// Small things of the installation, by name; values are sealed records where they are secret.
struct Installation {
  static constexpr std::string_view kTable = "installation";
  std::string name;  ///< "id", "signing_key", "link_key", "operator_token_hash"
  ByteVector value;
  template <class Self, class Visitor>
  static void columns(Self& self, Visitor&& visit) {
    visit("name", self.name);
    visit("value", self.value);
  }
};

}  // namespace strongroom::store
