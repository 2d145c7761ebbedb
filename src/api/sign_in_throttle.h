// SignInThrottle: how often a wrong password may be tried.
//
// By member and place together, so that who guesses from elsewhere keeps nobody from signing in; a
// place is an address, or a browser in which this member has signed in before
// (Vault::browser_mark), so that who guesses from behind the same address does not either. By
// member alone there is a limit too, for guesses from everywhere; it holds for places that are not
// known. Used by: handlers_sign_in.cpp. Threads: the loop's. Inside the room only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/result.h"

namespace strongroom::api {

class SignInThrottle {
 public:
  static constexpr unsigned kFreeTries = 5;
  static constexpr std::chrono::seconds kFirstWait{2};
  static constexpr std::chrono::seconds kLongestWait{300};
  /// Wrong ones of one member within an hour, from places that are not known.
  static constexpr unsigned kMostFromAnywhere = 100;
  static constexpr std::size_t kMostRemembered = 20'000;
  /// Passwords that are being tried at this moment: from one place, from all, and from all when a
  /// known browser is one of them.
  static constexpr unsigned kMostAtOnceFromOne = 4;
  static constexpr unsigned kMostAtOnce = 8;
  static constexpr unsigned kMostAtOnceOfKnown = 16;

  struct Try {
    std::string member;  ///< tenant and name, as typed
    std::string place;
    bool is_known = false;  ///< the place is a browser of this member's
  };

  explicit SignInThrottle(const Clock& clock) : clock_(clock) {}
  /// Counts it as wrong until note_right(); end() ends it. Unavailable (too_many_tries) while it is
  /// too early.
  [[nodiscard]] Status begin(const Try& tried);
  /// How many wrong ones there have been from there, where that is worth telling: 1, 2, 4, 8, ...
  [[nodiscard]] unsigned note_wrong(const Try& tried);
  void note_right(const Try& tried);
  /// It does not count.
  void forgive(const Try& tried);
  void end(const Try& tried);

 private:
  struct Tries {
    unsigned wrong = 0;
    SteadyTime not_before{};
    SteadyTime since{};
  };
  Tries& of(const std::string& key);
  [[nodiscard]] Status check_at_once(const Try& tried) const;
  const Clock& clock_;
  std::unordered_map<std::string, Tries> tries_;
  std::unordered_map<std::string, unsigned> at_once_;  ///< by place
  unsigned all_at_once_ = 0;
};

}  // namespace strongroom::api
