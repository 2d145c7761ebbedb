// RowDigest: what a row's MAC and the multiset hash of all rows are over. Inside the room only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/mac_key.h"
#include "store/store.h"
#include "store/tenant_sums.h"

namespace strongroom::store {

using Columns = std::vector<std::string_view>;

/// Seals, and what is sealed under the root key itself, are read before the row key is known: no
/// MAC, they authenticate themselves (vault/seal.cpp). The multiset hash has them.
[[nodiscard]] bool has_mac(std::string_view table);

/// The id of the tenant that a row names; empty: none. `values` as for canonical().
[[nodiscard]] std::string_view tenant_of(std::string_view table, const Columns& columns,
                                         std::span<const Value> values);
[[nodiscard]] std::string_view tenant_of(std::string_view table, const Columns& columns,
                                         std::span<const ValueView> values);

/// One spelling of a row: names and types are in it, so that no two rows look alike. `values` may
/// have more behind those of `columns`.
[[nodiscard]] ByteVector canonical(std::string_view table, const Columns& columns,
                                   std::span<const Value> values);
/// The same, behind what `out` holds.
void spell(ByteVector& out, std::string_view table, const Columns& columns,
           std::span<const ValueView> values);
/// What was spelled; the values are views into it.
void read_spelled(ByteView spelling, std::vector<ValueView>& values);
/// Whether `mac` is what `key` makes of a row's spelling.
[[nodiscard]] bool is_mac_of(const Value& mac, const crypto::MacKey& key, ByteView spelling);
[[nodiscard]] bool is_mac_of(ByteView mac, const crypto::MacKey& key, ByteView spelling);

/// Tampered, naming the table.
[[nodiscard]] std::unexpected<Error> row_differs(std::string_view table);
/// Tampered, naming the first few of the tenants, by id, whose rows are others than were left.
[[nodiscard]] std::unexpected<Error> content_differs(const std::vector<std::string>& tenants = {});

}  // namespace strongroom::store
