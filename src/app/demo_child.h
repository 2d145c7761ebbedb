// Child: one command of the demo, with its input given and its output read. Used by demo only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace strongroom::app {

class Child {
 public:
  /// Starts argv[0] (a path); `environment` is added to ours. Standard error goes where ours goes.
  static Result<Child> start(
      const std::vector<std::string>& argv, const std::string& input,
      const std::vector<std::pair<std::string, std::string>>& environment = {});
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();  ///< ends it with KILL when it still runs

  /// Output up to and including the first line for which `wanted` holds; Timeout otherwise. Every
  /// line is given to `each`.
  [[nodiscard]] Result<std::string> read_until(
      const std::function<bool(const std::string&)>& wanted, std::chrono::seconds within,
      const std::function<void(const std::string&)>& each = {});
  /// The rest of the output, and the exit status.
  struct Ended {
    std::string output;
    int status = -1;
  };
  [[nodiscard]] Result<Ended> finish(std::chrono::seconds within);
  void signal(int number) const;
  [[nodiscard]] int pid() const { return pid_; }

 private:
  Child(int pid, int output) : pid_(pid), output_(output) {}
  /// More octets into pending_; false at the end.
  [[nodiscard]] Result<bool> read_more(std::chrono::steady_clock::time_point until);
  int pid_ = -1;
  int output_ = -1;
  std::string pending_;
};

}  // namespace strongroom::app
