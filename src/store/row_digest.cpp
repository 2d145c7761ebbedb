// SPDX-License-Identifier: Apache-2.0
#include "store/row_digest.h"

#include "base/encoding.h"

namespace strongroom::store {
namespace {
/// Octets that most rows take, with the names of their columns.
constexpr std::size_t kUsualRow = 512;
}  // namespace

bool has_mac(std::string_view table) {
  return table != Seal::kTable && table != RootSecret::kTable;
}

void add_to(Sum& sum, const Sum& digest) {
  unsigned carry = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    carry += unsigned{sum[i]} + digest[i];
    sum[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8U;
  }
}

void take_from(Sum& sum, const Sum& digest) {
  int borrow = 0;
  for (std::size_t i = 0; i < sum.size(); ++i) {
    const int difference = int{sum[i]} - digest[i] - borrow;
    borrow = difference < 0 ? 1 : 0;
    sum[i] = static_cast<std::uint8_t>(difference + borrow * 256);
  }
}

ByteVector canonical(std::string_view table, const Columns& columns,
                     std::span<const Value> values) {
  ByteVector out;
  out.reserve(kUsualRow);
  Writer writer(out);
  writer.text(table);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    writer.text(columns[i]);
    writer.u8(static_cast<std::uint8_t>(values[i].index()));
    if (const auto* number = std::get_if<std::int64_t>(&values[i])) writer.i64(*number);
    if (const auto* text = std::get_if<std::string>(&values[i])) writer.text(*text);
    if (const auto* blob = std::get_if<ByteVector>(&values[i])) writer.blob(*blob);
  }
  return out;
}

bool is_mac_of(const Value& mac, const Secret& key, ByteView spelling) {
  const auto* octets = std::get_if<ByteVector>(&mac);
  return octets != nullptr && equal_constant_time(*octets, crypto::hmac_sha256(key, spelling));
}

std::unexpected<Error> row_differs(std::string_view table) {
  return fail(Code::Tampered, "a row of the table '" + std::string(table) +
                                  "' does not authenticate: it was changed outside Strongroom");
}

}  // namespace strongroom::store
