// EndScan: `strongroom run --scan-on-end`. Once the workroom has ended by itself, folders are
// searched for the values that it was given, by a scanner and a searcher of their own (scan/).
//
// Used by: Runner. Threads: its loop's. The values are kept in locked memory until then; a fence
// wipes them, and ends a search that is under way. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/json.h"
#include "io/loop.h"
#include "io/task.h"
#include "lease/holder_side.h"
#include "scan/searcher.h"

namespace strongroom::app {

class EndScan {
 public:
  /// NotFound: one of the folders is not there.
  /// `hold` is told of each process that is given the values.
  static Result<std::unique_ptr<EndScan>> over(io::Loop& loop, lease::HolderLink& link,
                                               SessionId session, std::vector<std::string> folders,
                                               std::function<Status(int pid)> hold);
  void add(const lease::Lease& lease, const Secret& value);
  /// Wipes, and ends at once what has been given them.
  void forget() noexcept;
  /// Is a process left that was given them?
  [[nodiscard]] bool is_running() const noexcept { return !running_.empty(); }
  /// Tells of finds on standard error, and as findings of the session.
  [[nodiscard]] io::Task<void> run();
  /// The same for whoever ends the session from outside: broken off after so long, or at once where
  /// the session's own end began it. Several may end a session at a time: all wait for the one scan.
  [[nodiscard]] io::Task<void> run_at_most(Duration within);

 private:
  EndScan(io::Loop& loop, lease::HolderLink& link, SessionId session,
          std::vector<std::string> folders, std::function<Status(int pid)> hold);
  struct Started;
  [[nodiscard]] Result<Started> start(const std::string& folder) const;
  io::Task<void> scan(std::string folder);
  io::Task<int> ended(int pid);
  io::Task<void> break_off_at(Deadline late);
  void break_off();
  void tell(const std::string& folder, int output, int status);
  void tell_find(const json::object& found);

  struct Known {
    KeyId key;
    std::string service;
    std::string label;
  };
  io::Loop& loop_;
  lease::HolderLink& link_;
  SessionId session_;
  std::vector<std::string> folders_;
  std::function<Status(int pid)> hold_;
  std::vector<scan::SoughtValue> values_;
  std::vector<Known> known_;
  std::set<int> running_;  ///< process ids, not reaped yet
  bool has_begun_ = false;
  bool is_limited_ = false;  ///< under way for whoever ended the session
  bool is_over_ = false;
};

}  // namespace strongroom::app
