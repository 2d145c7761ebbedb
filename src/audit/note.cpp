// SPDX-License-Identifier: Apache-2.0
#include "audit/note.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/encoding.h"

namespace strongroom::audit {
namespace {

constexpr std::uint8_t kEd25519 = 1;
/// An em dash and a space begin a signature's line.
constexpr std::string_view kSignature = "\xE2\x80\x94 ";

ByteView octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::unexpected<Error> malformed() {
  return fail(Code::Tampered, "the record's checkpoint is malformed");
}

bool is_signed(std::string_view text, std::string_view line, const crypto::PublicKey& key) {
  const std::string name = origin_of(key);
  const auto parsed = parse_signature(line);
  crypto::Signature signature{};
  if (!parsed || parsed->name != name || parsed->octets.size() != 4 + signature.size())
    return false;
  const ByteView octets(parsed->octets);
  if (!std::ranges::equal(note_key_id(name, kEd25519, key), octets.first(4))) return false;
  std::ranges::copy(octets.subspan(4), signature.begin());
  return crypto::verify(key, octets_of(text), signature);
}

Result<TreeHead> parse_text(std::string_view text, const crypto::PublicKey& key) {
  STRONGROOM_TRY(const auto lines, note_lines(text));
  if (lines.size() < 3 || lines[0] != origin_of(key)) return malformed();
  TreeHead head;
  const char* end = lines[1].data() + lines[1].size();
  const auto read = std::from_chars(lines[1].data(), end, head.size);
  const auto root = from_base64(lines[2]);
  const bool is_fine = read.ec == std::errc() && read.ptr == end && root &&
                       root->size() == head.root.size() && lines[1] == std::to_string(head.size);
  if (!is_fine) return malformed();
  std::ranges::copy(*root, head.root.begin());
  return head;
}

}  // namespace

ByteVector note_key_id(std::string_view name, std::uint8_t kind, const crypto::PublicKey& key) {
  ByteVector octets(name.begin(), name.end());
  octets.push_back('\n');
  octets.push_back(kind);
  octets.insert(octets.end(), key.begin(), key.end());
  const auto digest = crypto::sha256(octets);
  return {digest.begin(), digest.begin() + 4};
}

Result<std::vector<std::string_view>> note_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return malformed();
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

Result<NoteParts> split_note(std::string_view note) {
  const std::size_t blank = note.find("\n\n");
  if (blank == std::string_view::npos) return malformed();
  NoteParts parts;
  parts.text = note.substr(0, blank + 1);
  STRONGROOM_TRY(parts.signatures, note_lines(note.substr(blank + 2)));
  return parts;
}

std::optional<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(kSignature)) return std::nullopt;
  line.remove_prefix(kSignature.size());
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto octets = from_base64(line.substr(space + 1));
  if (!octets || octets->size() < 4) return std::nullopt;
  return NoteSignature{line.substr(0, space), std::move(*octets)};
}

std::string origin_of(const crypto::PublicKey& key) {
  return "strongroom.record/" + to_hex(ByteView(crypto::sha256(key)).first(8));
}

std::string verifier_key(const crypto::PublicKey& key) {
  const std::string name = origin_of(key);
  ByteVector typed{kEd25519};
  typed.insert(typed.end(), key.begin(), key.end());
  return name + "+" + to_hex(note_key_id(name, kEd25519, key)) + "+" + to_base64(typed);
}

std::string sign_checkpoint(const Secret& signing_key, const TreeHead& head) {
  const auto key = crypto::public_key_of(signing_key);
  const std::string name = origin_of(key);
  const std::string text =
      name + "\n" + std::to_string(head.size) + "\n" + to_base64(head.root) + "\n";
  const auto signature = crypto::sign(signing_key, octets_of(text));
  ByteVector octets = note_key_id(name, kEd25519, key);
  octets.insert(octets.end(), signature.begin(), signature.end());
  return text + "\n" + std::string(kSignature) + name + " " + to_base64(octets) + "\n";
}

Result<TreeHead> open_checkpoint(std::string_view note, const crypto::PublicKey& key) {
  STRONGROOM_TRY(const NoteParts parts, split_note(note));
  const bool is_ours = std::ranges::any_of(
      parts.signatures, [&](auto line) { return is_signed(parts.text, line, key); });
  if (!is_ours)
    return fail(Code::Tampered, "the record's checkpoint is not signed by this installation");
  return parse_text(parts.text, key);
}

}  // namespace strongroom::audit
