// Id: typed identifiers. 128 random bits; in text a short prefix that tells the kind and 26
// lower-case base32 characters (key_4t7h...). A tenant's id can never be passed where a key's is
// wanted. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace strongroom {

using IdBytes = std::array<std::uint8_t, 16>;

namespace id_detail {
[[nodiscard]] std::string to_text(std::string_view prefix, const IdBytes& bytes);
[[nodiscard]] Result<IdBytes> from_text(std::string_view prefix, std::string_view text);
}  // namespace id_detail

template <class Tag>
class Id {
 public:
  constexpr Id() noexcept = default;  ///< all zero: "none"
  constexpr explicit Id(const IdBytes& bytes) noexcept : bytes_(bytes) {}
  /// Refuses another kind's prefix, wrong length and non-canonical text.
  [[nodiscard]] static Result<Id> parse(std::string_view text) {
    auto bytes = id_detail::from_text(Tag::kPrefix, text);
    if (!bytes) return std::unexpected(std::move(bytes).error());
    return Id(*bytes);
  }
  [[nodiscard]] std::string text() const { return id_detail::to_text(Tag::kPrefix, bytes_); }
  [[nodiscard]] const IdBytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] ByteView view() const noexcept { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] bool is_none() const noexcept { return bytes_ == IdBytes{}; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;

 private:
  IdBytes bytes_{};
};

struct TenantTag {
  static constexpr std::string_view kPrefix = "ten";
};
struct MemberTag {
  static constexpr std::string_view kPrefix = "mem";
};
struct KeyTag {
  static constexpr std::string_view kPrefix = "key";
};
struct SkillTag {
  static constexpr std::string_view kPrefix = "skl";
};
struct SessionTag {
  static constexpr std::string_view kPrefix = "ses";
};
struct GrantTag {
  static constexpr std::string_view kPrefix = "grt";
};
struct LeaseTag {
  static constexpr std::string_view kPrefix = "lea";
};
struct ReceiptTag {
  static constexpr std::string_view kPrefix = "rcp";
};
struct HolderTag {
  static constexpr std::string_view kPrefix = "hld";
};
struct SealTag {
  static constexpr std::string_view kPrefix = "sea";
};
struct PolicyTag {
  static constexpr std::string_view kPrefix = "pol";
};

using TenantId = Id<TenantTag>;
using MemberId = Id<MemberTag>;
using KeyId = Id<KeyTag>;
using SkillId = Id<SkillTag>;
using SessionId = Id<SessionTag>;
using GrantId = Id<GrantTag>;
using LeaseId = Id<LeaseTag>;
using ReceiptId = Id<ReceiptTag>;
using HolderId = Id<HolderTag>;
using SealId = Id<SealTag>;
using PolicyId = Id<PolicyTag>;

}  // namespace strongroom

template <class Tag>
struct std::hash<strongroom::Id<Tag>> {
  std::size_t operator()(const strongroom::Id<Tag>& id) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, id.bytes().data(), sizeof(value));
    return value;
  }
};
