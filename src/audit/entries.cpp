// SPDX-License-Identifier: Apache-2.0
#include "audit/entries.h"

#include <algorithm>

#include "base/encoding.h"

namespace strongroom::audit {
namespace {

constexpr std::size_t kMaxText = 4096;

struct Encoder {
  Writer& out;
  template <class Tag>
  void operator()(const Id<Tag>& id) {
    out.raw(id.view());
  }
  void operator()(const std::string& text) { out.text(std::string_view(text).substr(0, kMaxText)); }
  void operator()(std::uint16_t value) { out.u16(value); }
  void operator()(std::uint32_t value) { out.u32(value); }
  void operator()(std::uint64_t value) { out.u64(value); }
};

struct Decoder {
  Reader& in;
  template <class Tag>
  void operator()(Id<Tag>& id) {
    IdBytes bytes{};
    const ByteView view = in.raw(bytes.size());
    if (view.size() == bytes.size()) std::copy(view.begin(), view.end(), bytes.begin());
    id = Id<Tag>(bytes);
  }
  void operator()(std::string& text) { text = std::string(in.text(kMaxText)); }
  void operator()(std::uint16_t& value) { value = in.u16(); }
  void operator()(std::uint32_t& value) { value = in.u32(); }
  void operator()(std::uint64_t& value) { value = in.u64(); }
};

/// As written before findings had a tenant: kind 4.
struct OldFinding : Finding {};
constexpr std::size_t kFindingKind = 5;
/// As written before ends of uses had a tenant: kind 3.
struct OldSettled : Settled {};
constexpr std::size_t kSettledKind = 6;

/// The one list of members, for both directions.
template <class Self, class Visit>
void members(Self& self, Visit&& visit) {
  using T = std::remove_const_t<Self>;
  const auto all = [&](auto&... each) { (visit(each), ...); };
  if constexpr (std::is_same_v<T, Act>) {
    all(self.actor, self.action, self.tenant, self.member, self.session, self.key, self.service,
        self.outcome, self.detail);
  } else if constexpr (std::is_same_v<T, Use>) {
    all(self.tenant, self.member, self.session, self.grant, self.key, self.key_version, self.holder,
        self.service, self.host, self.method, self.path);
  } else if constexpr (std::is_same_v<T, OldSettled>) {
    all(self.use, self.status, self.bytes_up, self.bytes_down, self.micros, self.outcome);
  } else if constexpr (std::is_same_v<T, Settled>) {
    all(self.tenant, self.session, self.use, self.status, self.bytes_up, self.bytes_down,
        self.micros, self.outcome);
  } else if constexpr (std::is_same_v<T, OldFinding>) {
    all(self.session, self.service, self.what, self.host, self.path);
  } else {
    all(self.tenant, self.session, self.service, self.what, self.host, self.path);
  }
}

template <class T>
void encode_as(std::size_t kind, std::uint64_t sequence, WallTime time, const T& content,
               ByteVector& out) {
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.u64(sequence);
  writer.i64(to_micros(time));
  members(content, Encoder{writer});
}

template <class T>
Result<Entry> decode_as(Entry entry, Reader& in) {
  T content;
  members(content, Decoder{in});
  if (!in.is_at_end()) return fail(Code::Tampered, "an entry of the record is malformed");
  if constexpr (std::is_same_v<T, OldFinding>)
    entry.content = Finding(std::move(content));
  else if constexpr (std::is_same_v<T, OldSettled>)
    entry.content = Settled(std::move(content));
  else
    entry.content = std::move(content);
  return entry;
}

/// Each has the number of its place, but what was widened since.
template <class T>
constexpr std::size_t kind_of(std::size_t index) {
  if (std::is_same_v<T, Finding>) return kFindingKind;
  return std::is_same_v<T, Settled> ? kSettledKind : index + 1;
}

}  // namespace

void encode_entry(std::uint64_t sequence, WallTime time, const Content& content, ByteVector& out) {
  std::visit(
      [&](const auto& each) {
        using T = std::remove_cvref_t<decltype(each)>;
        encode_as(kind_of<T>(content.index()), sequence, time, each, out);
      },
      content);
}

void encode_entry(std::uint64_t sequence, WallTime time, const Use& use, ByteVector& out) {
  constexpr std::size_t kKind = 2;
  encode_as(kKind, sequence, time, use, out);
}

Result<Entry> decode_entry(ByteView octets) {
  Reader in(octets);
  const std::uint8_t kind = in.u8();
  Entry entry;
  entry.sequence = in.u64();
  entry.time = from_micros(in.i64());
  switch (kind) {
    case 1:
      return decode_as<Act>(std::move(entry), in);
    case 2:
      return decode_as<Use>(std::move(entry), in);
    case 3:
      return decode_as<OldSettled>(std::move(entry), in);
    case 4:
      return decode_as<OldFinding>(std::move(entry), in);
    case kFindingKind:
      return decode_as<Finding>(std::move(entry), in);
    case kSettledKind:
      return decode_as<Settled>(std::move(entry), in);
    default:
      return fail(Code::Tampered, "an entry of the record is of an unknown kind");
  }
}

}  // namespace strongroom::audit
