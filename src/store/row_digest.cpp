// SPDX-License-Identifier: Apache-2.0
#include "store/row_digest.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "base/encoding.h"

namespace strongroom::store {
namespace {
constexpr std::size_t kLargest = UINT32_MAX;

/// What stands for a type in a spelling: its place in ValueView, which is that in Value.
template <class T>
constexpr std::uint8_t index_of() {
  return static_cast<std::uint8_t>(ValueView(T()).index());
}
static_assert(index_of<std::int64_t>() == Value(std::int64_t()).index() &&
              index_of<std::string_view>() == 2 && index_of<ByteView>() == 3);

ByteView octets_of(const std::string& text) {
  return bytes_of(text);
}
ByteView octets_of(std::string_view text) {
  return bytes_of(text);
}
ByteView octets_of(ByteView octets) {
  return octets;
}

/// What Writer writes, into room that was measured: a start spells millions of rows.
class Pen {
 public:
  explicit Pen(std::uint8_t* at) : at_(at) {}
  void u8(std::uint8_t value) { *at_++ = value; }
  void u32(std::uint32_t value) { integer(value); }
  void i64(std::int64_t value) { integer(static_cast<std::uint64_t>(value)); }
  void blob(ByteView octets) {
    u32(static_cast<std::uint32_t>(octets.size()));
    if (!octets.empty()) std::memcpy(at_, octets.data(), octets.size());
    at_ += octets.size();
  }

 private:
  template <class T>
  void integer(T value) {
    for (std::size_t i = sizeof(T); i > 0; --i, value = static_cast<T>(value >> 8U))
      at_[i - 1] = static_cast<std::uint8_t>(value);
    at_ += sizeof(T);
  }
  std::uint8_t* at_;
};

constexpr std::size_t kLength = sizeof(std::uint32_t);

template <class AnyValue>
std::size_t size_of(const AnyValue& value) {
  return std::visit(
      []<class T>(const T& held) -> std::size_t {
        if constexpr (std::is_same_v<T, std::monostate>)
          return 0;
        else if constexpr (std::is_same_v<T, std::int64_t>)
          return sizeof(held);
        else
          return kLength + held.size();
      },
      value);
}

template <class AnyValue>
void spell_any(ByteVector& out, std::string_view table, const Columns& columns,
               std::span<const AnyValue> values) {
  std::size_t size = kLength + table.size();
  for (std::size_t i = 0; i < columns.size(); ++i)
    size += kLength + columns[i].size() + 1 + size_of(values[i]);
  const std::size_t begin = out.size();
  out.resize(begin + size);
  Pen pen(out.data() + begin);
  pen.blob(bytes_of(table));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    pen.blob(bytes_of(columns[i]));
    pen.u8(static_cast<std::uint8_t>(values[i].index()));
    std::visit(
        [&]<class T>(const T& value) {
          if constexpr (std::is_same_v<T, std::int64_t>)
            pen.i64(value);
          else if constexpr (!std::is_same_v<T, std::monostate>)
            pen.blob(octets_of(value));
        },
        values[i]);
  }
}
/// Behind the last one where there is none.
std::size_t tenant_column(std::string_view table, const Columns& columns) {
  const std::string_view name = table == Tenant::kTable ? "id" : "tenant";
  return static_cast<std::size_t>(std::ranges::find(columns, name) - columns.begin());
}

}  // namespace

bool has_mac(std::string_view table) {
  return table != Seal::kTable && table != RootSecret::kTable;
}

std::string_view tenant_of(std::string_view table, const Columns& columns,
                           std::span<const Value> values) {
  const std::size_t place = tenant_column(table, columns);
  const auto* text = place < columns.size() ? std::get_if<std::string>(&values[place]) : nullptr;
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

std::string_view tenant_of(std::string_view table, const Columns& columns,
                           std::span<const ValueView> values) {
  const std::size_t place = tenant_column(table, columns);
  const auto* text =
      place < columns.size() ? std::get_if<std::string_view>(&values[place]) : nullptr;
  return text == nullptr ? std::string_view() : *text;
}

ByteVector canonical(std::string_view table, const Columns& columns,
                     std::span<const Value> values) {
  ByteVector out;
  spell_any(out, table, columns, values);
  return out;
}

void spell(ByteVector& out, std::string_view table, const Columns& columns,
           std::span<const ValueView> values) {
  spell_any(out, table, columns, values);
}

void read_spelled(ByteView spelling, std::vector<ValueView>& values) {
  values.clear();
  Reader in(spelling);
  for (in.text(); !in.is_at_end() && in.is_ok();) {
    in.text();
    switch (in.u8()) {
      case index_of<std::int64_t>():
        values.emplace_back(in.i64());
        break;
      case index_of<std::string_view>():
        values.emplace_back(in.text(kLargest));
        break;
      case index_of<ByteView>():
        values.emplace_back(in.blob(kLargest));
        break;
      default:
        values.emplace_back();
    }
  }
}

bool is_mac_of(const Value& mac, const crypto::MacKey& key, ByteView spelling) {
  const auto* octets = std::get_if<ByteVector>(&mac);
  return octets != nullptr && is_mac_of(ByteView(*octets), key, spelling);
}

bool is_mac_of(ByteView mac, const crypto::MacKey& key, ByteView spelling) {
  return equal_constant_time(mac, key.of(spelling));
}

std::unexpected<Error> row_differs(std::string_view table) {
  return fail(Code::Tampered, "a row of the table '" + std::string(table) +
                                  "' does not authenticate: it was changed outside Strongroom");
}

std::unexpected<Error> content_differs(const std::vector<std::string>& tenants) {
  constexpr std::size_t kNamed = 3;
  constexpr std::size_t kLongest = 64;
  std::string where;
  for (std::size_t i = 0; i < std::min(tenants.size(), kNamed); ++i)
    where += (i == 0 ? ", of the tenant " : ", ") + tenants[i].substr(0, kLongest);
  if (tenants.size() > kNamed) where += " and " + std::to_string(tenants.size() - kNamed) + " more";
  return fail(Code::Tampered,
              "the database is not as its last change left it: a row was added, deleted or put "
              "back outside Strongroom" +
                  where);
}

}  // namespace strongroom::store
