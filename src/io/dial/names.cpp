// SPDX-License-Identifier: Apache-2.0
#include "io/dial/names.h"

#include <algorithm>
#include <string_view>
#include <system_error>

#include "base/small_letters.h"

namespace strongroom::io {
namespace {

/// The last two labels, which stand for whoever has the names.
std::string domain_of(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto last = host.rfind('.');
  const bool has_two = last != std::string_view::npos && last > 0;
  const auto before = has_two ? host.rfind('.', last - 1) : last;
  const bool is_all = before == std::string_view::npos || !has_two;
  return in_small_letters(std::string(is_all ? host : host.substr(before + 1)));
}

template <class Map>
void keep(Map& map, const std::string& key, typename Map::mapped_type value) {
  if (map.size() >= Names::kMaxKept) map.clear();
  map.insert_or_assign(key, std::move(value));
}

}  // namespace

void Names::Question::forget_gone() {
  std::erase_if(waiting, [](const Waiting& each) { return each.asker.expired(); });
}

Names::~Names() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  wake_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

std::optional<Names::Answer> Names::ask(const std::string& host, std::weak_ptr<const void> asker,
                                        Tell tell) {
  const std::lock_guard lock(mutex_);
  const auto known = known_.find(host);
  if (known != known_.end() && clock_.steady() < known->second.until) return known->second.answer;
  const auto same = questions_.find(host);
  if (same == questions_.end() && !make_room())
    return fail(Code::Network, "cannot resolve " + host + ": too many names are asked for at once",
                "resolve");
  QuestionPointer question;
  if (same != questions_.end()) {
    question = same->second;
    question->forget_gone();
  } else {
    question = std::make_shared<Question>(host, domain_of(host));
    questions_.emplace(host, question);
    queued_.push_back(question);
    start_helper();
    wake_.notify_one();
  }
  question->waiting.push_back({std::move(asker), std::move(tell)});
  return std::nullopt;
}

/// For one more in the queue. False: those who wait for what is in it are all still there.
bool Names::make_room() {
  if (queued_.size() < kMaxQueued) return true;
  std::erase_if(queued_, [this](const QuestionPointer& each) {
    each->forget_gone();
    return each->waiting.empty() && questions_.erase(each->host) > 0;
  });
  return queued_.size() < kMaxQueued;
}

void Names::start_helper() {
  if (idle_ >= queued_.size() || helpers_.size() >= kHelpers) return;
  try {
    helpers_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    // The system has no room for another: those that there are have to do.
  }
}

void Names::work() {
  std::unique_lock lock(mutex_);
  while (!is_over_) {
    const QuestionPointer question = next();
    if (question == nullptr) {
      ++idle_;
      wake_.wait(lock);
      --idle_;
      continue;
    }
    lock.unlock();
    const SteadyTime begun = clock_.steady();
    const Answer answer = look_up_(question->host);
    lock.lock();
    learn(*question, answer, clock_.steady() - begun);
    std::erase(under_way_, question);
    questions_.erase(question->host);
    const auto waiting = std::move(question->waiting);
    lock.unlock();
    // What this one held back may begin.
    wake_.notify_one();
    for (const auto& each : waiting) each.tell(answer);
    lock.lock();
  }
}

/// The first that may begin; forgets those before it for which nobody waits.
Names::QuestionPointer Names::next() {
  for (auto place = queued_.begin(); place != queued_.end();) {
    const QuestionPointer question = *place;
    question->forget_gone();
    const bool is_wanted = !question->waiting.empty();
    if (is_wanted && !may_begin(*question)) {
      ++place;
      continue;
    }
    place = queued_.erase(place);
    if (!is_wanted) {
      questions_.erase(question->host);
      continue;
    }
    question->was_slow = is_slow(question->domain);
    under_way_.push_back(question);
    return question;
  }
  return nullptr;
}

bool Names::may_begin(const Question& question) const {
  const auto same = std::ranges::count(under_way_, question.domain, &Question::domain);
  if (static_cast<std::size_t>(same) >= kForSlow) return false;
  if (!is_slow(question.domain)) return true;
  const auto slow = std::ranges::count(under_way_, true, &Question::was_slow);
  return static_cast<std::size_t>(slow) < kForSlow;
}

bool Names::is_slow(const std::string& domain) const {
  const auto found = slow_.find(domain);
  return found != slow_.end() && clock_.steady() < found->second;
}

void Names::learn(const Question& question, const Answer& answer, Duration took) {
  const SteadyTime now = clock_.steady();
  const bool was_slow = took >= kSlow;
  if (was_slow) keep(slow_, question.domain, now + kSlowKept);
  if (answer || was_slow)
    keep(known_, question.host, {answer, now + (answer ? kKept : kFailingKept)});
}

}  // namespace strongroom::io
