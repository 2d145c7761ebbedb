// Witness: somebody else's server that signs the record's checkpoints, each only if the tree has
// just grown since the one before (C2SP tlog-witness). So whoever trusts it needs no trust in us
// that the record was not put back or told to them otherwise than to others.
//
// Used by: Sinks. Threads: the sinks' own loop. Inside the room only. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "audit/log.h"
#include "io/loop.h"
#include "sinks/connection.h"
#include "sinks/follower.h"
#include "sinks/settings.h"
#include "sinks/witness_answer.h"

namespace strongroom::sinks {

class Witness final : public Follower {
 public:
  Witness(io::Loop& loop, const audit::Log& record, WitnessSettings settings);
  [[nodiscard]] io::Task<void> run() override;
  /// At a start, in place of run(): asks until the witness has said whether it has seen a newer
  /// record than this, or another one.
  [[nodiscard]] io::Task<WitnessAnswer> prove();
  void tick() override;
  [[nodiscard]] View view() const override;
  [[nodiscard]] std::optional<Error> why_held() const override;

 private:
  [[nodiscard]] Status connect();
  [[nodiscard]] WitnessAnswer answer_of(const Status& done) const;
  /// One request; Conflict where the witness has seen another size, which is in `seen_` then.
  [[nodiscard]] io::Task<Status> ask();
  [[nodiscard]] io::Task<Status> ask_over(io::Stream& stream);
  [[nodiscard]] Status take(int status, const std::string& body);
  [[nodiscard]] Status take_size(const std::string& body);
  [[nodiscard]] std::string request_for() const;
  [[nodiscard]] std::chrono::seconds behind() const;
  void settle(const Status& done);

  io::Loop& loop_;
  const audit::Log& record_;
  WitnessSettings settings_;
  std::optional<Connection> connection_;
  io::Event wake_;
  std::optional<audit::ProvenCheckpoint> asked_;
  std::uint64_t seen_ = 0;         ///< what the witness has seen, as far as is known
  std::uint64_t cosigned_ = 0;     ///< what it has signed
  SteadyTime next_{};              ///< not asked before
  SteadyTime uncosigned_since_{};  ///< something is; only where cosigned_ is behind
  bool is_behind_ = false;
  int failures_ = 0;
  std::optional<Error> error_;
  bool is_contradicted_ = false;  ///< it has seen what this record is not
  WallTime last_taken_{};
  std::optional<WallTime> signed_at_;  ///< when the witness says that it signed last
  std::uint64_t told_ = 0;             ///< a size that contradicts this record
};

}  // namespace strongroom::sinks
