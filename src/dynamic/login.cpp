// SPDX-License-Identifier: Apache-2.0
#include "dynamic/login.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"

namespace strongroom::dynamic {
namespace {

constexpr std::size_t kLength = sizeof(std::uint32_t);

}  // namespace

/// From one locked place to the other.
Secret pack(std::span<const Secret* const> secrets) {
  std::size_t size = 0;
  for (const Secret* each : secrets) size += kLength + each->size();
  Secret packed = Secret::of_size(size);
  packed.reveal_mutable([&](MutableBytes out) {
    for (const Secret* each : secrets) {
      ByteVector length;
      Writer(length).u32(static_cast<std::uint32_t>(each->size()));
      std::ranges::copy(length, out.begin());
      out = out.subspan(kLength);
      each->reveal([&](ByteView octets) { std::ranges::copy(octets, out.begin()); });
      out = out.subspan(each->size());
    }
  });
  return packed;
}

Result<std::vector<Secret>> unpack(const Secret& packed, std::size_t count) {
  return packed.reveal([&](ByteView octets) -> Result<std::vector<Secret>> {
    Reader reader(octets);
    std::vector<Secret> out;
    for (std::size_t i = 0; i < count; ++i) {
      const ByteView each = reader.blob(Secret::kMaxSize);
      if (!reader.is_ok()) break;
      out.push_back(each.empty() ? Secret() : Secret(each));
    }
    if (!reader.is_at_end()) return fail(Code::Protocol, "what a login holds is not understood");
    return out;
  });
}

}  // namespace strongroom::dynamic
