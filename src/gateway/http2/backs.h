// Http2Backs: the HTTP/2 connections to providers, by authority and lease. Threads: the gateway's
// loop. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "gateway/http2/back.h"

namespace strongroom::gateway {

/// One dial for all who want the same at once: over when it has failed, or when it is known how
/// many of them the provider takes.
class SharedDial {
 public:
  explicit SharedDial(io::Loop& loop) : loop_(loop) {}
  /// Until it is over, or the deadline.
  [[nodiscard]] io::Task<void> wait(Deadline deadline);
  /// A failure may stand for a while: whoever comes meanwhile has it at once.
  void end(std::optional<Error> failure, Duration stands = {});
  [[nodiscard]] bool is_over() const { return is_over_; }
  [[nodiscard]] bool stands() const { return failure_ && loop_.coarse_now() < stands_until_; }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  io::Loop& loop_;
  std::vector<std::shared_ptr<io::Event>> waiting_;
  std::optional<Error> failure_;
  SteadyTime stands_until_{};
  bool is_over_ = false;
};

class Http2Backs {
 public:
  /// Connections of one lease to one authority at once.
  static constexpr std::size_t kMost = 16;

  struct Key {
    std::string authority;
    LeaseId lease;
    auto operator<=>(const Key&) const = default;
  };
  struct Group {
    std::vector<std::shared_ptr<Http2Back>> backs;
    std::shared_ptr<SharedDial> dial;  ///< the last one
    [[nodiscard]] bool is_dialling() const { return dial != nullptr && !dial->is_over(); }
    [[nodiscard]] bool has_failed() const { return dial != nullptr && dial->stands(); }
    /// One with room, if there is one.
    [[nodiscard]] std::shared_ptr<Http2Back> find() const;
    void forget_ended();
  };
  /// Stays where it is while its dial is under way.
  [[nodiscard]] Group& group(const Key& key) { return groups_[key]; }
  [[nodiscard]] std::shared_ptr<Http2Back> find(const Key& key) const;
  /// Forgets what has ended.
  void sweep();
  /// Closes idle ones, those that were used least lately first, until not more than `most` of them
  /// are left. False: there was nothing to close.
  bool close_idle(std::size_t most);
  void close_all();

 private:
  std::map<Key, Group> groups_;
};

}  // namespace strongroom::gateway
