// SPDX-License-Identifier: Apache-2.0
#include "audit/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>
#include <mutex>
#include <thread>

#include "audit/consistency.h"
#include "audit/index.h"
#include "audit/listing.h"
#include "audit/tree_keeper.h"
#include "audit/verifier.h"
#include "audit/writer.h"
#include "base/encoding.h"
#include "base/log.h"

namespace strongroom::audit {

struct Log::State {
  State(Options&& given, ChainEnd end, std::uint64_t sequence, TreeHead published)
      : directory(given.directory),
        clock(*given.clock),
        post(std::move(given.post)),
        signing_key(std::move(given.signing_key)),
        public_key(crypto::public_key_of(signing_key)),
        next_sequence(sequence + 1),
        writer({given.directory, given.clock, &signing_key, given.segment_octets}, end),
        keeper({given.directory, &signing_key, [this] { return writer.written(); },
                [this](const Error& why) { writer.refuse(why); }, &index},
               published) {}
  ~State() { (void)writer.flush(); }  // what the keeper publishes last

  std::string directory;
  const Clock& clock;
  std::function<void(std::function<void()>)> post;
  Secret signing_key;
  crypto::PublicKey public_key;
  std::uint64_t next_sequence;
  ByteVector scratch;
  mutable BatchWriter writer;
  RecordIndex index;
  TreeKeeper keeper;
  mutable std::mutex hold_mutex;
  std::optional<Error> held;

  [[nodiscard]] Status uses_held() const {
    const std::lock_guard lock(hold_mutex);
    return held ? Status(std::unexpected(*held)) : Status();
  }
  std::uint64_t append(const Content& content, std::function<void(Status)> on_durable) {
    const std::uint64_t sequence = next_sequence++;
    scratch.clear();
    encode_entry(sequence, clock.wall(), content, scratch);
    // How a use ended is told to nobody who waits; everything else is.
    const bool is_lazy = std::holds_alternative<Settled>(content);
    writer.append(scratch, is_lazy ? BatchWriter::Pace::Lazy : BatchWriter::Pace::Prompt,
                  std::move(on_durable));
    return sequence;
  }
  void append_use(const Use& use, WallTime time, std::function<void(Status)> on_durable) {
    scratch.clear();
    encode_entry(next_sequence++, time, use, scratch);
    writer.append(scratch, BatchWriter::Pace::Prompt, std::move(on_durable));
  }
};

namespace {

Status make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(Code::Storage,
                "cannot make the record's folder " + path + ": " + std::strerror(errno));
  return {};
}

Status cut_tail(const std::string& path, std::uint64_t at) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  const bool is_cut = fd >= 0 && ::ftruncate(fd, static_cast<off_t>(at)) == 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!is_cut)
    return fail(Code::Storage, "the torn end of the record cannot be cut off: " +
                                   std::string(std::strerror(errno)));
  return {};
}

/// A tree's head that the entries are held against as they are walked.
class HeadCheck {
 public:
  explicit HeadCheck(TreeHead head) : head_(head) {}
  Status take(ByteView entry) {
    if (tree_.size() >= head_.size || entry[0] == kCheckpointKind) return {};
    STRONGROOM_CHECKED(tree_.append(entry, [](const Tile&) -> Status { return {}; }));
    if (tree_.size() < head_.size || tree_.root() == head_.root) return {};
    return fail(Code::Tampered, "the record's first " + std::to_string(head_.size) +
                                    " entries are not those under the checkpoint of its tree");
  }
  [[nodiscard]] Status finish() const {
    if (tree_.size() >= head_.size) return {};
    return fail(Code::Tampered, "the record ends after entry " + std::to_string(tree_.size()) +
                                    ", but a checkpoint of its tree counts " +
                                    std::to_string(head_.size) + ": its end was cut off");
  }
  [[nodiscard]] const TreeHead& head() const { return head_; }

 private:
  TreeHead head_;
  TileBuilder tree_;
};

/// Size 0 when there is none yet.
Result<TreeHead> newest_head(const std::string& directory, const crypto::PublicKey& key) {
  STRONGROOM_TRY(const auto note, TileStore(directory + "/tlog").checkpoint());
  if (!note) return TreeHead{};
  return open_checkpoint(*note, key);
}

/// Walks until something does not fit.
struct Walk {
  Verifier verifier;
  HeadCheck head;
  Status refusal;
  bool is_chained = false;  ///< what was refused is whole all the same
  Walk(const crypto::PublicKey& key, TreeHead published) : verifier(key), head(published) {}

  Result<bool> take(const Frame& frame) {
    const auto taken = verifier.take(frame);
    refusal = taken ? Status() : std::unexpected(taken.error());
    is_chained = !refusal && next_hash(verifier.head(), frame.entry) == frame.hash;
    if (refusal) STRONGROOM_CHECKED(head.take(frame.entry));
    return refusal.has_value();
  }
};

/// What does not fit at the end of the last file is cut off when a crash explains it.
Status settle_end(const std::vector<std::string>& files, const ReadEnd& end, const Walk& walk,
                  const crypto::PublicKey& key) {
  if (!end.is_torn && walk.refusal) return {};
  if (walk.is_chained || end.segment + 1 != files.size()) return walk.refusal;
  const std::string& file = files[end.segment];
  STRONGROOM_TRY(const bool is_torn, is_torn_batch(file, end.offset, key));
  if (!is_torn && !walk.refusal) return walk.refusal;
  if (!is_torn)
    return fail(Code::Tampered, "the record's file " + file + " does not fit from octet " +
                                    std::to_string(end.offset) + " on");
  log(LogLevel::Warning, "record_torn",
      {{"file", file},
       {"octet", end.offset},
       {"why", "the last batch was not whole when the server ended; none of it was acknowledged"}});
  return cut_tail(file, end.offset);
}

Result<Verified> walk_all(const std::vector<std::string>& files, WrittenUpTo until,
                          const crypto::PublicKey& key, TreeHead published) {
  Verifier verifier(key);
  HeadCheck head(published);
  STRONGROOM_TRY(const ReadEnd end,
                 read_frames(files, {}, until, [&](const Frame& frame) -> Result<bool> {
                   STRONGROOM_CHECKED(verifier.take(frame));
                   STRONGROOM_CHECKED(head.take(frame.entry));
                   return true;
                 }));
  if (end.is_torn) return fail(Code::Tampered, "the record's last entry is cut short");
  STRONGROOM_CHECKED(head.finish());
  Verified verified = verifier.finish();
  verified.tree_size = published.size;
  if (published.size > 0) verified.tree_root = to_base64(published.root);
  return verified;
}

}  // namespace

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::open(Options options) {
  STRONGROOM_CHECKED(make_directory(options.directory));
  STRONGROOM_TRY(const auto files, segment_files(options.directory));
  const crypto::PublicKey key = crypto::public_key_of(options.signing_key);
  STRONGROOM_TRY(const TreeHead published, newest_head(options.directory, key));
  Walk walk(key, published);
  STRONGROOM_TRY(const ReadEnd end,
                 read_frames(files, {}, {}, [&](const Frame& frame) { return walk.take(frame); }));
  // Before anything is cut off: what a checkpoint covers was durable, and no crash takes it.
  if (walk.refusal || !walk.is_chained) STRONGROOM_CHECKED(walk.head.finish());
  STRONGROOM_CHECKED(settle_end(files, end, walk, key));
  ChainEnd chain;
  chain.head = walk.verifier.head();
  chain.entries = walk.verifier.verified().entries;
  chain.segments = files.size();
  chain.offset = end.offset;
  chain.is_checkpointed = walk.verifier.verified().after_last_checkpoint == 0;
  const std::uint64_t last = walk.verifier.last_sequence();
  return std::unique_ptr<Log>(
      new Log(std::make_unique<State>(std::move(options), chain, last, published)));
}

Status Log::record(const Act& act) {
  return record(std::span(&act, 1));
}

Status Log::record(std::span<const Act> acts) {
  if (acts.empty()) return {};
  // Shared: when the disk hangs, nobody waits for the answer any more.
  auto answer = std::make_shared<std::promise<Status>>();
  auto durable = answer->get_future();
  for (const Act& act : acts.first(acts.size() - 1)) state_->append(act, {});
  // What came before it is durable with it, or has failed with it.
  state_->append(acts.back(), [answer](Status status) { answer->set_value(std::move(status)); });
  // What waits already is given longer than what comes while the disk hangs: a busy disk is no
  // reason to undo a change.
  constexpr auto kLook = BatchWriter::kHangs / 8;
  constexpr int kLooks = 20;
  for (int i = 0; durable.wait_for(kLook) != std::future_status::ready; ++i) {
    const Status well = state_->writer.health();
    if (i >= kLooks && !well && state_->writer.is_hanging()) return well;
  }
  return durable.get();
}

std::uint64_t Log::record_uses(std::span<const Use> uses, std::function<void(Status)> on_durable) {
  const std::uint64_t first = state_->next_sequence;
  const WallTime time = state_->clock.wall();
  for (std::size_t i = 0; i < uses.size(); ++i) {
    const bool is_last = i + 1 == uses.size();
    std::function<void(Status)> call;
    if (is_last && on_durable)
      call = [post = state_->post, held = state_->uses_held(),
              on_durable = std::move(on_durable)](Status status) {
        if (!held) status = held;
        post([on_durable, status = std::move(status)] { on_durable(status); });
      };
    state_->append_use(uses[i], time, std::move(call));
  }
  return first;
}

void Log::record_later(const Content& content) {
  state_->append(content, {});
}

Status Log::for_each(const std::function<bool(const Entry&)>& visit) const {
  (void)state_->writer.flush();
  const WrittenUpTo until = state_->writer.written();
  STRONGROOM_TRY(const auto files, segment_files(state_->directory));
  STRONGROOM_TRY(const ReadEnd end,
                 read_frames(files, {}, until, [&](const Frame& frame) -> Result<bool> {
                   if (!frame.entry.empty() && frame.entry[0] == kCheckpointKind) return true;
                   STRONGROOM_TRY(const Entry entry, decode_entry(frame.entry));
                   return visit(entry);
                 }));
  (void)end;
  return {};
}

Result<std::vector<json::object>> Log::list(const Filter& filter) const {
  (void)state_->writer.flush();
  return list_entries(state_->directory, state_->writer.written(), state_->index, filter);
}

Result<Verified> Log::verify() const {
  STRONGROOM_CHECKED(state_->writer.flush());
  // In this order: what was published is among what was written.
  const TreeHead published = state_->keeper.published();
  const WrittenUpTo until = state_->writer.written();
  STRONGROOM_TRY(const auto files, segment_files(state_->directory));
  STRONGROOM_TRY(Verified verified, walk_all(files, until, state_->public_key, published));
  STRONGROOM_CHECKED(check_statements(state_->directory, until));
  return verified;
}

Result<Place> Log::read_on(const Place& from, TailLimits limits, const TailVisitor& visit) const {
  return read_tail(state_->directory, from, state_->writer.written(), limits, visit);
}

Result<Act> Log::view_statement(TenantId tenant) const {
  STRONGROOM_TRY(const ViewStatement statement,
                 state_view(state_->directory, state_->writer.written(), tenant));
  Act act;
  act.actor = "vault";
  act.action = kViewAction;
  act.tenant = tenant;
  act.outcome = "done";
  act.detail = text_of(statement);
  return act;
}

Result<View> Log::view(TenantId tenant, std::uint64_t entries) const {
  constexpr std::chrono::milliseconds kLook{20};
  constexpr int kLooks = 500;
  for (int i = 0; i < kLooks && state_->keeper.published().size < entries; ++i)
    std::this_thread::sleep_for(kLook);
  STRONGROOM_TRY(const auto note, TileStore(state_->directory + "/tlog").checkpoint());
  if (!note) return fail(Code::Unavailable, "the record has no checkpoint yet");
  STRONGROOM_TRY(const TreeHead head, open_checkpoint(*note, state_->public_key));
  if (head.size < entries)
    return fail(Code::Unavailable, "the record's newest checkpoint is older: try again");
  return make_view(state_->directory, state_->writer.written(), tenant, *note, head);
}

Result<ProvenCheckpoint> Log::checkpoint_since(std::uint64_t old_size) const {
  const TileStore store(state_->directory + "/tlog");
  STRONGROOM_TRY(auto note, store.checkpoint());
  if (!note) return fail(Code::NotFound, "the record has no checkpoint yet");
  ProvenCheckpoint out;
  STRONGROOM_TRY(out.head, open_checkpoint(*note, state_->public_key));
  STRONGROOM_TRY(out.proof, consistency_proof(store, old_size, out.head));
  out.note = std::move(*note);
  return out;
}

Status Log::keep_witnessed(const std::string& name, std::string_view note) const {
  return TileStore(state_->directory + "/tlog").keep_witnessed(name, note);
}

std::uint64_t Log::witnessed_by(const WitnessKey& witness) const {
  const auto newest =
      newest_cosigned(TileStore(state_->directory + "/tlog"), state_->public_key, witness);
  return newest ? newest->head.size : 0;
}

std::uint64_t Log::checkpoint_size() const {
  return state_->keeper.published().size;
}

std::string Log::origin() const {
  return origin_of(state_->public_key);
}

std::uint64_t Log::size() const {
  return state_->writer.written().entries;
}

void Log::hold_uses(std::optional<Error> why) {
  const std::lock_guard lock(state_->hold_mutex);
  state_->held = std::move(why);
}

Status Log::uses_held() const {
  return state_->uses_held();
}

Status Log::health() const {
  STRONGROOM_CHECKED(state_->writer.health());
  return state_->uses_held();
}

Result<Verified> Log::verify_folder(const std::string& directory, const crypto::PublicKey& key,
                                    std::span<const WitnessKey> witnesses) {
  if (is_tile_folder(directory)) return verify_tiles(directory, key, witnesses);
  STRONGROOM_TRY(const auto files, segment_files(directory));
  STRONGROOM_TRY(const TreeHead published, newest_head(directory, key));
  STRONGROOM_TRY(Verified verified, walk_all(files, {}, key, published));
  STRONGROOM_CHECKED(check_statements(directory, {}));
  if (witnesses.empty()) return verified;
  STRONGROOM_TRY(Verified tree, verify_tiles(directory + "/tlog", key, witnesses));
  verified.witnessed = std::move(tree.witnessed);
  return verified;
}

}  // namespace strongroom::audit
