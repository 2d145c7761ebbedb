// SPDX-License-Identifier: Apache-2.0
#include "vault/backup_format.h"

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/crypto.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kMagic = "strongroom-backup-1\n";
constexpr std::size_t kLargestHead = 1UL << 20U;
constexpr std::size_t kLargestKey = 1UL << 10U;
constexpr std::uint32_t kLast = 1U << 31U;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Code::Tampered, "This is no whole backup: " + std::string(what) + ".",
              "backup_damaged");
}

json::object to_json(const store::Seal& seal) {
  return {{"id", seal.id.text()},
          {"kind", seal.kind},
          {"parameters", seal.parameters},
          {"wrapped_root", to_base64(seal.wrapped_root)},
          {"created", seal.created}};
}

Result<std::int64_t> number_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_int64() || value->get_int64() < 0)
    return malformed("its head lacks '" + std::string(name) + "'");
  return value->get_int64();
}

Result<store::Seal> seal_of(const json::value& value) {
  if (!value.is_object()) return malformed("its head has no seals");
  const auto& object = value.get_object();
  store::Seal seal;
  STRONGROOM_TRY(const auto id, required_string(object, "id"));
  STRONGROOM_TRY(seal.id, SealId::parse(id));
  STRONGROOM_TRY(seal.kind, required_string(object, "kind"));
  STRONGROOM_TRY(seal.parameters, required_string(object, "parameters"));
  STRONGROOM_TRY(const auto wrapped, required_string(object, "wrapped_root"));
  auto octets = from_base64(wrapped);
  if (!octets) return malformed("its head has no seals");
  seal.wrapped_root = std::move(*octets);
  STRONGROOM_TRY(seal.created, number_of(object, "created"));
  return seal;
}

}  // namespace

std::string head_text(const BackupHead& head) {
  json::array seals;
  for (const auto& seal : head.seals) seals.push_back(to_json(seal));
  return to_text(json::object{{"format", 1},
                              {"installation", head.installation},
                              {"version", head.version},
                              {"made", to_micros(head.made)},
                              {"generation", head.generation},
                              {"revision", head.revision},
                              {"octets", static_cast<std::int64_t>(head.octets)},
                              {"checkpoint", head.checkpoint},
                              {"seals", std::move(seals)}});
}

Result<BackupHead> read_head(const std::string& text) {
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return malformed("its head is not JSON");
  const auto& object = parsed->get_object();
  STRONGROOM_TRY(const auto format, number_of(object, "format"));
  if (format != 1)
    return fail(Code::Unsupported, "This backup is of a newer version of Strongroom.");
  BackupHead head;
  STRONGROOM_TRY(head.installation, required_string(object, "installation"));
  STRONGROOM_TRY(head.version, required_string(object, "version"));
  STRONGROOM_TRY(const auto made, number_of(object, "made"));
  head.made = from_micros(made);
  STRONGROOM_TRY(head.generation, number_of(object, "generation"));
  STRONGROOM_TRY(head.revision, number_of(object, "revision"));
  STRONGROOM_TRY(const auto octets, number_of(object, "octets"));
  head.octets = static_cast<std::uint64_t>(octets);
  STRONGROOM_TRY(head.checkpoint, required_string(object, "checkpoint"));
  const auto* seals = object.if_contains("seals");
  if (seals == nullptr || !seals->is_array()) return malformed("its head has no seals");
  for (const auto& each : seals->get_array()) {
    STRONGROOM_TRY(auto seal, seal_of(each));
    head.seals.push_back(std::move(seal));
  }
  return head;
}

ByteVector backup_start(const std::string& head, ByteView sealed_key) {
  ByteVector out;
  Writer writer(out);
  writer.raw(bytes_of(kMagic));
  writer.text(head);
  writer.blob(sealed_key);
  return out;
}

ByteVector backup_frame(ByteView segment, crypto::Place place) {
  ByteVector out;
  Writer writer(out);
  const auto size = static_cast<std::uint32_t>(segment.size());
  writer.u32(place == crypto::Place::Last ? size | kLast : size);
  writer.raw(segment);
  return out;
}

ByteVector backup_key_context(const std::string& head) {
  ByteVector context;
  Writer writer(context);
  writer.text("backup");
  writer.blob(crypto::sha256(bytes_of(head)));
  return context;
}

Result<ByteVector> BackupFrames::exactly(std::size_t size) {
  STRONGROOM_TRY(auto octets, source_(size));
  if (octets.size() != size) return malformed("it is cut off");
  return octets;
}

Result<std::uint32_t> BackupFrames::number() {
  STRONGROOM_TRY(const auto octets, exactly(4));
  return Reader(octets).u32();
}

Result<BackupFrames::Start> BackupFrames::start() {
  STRONGROOM_TRY(const auto magic, exactly(kMagic.size()));
  if (text_of(magic) != kMagic) return malformed("it does not begin like one");
  Start start;
  STRONGROOM_TRY(const auto head_size, number());
  if (head_size > kLargestHead) return malformed("its head is too long");
  STRONGROOM_TRY(const auto head, exactly(head_size));
  start.head = text_of(head);
  STRONGROOM_TRY(const auto key_size, number());
  if (key_size > kLargestKey) return malformed("its key is too long");
  STRONGROOM_TRY(start.sealed_key, exactly(key_size));
  return start;
}

Result<BackupFrames::Frame> BackupFrames::next() {
  STRONGROOM_TRY(const auto mark, number());
  const std::uint32_t size = mark & ~kLast;
  if (size > crypto::kSegmentSize + crypto::kSegmentOverhead)
    return malformed("a segment is too long");
  Frame frame;
  frame.place = (mark & kLast) != 0 ? crypto::Place::Last : crypto::Place::Inner;
  STRONGROOM_TRY(frame.segment, exactly(size));
  if (frame.place == crypto::Place::Inner) return frame;
  STRONGROOM_TRY(const auto more, source_(1));
  if (!more.empty()) return malformed("something follows its end");
  return frame;
}

}  // namespace strongroom::vault
