// SPDX-License-Identifier: Apache-2.0
#include "audit/listing.h"

#include <set>
#include <unordered_map>
#include <unordered_set>

#include "audit/render.h"

namespace strongroom::audit {
namespace {

class Listing {
 public:
  Listing(std::vector<std::string> files, WrittenUpTo until, const RecordIndex& index,
          const Filter& filter)
      : files_(std::move(files)), until_(until), index_(index), filter_(filter) {}

  Status run() {
    const auto extent = index_.extent();
    STRONGROOM_CHECKED(take(extent.tail, SIZE_MAX, extent.blocks));
    for (std::size_t below = extent.blocks; kept_.size() < filter_.limit;) {
      const auto block = index_.before(below, filter_);
      if (!block) break;
      STRONGROOM_CHECKED(take(block->place, RecordIndex::kBlock, block->number));
      below = block->number;
    }
    return find_ends(extent);
  }

  [[nodiscard]] std::vector<json::object> rendered() const {
    std::vector<json::object> out;
    for (auto each = kept_.rbegin(); each != kept_.rend(); ++each) {
      const auto end = ends_.find(each->entry.sequence);
      out.push_back(render(each->entry, end == ends_.end() ? nullptr : &end->second));
    }
    return out;
  }

 private:
  struct Found {
    Entry entry;
    std::size_t block = 0;
  };
  using Visit = std::function<void(Entry&&)>;

  Status walk(ReadFrom place, std::size_t entries, const Visit& visit) const {
    std::size_t seen = 0;
    STRONGROOM_TRY(const ReadEnd end,
                   read_frames(files_, place, until_, [&](const Frame& frame) -> Result<bool> {
                     if (frame.entry[0] == kCheckpointKind) return true;
                     STRONGROOM_TRY(Entry entry, decode_entry(frame.entry));
                     visit(std::move(entry));
                     return ++seen < entries;
                   }));
    (void)end;
    return {};
  }

  /// What matches, before what was found so far; at most the newest that are wanted.
  Status take(ReadFrom place, std::size_t entries, std::size_t block) {
    const std::size_t room = filter_.limit - kept_.size();
    std::deque<Found> found;
    const Status done = walk(place, entries, [&](Entry&& entry) {
      if (const auto* settled = std::get_if<Settled>(&entry.content)) {
        if (!found.empty() && settled->use >= found.front().entry.sequence)
          ends_.emplace(settled->use, *settled);
        return;
      }
      if (!matches(entry, filter_)) return;
      found.push_back({std::move(entry), block});
      if (found.size() <= room) return;
      ends_.erase(found.front().entry.sequence);
      found.pop_front();
    });
    kept_.insert(kept_.begin(), std::make_move_iterator(found.begin()),
                 std::make_move_iterator(found.end()));
    return done;
  }

  /// Of uses whose end is in a later block.
  Status find_ends(const RecordIndex::Extent& extent) {
    std::unordered_set<std::uint64_t> missing;
    for (const Found& each : kept_)
      if (std::holds_alternative<Use>(each.entry.content) && !ends_.contains(each.entry.sequence))
        missing.insert(each.entry.sequence);
    const auto visit = [&](Entry&& entry) {
      const auto* settled = std::get_if<Settled>(&entry.content);
      if (settled == nullptr || missing.erase(settled->use) == 0) return;
      ends_.emplace(settled->use, *settled);
    };
    std::set<std::size_t> read;
    for (const Found& each : kept_) {
      std::size_t from = each.block;
      while (missing.contains(each.entry.sequence)) {
        const auto block = index_.with_end(from, each.entry.sequence);
        if (!block || block->number >= extent.blocks) break;
        if (read.insert(block->number).second)
          STRONGROOM_CHECKED(walk(block->place, RecordIndex::kBlock, visit));
        from = block->number + 1;
      }
    }
    return missing.empty() ? Status() : walk(extent.tail, SIZE_MAX, visit);
  }

  std::vector<std::string> files_;
  WrittenUpTo until_;
  const RecordIndex& index_;
  const Filter& filter_;
  std::deque<Found> kept_;
  std::unordered_map<std::uint64_t, Settled> ends_;
};

}  // namespace

Result<std::vector<json::object>> list_entries(const std::string& directory, WrittenUpTo until,
                                               const RecordIndex& index, const Filter& filter) {
  STRONGROOM_TRY(auto files, segment_files(directory));
  Listing listing(std::move(files), until, index, filter);
  STRONGROOM_CHECKED(listing.run());
  return listing.rendered();
}

}  // namespace strongroom::audit
