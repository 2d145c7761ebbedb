// SPDX-License-Identifier: Apache-2.0
#include "vault/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "crypto/crypto.h"
#include "crypto/record.h"
#include "vault/root_secrets.h"
#include "vault/state.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kKeySize = 32;

std::unexpected<Error> scratch_failed() {
  return fail(Code::Storage,
              "the copy for the backup failed: " + std::string(std::strerror(errno)) + ".");
}

Secret wrapping_key(const Secret& root_key) {
  return derive_from_root(root_key, "backup");
}

}  // namespace

struct Backup::State {
  State(Vault::State& vault, BackupPlan plan) : vault(vault), plan(std::move(plan)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    copying.reset();
    ::unlink(plan.scratch.c_str());
    if (fd >= 0) ::close(fd);
    vault.is_backing_up = false;
  }
  Status finish_copy();

  Vault::State& vault;
  BackupPlan plan;
  std::unique_ptr<store::Copying> copying;
  int fd = -1;
  std::uint64_t left = 0;
  ByteVector start;
  std::unique_ptr<crypto::SegmentSealer> sealer;
};

Backup::Backup(std::unique_ptr<State> state) : state_(std::move(state)) {}
Backup::~Backup() = default;

Result<std::unique_ptr<Backup>> Vault::begin_backup(const Actor& actor, BackupPlan plan) {
  auto& state = *state_;
  STRONGROOM_CHECKED(actor.need(Right::Operate));
  if (state.is_backing_up)
    return fail(Code::Conflict, "Another backup is under way: try again when it is over.",
                "backup_running");
  state.is_backing_up = true;
  ::unlink(plan.scratch.c_str());  // of one that a crash left
  auto inner = std::make_unique<Backup::State>(state, std::move(plan));
  STRONGROOM_TRY(inner->copying, state.store.begin_copy(inner->plan.scratch));
  audit::Act act;
  act.outcome = "begun";
  STRONGROOM_CHECKED(state.act(actor, "backup.make", std::move(act)));
  return std::unique_ptr<Backup>(new Backup(std::move(inner)));
}

Result<bool> Backup::copy() {
  STRONGROOM_TRY(const bool is_more, state_->copying->step());
  if (is_more) return true;
  // In the same turn of the loop: seals, root key and revision are those of the copy.
  STRONGROOM_CHECKED(state_->finish_copy());
  return false;
}

Status Backup::State::finish_copy() {
  copying.reset();
  fd = ::open(plan.scratch.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  ::unlink(plan.scratch.c_str());
  struct stat info{};
  if (fd < 0 || ::fstat(fd, &info) != 0) return scratch_failed();
  left = static_cast<std::uint64_t>(info.st_size);
  BackupHead head;
  head.installation = vault.installation;
  head.version = STRONGROOM_VERSION;
  head.made = vault.clock.wall();
  head.generation = vault.anchoring.generation();
  head.revision = vault.store.revision();
  head.octets = left;
  head.checkpoint = plan.checkpoint();
  STRONGROOM_TRY(head.seals, vault.store.list<store::Seal>());
  const std::string text = head_text(head);
  Secret key = crypto::random_secret(kKeySize);
  start = backup_start(
      text, crypto::seal_record(wrapping_key(vault.root_key), backup_key_context(text), key));
  sealer = std::make_unique<crypto::SegmentSealer>(std::move(key));
  return {};
}

Result<ByteVector> Backup::next() {
  auto& state = *state_;
  if (!state.start.empty()) return std::exchange(state.start, {});
  if (!state.sealer) return ByteVector();
  ByteVector plain(std::min<std::uint64_t>(state.left, crypto::kSegmentSize));
  std::size_t size = 0;
  while (size < plain.size()) {
    const ssize_t got = ::read(state.fd, plain.data() + size, plain.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;
    if (got <= 0) return scratch_failed();
    size += static_cast<std::size_t>(got);
  }
  state.left -= size;
  const auto place = state.left == 0 ? crypto::Place::Last : crypto::Place::Inner;
  ByteVector frame = backup_frame(state.sealer->seal(plain, place), place);
  if (place == crypto::Place::Last) state.sealer.reset();
  return frame;
}

// ------------------------------------------------------------------------------------------------
// opening

Result<Secret> open_backup_root(const BackupHead& head, const SealOptions& options) {
  Error last(Code::Sealed, "This backup has no seal.", "seal_missing");
  const auto seals = in_order_of_opening(head.seals);
  if (options.expect) options.expect(seals);
  for (const auto& seal : seals) {
    auto key = sealing_key(seal, options);
    auto root = key ? unseal(seal, *key, wrong_key(seal, options)) : std::move(key);
    if (root) return root;
    last = std::move(root).error();
    if (last.reason == "shares_missing") last.message += " Say --by-shares to bring them.";
  }
  return std::unexpected(std::move(last));
}

Result<BackupHead> read_backup(const BackupFrames::Source& source, const SealOptions& options,
                               const std::function<Status(ByteView piece)>& take) {
  BackupFrames frames(source);
  STRONGROOM_TRY(const auto start, frames.start());
  STRONGROOM_TRY(auto head, read_head(start.head));
  STRONGROOM_TRY(const Secret root, open_backup_root(head, options));
  auto key =
      crypto::open_record(wrapping_key(root), backup_key_context(start.head), start.sealed_key);
  if (!key || key->size() != kKeySize)
    return fail(Code::Tampered, "This backup's head was changed.", "backup_damaged");
  crypto::SegmentOpener opener(std::move(*key));
  std::uint64_t octets = 0;
  for (auto place = crypto::Place::Inner; place == crypto::Place::Inner;) {
    STRONGROOM_TRY(const auto frame, frames.next());
    const auto piece = opener.open(frame.segment, frame.place);
    if (!piece)
      return fail(Code::Tampered, "This backup was changed: " + piece.error().message + ".",
                  "backup_damaged");
    STRONGROOM_CHECKED(take(*piece));
    octets += piece->size();
    place = frame.place;
  }
  if (octets == head.octets) return head;
  return fail(Code::Tampered, "This backup does not hold what its head says.", "backup_damaged");
}

Status check_restored(const std::string& path, const BackupHead& head, const SealOptions& options) {
  STRONGROOM_TRY(const Secret root, open_backup_root(head, options));
  STRONGROOM_TRY(const auto store, store::open_sqlite(path));
  STRONGROOM_CHECKED(accept_root_key(*store, root));
  STRONGROOM_CHECKED(store->verify_all());
  if (store->revision() == head.revision) return {};
  return fail(Code::Tampered, "The restored database is not of the change that the backup says.",
              "backup_damaged");
}

}  // namespace strongroom::vault
