// Names that are looked up, one question for all who ask the same, on a few helper threads. What
// one tenant asks must not hold up what others do: a name whose servers are silent takes a helper
// for many seconds, and whoever has a domain has as many such names as they like.
//
// For io's own files. Threads: any. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "io/dial/resolver.h"

namespace strongroom::io {

class Names {
 public:
  using Answer = Result<std::vector<ResolvedAddress>>;
  using LookUp = std::function<Answer(const std::string& host)>;
  using Tell = std::function<void(const Answer&)>;

  static constexpr std::size_t kHelpers = 8;  ///< started as they are needed
  /// Of the helpers: for the names of one domain, and for those of all domains that were slow.
  static constexpr std::size_t kForSlow = kHelpers / 2;
  static constexpr std::size_t kMaxQueued = 256;
  static constexpr std::size_t kMaxKept = 1024;
  static constexpr std::chrono::seconds kKept{30};
  static constexpr std::chrono::seconds kSlow{1};         ///< from here on a look-up is slow
  static constexpr std::chrono::seconds kSlowKept{300};   ///< a domain is known as slow
  static constexpr std::chrono::seconds kFailingKept{5};  ///< a name that failed slowly

  /// `look_up` is called on helper threads, several at once.
  Names(LookUp look_up, const Clock& clock) : look_up_(std::move(look_up)), clock_(clock) {}
  /// Waits for look-ups that are under way.
  ~Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  /// The answer where it is known, or none can be had now. Else `tell` is called with it, on a
  /// helper thread, unless `asker` is gone by then: what nobody waits for any more is not asked.
  [[nodiscard]] std::optional<Answer> ask(const std::string& host, std::weak_ptr<const void> asker,
                                          Tell tell);

 private:
  struct Waiting {
    std::weak_ptr<const void> asker;
    Tell tell;
  };
  /// A question that is queued or under way.
  struct Question {
    std::string host;
    std::string domain;
    bool was_slow = false;  ///< its domain, when it began
    std::vector<Waiting> waiting;
    void forget_gone();
  };
  using QuestionPointer = std::shared_ptr<Question>;
  struct Known {
    Answer answer;
    SteadyTime until{};
  };

  [[nodiscard]] bool make_room();
  void start_helper();
  void work();
  [[nodiscard]] QuestionPointer next();
  [[nodiscard]] bool may_begin(const Question& question) const;
  [[nodiscard]] bool is_slow(const std::string& domain) const;
  void learn(const Question& question, const Answer& answer, Duration took);

  const LookUp look_up_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_over_ = false;
  std::size_t idle_ = 0;
  std::vector<std::thread> helpers_;
  std::unordered_map<std::string, QuestionPointer> questions_;  ///< by host
  std::list<QuestionPointer> queued_;
  std::vector<QuestionPointer> under_way_;
  std::unordered_map<std::string, Known> known_;
  std::unordered_map<std::string, SteadyTime> slow_;  ///< domains, and until when
};

}  // namespace strongroom::io
