// SPDX-License-Identifier: Apache-2.0
#include "audit/view.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <functional>
#include <map>
#include <optional>
#include <span>

#include "audit/merkle.h"
#include "base/encoding.h"

namespace strongroom::audit {
namespace {

using crypto::Digest;

std::unexpected<Error> unfit(const std::string& why) {
  return fail(Code::Tampered, "the tenant's part of the record does not fit: " + why);
}

Status nothing(const Tile&) {
  return {};
}

using VisitEntry = std::function<Status(ByteView octets, const Entry& entry)>;

Status each_entry(const std::string& directory, WrittenUpTo until, const VisitEntry& visit) {
  STRONGROOM_TRY(const auto files, segment_files(directory));
  STRONGROOM_TRY(const ReadEnd end,
                 read_frames(files, {}, until, [&](const Frame& frame) -> Result<bool> {
                   if (frame.entry[0] == kCheckpointKind) return true;
                   STRONGROOM_TRY(const Entry entry, decode_entry(frame.entry));
                   STRONGROOM_CHECKED(visit(frame.entry, entry));
                   return true;
                 }));
  (void)end;
  return {};
}

const Act* statement_act(const Entry& entry) {
  const auto* act = std::get_if<Act>(&entry.content);
  return act != nullptr && act->action == kViewAction ? act : nullptr;
}

/// "ENTRIES BELOW ROOT", the root in base64.
std::optional<ViewStatement> parse_statement(std::string_view text) {
  ViewStatement out;
  const auto first = text.find(' ');
  const auto second = text.find(' ', first + 1);
  if (first == text.npos || second == text.npos) return std::nullopt;
  const auto root = from_base64(text.substr(second + 1));
  if (!root || root->size() != out.root.size()) return std::nullopt;
  std::ranges::copy(*root, out.root.begin());
  const auto number = [](std::string_view digits, std::uint64_t& into) {
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return read.ec == std::errc() && read.ptr == digits.data() + digits.size();
  };
  const bool is_fine = number(text.substr(0, first), out.entries) &&
                       number(text.substr(first + 1, second - first - 1), out.below);
  return is_fine ? std::optional(out) : std::nullopt;
}

std::uint64_t left_half(std::uint64_t size) {
  return std::bit_floor(size - 1);
}

/// RFC 6962 2.1, over leaves that are hashes already.
Digest root_of(std::span<const Digest> leaves) {
  if (leaves.size() == 1) return leaves.front();
  const auto half = static_cast<std::size_t>(left_half(leaves.size()));
  return node_hash(root_of(leaves.first(half)), root_of(leaves.subspan(half)));
}

bool has_any(const std::vector<View::Member>& entries, std::uint64_t begin, std::uint64_t end) {
  const auto first = std::ranges::lower_bound(entries, begin, {}, &View::Member::index);
  return first != entries.end() && first->index < end;
}

void prune(const std::vector<Digest>& leaves, std::uint64_t begin, std::uint64_t end, View& view) {
  if (!has_any(view.entries, begin, end)) {
    view.hashes.push_back(root_of(std::span(leaves).subspan(begin, end - begin)));
  } else if (end - begin > 1) {
    const std::uint64_t middle = begin + left_half(end - begin);
    prune(leaves, begin, middle, view);
    prune(leaves, middle, end, view);
  }
}

/// The root that a view's entries and hashes give.
class Rebuild {
 public:
  explicit Rebuild(const View& view) : view_(view) {}
  Result<Digest> root(std::uint64_t begin, std::uint64_t end) {
    if (!has_any(view_.entries, begin, end)) {
      if (next_ == view_.hashes.size()) return unfit("a hash is missing");
      return view_.hashes[next_++];
    }
    if (end - begin == 1)
      return leaf_hash(
          std::ranges::lower_bound(view_.entries, begin, {}, &View::Member::index)->entry);
    const std::uint64_t middle = begin + left_half(end - begin);
    STRONGROOM_TRY(const Digest left, root(begin, middle));
    STRONGROOM_TRY(const Digest right, root(middle, end));
    return node_hash(left, right);
  }
  [[nodiscard]] bool is_used_up() const { return next_ == view_.hashes.size(); }

 private:
  const View& view_;
  std::size_t next_ = 0;
};

Status check_inclusion(const View& view, const TreeHead& head) {
  for (std::size_t i = 0; i < view.entries.size(); ++i) {
    const bool is_fine = view.entries[i].index < head.size &&
                         (i == 0 || view.entries[i - 1].index < view.entries[i].index);
    if (!is_fine) return unfit("its entries are out of order");
  }
  if (head.size == 0) return unfit("the record is empty");
  Rebuild rebuild(view);
  STRONGROOM_TRY(const Digest root, rebuild.root(0, head.size));
  if (root == head.root && rebuild.is_used_up()) return {};
  return unfit("its entries are not those under the signed checkpoint");
}

/// The newest statement, and what it is of.
Status check_completeness(const View& view, VerifiedView& out) {
  std::optional<ViewStatement> newest;
  for (const View::Member& each : view.entries) {
    STRONGROOM_TRY(const Entry entry, decode_entry(each.entry));
    if (tenant_of(entry) != view.tenant) return unfit("an entry is of another tenant");
    const Act* act = statement_act(entry);
    if (act == nullptr) continue;
    newest = parse_statement(act->detail);
    if (!newest || newest->below > each.index) return unfit("what it says of itself is malformed");
    out.complete_at = entry.time;
  }
  if (!newest) return unfit("it does not say how many entries there are");
  TileBuilder tree;
  for (const View::Member& each : view.entries)
    if (each.index < newest->below) STRONGROOM_CHECKED(tree.append(each.entry, nothing));
  if (tree.size() != newest->entries)
    return unfit("the record has " + std::to_string(newest->entries) + " entries of the tenant, " +
                 std::to_string(tree.size()) + " are here");
  if (tree.root() != newest->root) return unfit("an entry was exchanged");
  out.complete_below = newest->below;
  return {};
}

}  // namespace

TenantId tenant_of(const Entry& entry) {
  return std::visit([](const auto& content) { return content.tenant; }, entry.content);
}

std::string text_of(const ViewStatement& statement) {
  return std::to_string(statement.entries) + " " + std::to_string(statement.below) + " " +
         to_base64(statement.root);
}

Result<ViewStatement> state_view(const std::string& directory, WrittenUpTo until, TenantId tenant) {
  ViewStatement out;
  TileBuilder tree;
  STRONGROOM_CHECKED(
      each_entry(directory, until, [&](ByteView octets, const Entry& entry) -> Status {
        ++out.below;
        return tenant_of(entry) == tenant ? tree.append(octets, nothing) : Status();
      }));
  out.entries = tree.size();
  out.root = tree.root();
  return out;
}

Status check_statements(const std::string& directory, WrittenUpTo until) {
  struct Said {
    TenantId tenant;
    ViewStatement what;
    std::uint64_t sequence = 0;
  };
  std::multimap<std::uint64_t, Said> said;  // by `below`
  std::map<TenantId, TileBuilder> trees;
  std::uint64_t index = 0;
  STRONGROOM_CHECKED(each_entry(directory, until, [&](ByteView, const Entry& entry) -> Status {
    ++index;
    const Act* act = statement_act(entry);
    if (act == nullptr) return {};
    const auto what = parse_statement(act->detail);
    if (!what || what->below >= index)
      return fail(Code::Tampered,
                  "entry " + std::to_string(index) + " of the record says nothing of its tenant");
    said.emplace(what->below, Said{act->tenant, *what, entry.sequence});
    trees.try_emplace(act->tenant);
    return {};
  }));
  if (said.empty()) return {};
  const auto check = [&](std::uint64_t below) -> Status {
    const auto [first, last] = said.equal_range(below);
    for (auto each = first; each != last; ++each) {
      const TileBuilder& tree = trees.at(each->second.tenant);
      const bool is_right =
          tree.size() == each->second.what.entries && tree.root() == each->second.what.root;
      if (!is_right)
        return fail(Code::Tampered, "entry " + std::to_string(each->second.sequence) +
                                        " of the record says of its tenant what is not so");
    }
    return {};
  };
  index = 0;
  return each_entry(directory, until, [&](ByteView octets, const Entry& entry) -> Status {
    STRONGROOM_CHECKED(check(index++));
    const auto tree = trees.find(tenant_of(entry));
    return tree == trees.end() ? Status() : tree->second.append(octets, nothing);
  });
}

Result<View> make_view(const std::string& directory, WrittenUpTo until, TenantId tenant,
                       std::string checkpoint, TreeHead head) {
  View view;
  view.tenant = tenant;
  view.checkpoint = std::move(checkpoint);
  std::vector<Digest> leaves;
  STRONGROOM_CHECKED(
      each_entry(directory, until, [&](ByteView octets, const Entry& entry) -> Status {
        if (leaves.size() >= head.size) return {};
        if (tenant_of(entry) == tenant)
          view.entries.push_back({leaves.size(), ByteVector(octets.begin(), octets.end())});
        leaves.push_back(leaf_hash(octets));
        if (view.entries.size() <= kMaxViewEntries) return {};
        return fail(Code::TooLarge,
                    "the tenant has more than 100000 entries: the operator exports "
                    "the whole record as tiles");
      }));
  if (leaves.size() < head.size) return unfit("the record is shorter than its checkpoint says");
  prune(leaves, 0, head.size, view);
  return view;
}

Result<VerifiedView> verify_view(const View& view, const crypto::PublicKey& key) {
  VerifiedView out;
  out.tenant = view.tenant;
  out.entries = view.entries.size();
  STRONGROOM_TRY(out.head, open_checkpoint(view.checkpoint, key));
  STRONGROOM_CHECKED(check_inclusion(view, out.head));
  STRONGROOM_CHECKED(check_completeness(view, out));
  return out;
}

json::object to_json(const View& view) {
  json::array entries;
  for (const View::Member& each : view.entries)
    entries.push_back(json::object{{"index", each.index}, {"entry", to_base64(each.entry)}});
  json::array hashes;
  for (const Digest& each : view.hashes) hashes.emplace_back(to_base64(each));
  return {{"tenant", view.tenant.text()},
          {"checkpoint", view.checkpoint},
          {"entries", std::move(entries)},
          {"hashes", std::move(hashes)}};
}

Result<View> view_of_json(const json::value& document) {
  if (!document.is_object()) return unfit("it is no object");
  const auto& object = document.get_object();
  View view;
  STRONGROOM_TRY(const std::string tenant, required_string(object, "tenant"));
  STRONGROOM_TRY(view.tenant, TenantId::parse(tenant));
  STRONGROOM_TRY(view.checkpoint, required_string(object, "checkpoint"));
  const auto* entries = object.if_contains("entries");
  const auto* hashes = object.if_contains("hashes");
  if (entries == nullptr || hashes == nullptr || !entries->is_array() || !hashes->is_array())
    return unfit("a member is missing");
  for (const auto& each : entries->get_array()) {
    if (!each.is_object()) return unfit("an entry is malformed");
    STRONGROOM_TRY(const std::string text, required_string(each.get_object(), "entry"));
    const auto* index = each.get_object().if_contains("index");
    auto octets = from_base64(text);
    if (index == nullptr || !index->is_int64() || index->get_int64() < 0 || !octets ||
        octets->empty())
      return unfit("an entry is malformed");
    view.entries.push_back({static_cast<std::uint64_t>(index->get_int64()), std::move(*octets)});
  }
  for (const auto& each : hashes->get_array()) {
    const auto octets = each.is_string() ? from_base64(std::string_view(each.get_string()))
                                         : std::optional<ByteVector>();
    Digest digest{};
    if (!octets || octets->size() != digest.size()) return unfit("a hash is malformed");
    std::ranges::copy(*octets, digest.begin());
    view.hashes.push_back(digest);
  }
  return view;
}

}  // namespace strongroom::audit
