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

ByteVector key_id(std::string_view name, const crypto::PublicKey& key) {
  ByteVector octets(name.begin(), name.end());
  octets.push_back('\n');
  octets.push_back(kEd25519);
  octets.insert(octets.end(), key.begin(), key.end());
  const auto digest = crypto::sha256(octets);
  return {digest.begin(), digest.begin() + 4};
}

ByteView octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::unexpected<Error> malformed() {
  return fail(Code::Tampered, "the record's checkpoint is malformed");
}

/// The lines of `text`, each of which must end.
Result<std::vector<std::string_view>> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return malformed();
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

bool is_signed(std::string_view text, std::string_view line, const crypto::PublicKey& key) {
  const std::string start = std::string(kSignature) + origin_of(key) + " ";
  if (!line.starts_with(start)) return false;
  const auto octets = from_base64(line.substr(start.size()));
  crypto::Signature signature{};
  if (!octets || octets->size() != 4 + signature.size()) return false;
  if (!std::ranges::equal(key_id(origin_of(key), key), ByteView(*octets).first(4))) return false;
  std::copy(octets->begin() + 4, octets->end(), signature.begin());
  return crypto::verify(key, octets_of(text), signature);
}

Result<TreeHead> parse_text(std::string_view text, const crypto::PublicKey& key) {
  STRONGROOM_TRY(const auto lines, lines_of(text));
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

std::string origin_of(const crypto::PublicKey& key) {
  return "strongroom.record/" + to_hex(ByteView(crypto::sha256(key)).first(8));
}

std::string verifier_key(const crypto::PublicKey& key) {
  const std::string name = origin_of(key);
  ByteVector typed{kEd25519};
  typed.insert(typed.end(), key.begin(), key.end());
  return name + "+" + to_hex(key_id(name, key)) + "+" + to_base64(typed);
}

std::string sign_checkpoint(const Secret& signing_key, const TreeHead& head) {
  const auto key = crypto::public_key_of(signing_key);
  const std::string name = origin_of(key);
  const std::string text =
      name + "\n" + std::to_string(head.size) + "\n" + to_base64(head.root) + "\n";
  const auto signature = crypto::sign(signing_key, octets_of(text));
  ByteVector octets = key_id(name, key);
  octets.insert(octets.end(), signature.begin(), signature.end());
  return text + "\n" + std::string(kSignature) + name + " " + to_base64(octets) + "\n";
}

Result<TreeHead> open_checkpoint(std::string_view note, const crypto::PublicKey& key) {
  const std::size_t blank = note.find("\n\n");
  if (blank == std::string_view::npos) return malformed();
  const std::string_view text = note.substr(0, blank + 1);
  STRONGROOM_TRY(const auto signatures, lines_of(note.substr(blank + 2)));
  const bool is_ours =
      std::ranges::any_of(signatures, [&](auto line) { return is_signed(text, line, key); });
  if (!is_ours)
    return fail(Code::Tampered, "the record's checkpoint is not signed by this installation");
  return parse_text(text, key);
}

}  // namespace strongroom::audit
