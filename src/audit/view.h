// View: the entries of one tenant with a proof that they are in the record, and that none is left
// out, which tells nothing of what is others' but hashes. docs/formats/audit.md.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "audit/entries.h"
#include "audit/note.h"
#include "audit/segments.h"
#include "base/json.h"

namespace strongroom::audit {

/// None for what is of no tenant.
[[nodiscard]] TenantId tenant_of(const Entry& entry);

/// What the record says of a tenant's entries in an act, "record.view": those among the first
/// `below` entries of the record, and the root of the tree over them alone.
struct ViewStatement {
  std::uint64_t entries = 0;
  std::uint64_t below = 0;
  crypto::Digest root{};
};
inline constexpr std::string_view kViewAction = "record.view";
[[nodiscard]] std::string text_of(const ViewStatement& statement);
/// Of what is there up to `until`.
[[nodiscard]] Result<ViewStatement> state_view(const std::string& directory, WrittenUpTo until,
                                               TenantId tenant);
/// Tampered where a statement in the record is not what its entries say.
[[nodiscard]] Status check_statements(const std::string& directory, WrittenUpTo until);

struct View {
  struct Member {
    std::uint64_t index = 0;  ///< in the tree
    ByteVector entry;
  };
  TenantId tenant;
  std::string checkpoint;  ///< the note
  std::vector<Member> entries;
  std::vector<crypto::Digest> hashes;  ///< of the largest subtrees without any of them, in order
};
constexpr std::size_t kMaxViewEntries = 100'000;
/// Under that checkpoint. TooLarge over kMaxViewEntries.
[[nodiscard]] Result<View> make_view(const std::string& directory, WrittenUpTo until,
                                     TenantId tenant, std::string checkpoint, TreeHead head);

struct VerifiedView {
  TenantId tenant;
  std::uint64_t entries = 0;
  std::uint64_t complete_below =
      0;                   ///< of the tree's first entries, none of the tenant's is missing
  WallTime complete_at{};  ///< when that was said
  TreeHead head;
};
[[nodiscard]] Result<VerifiedView> verify_view(const View& view, const crypto::PublicKey& key);

[[nodiscard]] json::object to_json(const View& view);
[[nodiscard]] Result<View> view_of_json(const json::value& document);

}  // namespace strongroom::audit
