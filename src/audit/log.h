// Log: the record of use, an append-only chain of entries on disk.
//
// Used by: vault (acts), app (uses on behalf of gateways), api (queries). Threads: the vault's
// loop; list, for_each, read_on and verify any, since they read the files; one writer thread inside
// does group commit: all that has come in meanwhile is written and synchronised once. Segment files
// DIR/record-NNNNNNNN.log, each frame [length][entry][SHA-256 of the previous hash and the entry];
// about once a second and at the end a checkpoint signed by Ed25519. A second thread keeps the tree
// over them in DIR/tlog and looks whether the files are still what was written. Fails closed:
// Storage when the disk does not take it, or not within 2 s; it is tried again with the next entry.
// Tampered, until the server is started anew, once a file is not what was written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/cosignature.h"
#include "audit/entries.h"
#include "audit/filter.h"
#include "audit/tail.h"
#include "audit/view.h"
#include "base/json.h"
#include "base/secret.h"
#include "crypto/crypto.h"

namespace strongroom::audit {

/// What a verification found.
struct Verified {
  std::uint64_t entries = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t after_last_checkpoint = 0;  ///< entries not yet under a signature
  std::string head;                         ///< hex of the last hash
  std::uint64_t tree_size = 0;              ///< entries under the newest checkpoint of the tree
  std::string tree_root;                    ///< its root, base64; empty: there is none
  std::vector<Witnessed> witnessed;         ///< of each witness that was asked for
};

struct ProvenCheckpoint {
  std::string note;
  TreeHead head;
  std::vector<crypto::Digest> proof;
};

class Log {
 public:
  struct Options {
    std::string directory;  ///< made with 0700 where missing
    const Clock* clock = nullptr;
    Secret signing_key;                               ///< Ed25519
    std::function<void(std::function<void()>)> post;  ///< runs a callback on the vault's loop
    std::size_t segment_octets = 16UL << 20U;
  };
  /// Checks the whole chain, and that the tree's newest checkpoint is of it. A torn tail (a crash)
  /// is cut off; anything else that does not fit is Tampered and names the entry.
  static Result<std::unique_ptr<Log>> open(Options options);
  ~Log();  ///< writes what is pending and a last checkpoint

  /// Durable when it answers. What a hanging disk did not take in time may still come to be there.
  Status record(const Act& act);
  /// All of them, in one synchronised write.
  Status record(std::span<const Act> acts);
  /// Numbers the uses from the answer on; `on_durable` is called on the loop.
  std::uint64_t record_uses(std::span<const Use> uses, std::function<void(Status)> on_durable);
  /// Not waited for.
  void record_later(const Content& content);

  /// Newest first. A use comes joined with how it ended, as one object with its `id` (the
  /// sequence), `time`, `action` ("use" for uses)...
  [[nodiscard]] Result<std::vector<json::object>> list(const Filter& filter) const;
  /// In order of sequence; false from `visit` ends it.
  Status for_each(const std::function<bool(const Entry&)>& visit) const;
  [[nodiscard]] Result<Verified> verify() const;
  /// What is durable behind `from`: each entry with its number in the tree (0: the first), in
  /// order, until `limits` are reached. Answers where the next reading begins. Tampered where the
  /// record is not the one that `from` is of.
  [[nodiscard]] Result<Place> read_on(const Place& from, TailLimits limits,
                                      const TailVisitor& visit) const;
  /// What a tenant's view must say of itself: an act, to be recorded, of all that is durable.
  [[nodiscard]] Result<Act> view_statement(TenantId tenant) const;
  /// The view, once a checkpoint covers `entries` of the record (waits a few seconds at most).
  [[nodiscard]] Result<View> view(TenantId tenant, std::uint64_t entries) const;
  /// The newest checkpoint, and the proof that the tree has only grown to it from `old_size`
  /// entries. NotFound where there is none yet, Invalid where it has fewer.
  [[nodiscard]] Result<ProvenCheckpoint> checkpoint_since(std::uint64_t old_size) const;
  /// Keeps the newest checkpoint that the witness of that name has cosigned.
  [[nodiscard]] Status keep_witnessed(const std::string& name, std::string_view note) const;
  /// How many entries that witness is known to have seen: what was kept of it. 0: none.
  [[nodiscard]] std::uint64_t witnessed_by(const WitnessKey& witness) const;
  [[nodiscard]] std::uint64_t checkpoint_size() const;
  /// The record's name in its checkpoints.
  [[nodiscard]] std::string origin() const;
  /// How many entries are durable.
  [[nodiscard]] std::uint64_t size() const;
  /// As long as there is an error, uses are recorded and refused all the same; acts are not. From
  /// any thread.
  void hold_uses(std::optional<Error> why);
  /// That error.
  [[nodiscard]] Status uses_held() const;
  /// Why uses are not recorded at present, or refused, if so.
  [[nodiscard]] Status health() const;
  /// Offline: from a copied folder alone, a record's or one of tiles.
  /// Also against what these witnesses have cosigned (verify_tiles).
  [[nodiscard]] static Result<Verified> verify_folder(const std::string& directory,
                                                      const crypto::PublicKey& key,
                                                      std::span<const WitnessKey> witnesses = {});

 private:
  struct State;
  explicit Log(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strongroom::audit
