// What the doctor tells. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace strongroom::app {

/// Note: not as good as it may be, and nothing is broken. Unseen: it could not be looked at.
enum class Verdict : std::uint8_t { Fine, Note, Wrong, Unseen };

struct Finding {
  std::string code;  ///< stable, of what was looked at (docs/doctor.md)
  Verdict verdict = Verdict::Fine;
  std::string what;
  std::string mend;  ///< empty where there is nothing to do
};

class Findings {
 public:
  void fine(std::string code, std::string what) {
    add({std::move(code), Verdict::Fine, std::move(what), {}});
  }
  void note(std::string code, std::string what, std::string mend) {
    add({std::move(code), Verdict::Note, std::move(what), std::move(mend)});
  }
  void wrong(std::string code, std::string what, std::string mend) {
    add({std::move(code), Verdict::Wrong, std::move(what), std::move(mend)});
  }
  void unseen(std::string code, std::string why) {
    add({std::move(code), Verdict::Unseen, std::move(why), {}});
  }
  [[nodiscard]] const std::vector<Finding>& all() const { return all_; }

 private:
  void add(Finding finding) { all_.push_back(std::move(finding)); }
  std::vector<Finding> all_;
};

}  // namespace strongroom::app
