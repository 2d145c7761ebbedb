// SPDX-License-Identifier: Apache-2.0
#include "api/sign_in_throttle.h"

#include <algorithm>
#include <bit>

namespace strongroom::api {
namespace {

constexpr std::chrono::hours kForgottenAfter{1};

// No name holds a line feed: the keys of the two kinds differ.
std::string key_here(const SignInThrottle::Try& tried) {
  return tried.member + '\n' + tried.place;
}
std::string key_anywhere(const SignInThrottle::Try& tried) {
  return tried.member;
}

std::unexpected<Error> too_early(SteadyTime::duration wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return fail(Code::Unavailable,
              "Too many wrong tries: wait " + std::to_string(std::max<std::int64_t>(seconds, 1)) +
                  " s, then try again.",
              "too_many_tries");
}

}  // namespace

SignInThrottle::Tries& SignInThrottle::of(const std::string& key) {
  const SteadyTime now = clock_.steady();
  const auto is_over = [&](const Tries& each) { return now - each.since > kForgottenAfter; };
  if (tries_.size() >= kMostRemembered) {
    std::erase_if(tries_, [&](const auto& each) { return is_over(each.second); });
    // Who tries that much gains a few tries of each member by it, at the cost of so many.
    if (tries_.size() >= kMostRemembered) tries_.clear();
  }
  Tries& found = tries_.try_emplace(key, Tries{0, {}, now}).first->second;
  if (is_over(found)) found = Tries{0, {}, now};
  return found;
}

Status SignInThrottle::check_at_once(const Try& tried) const {
  const auto here = at_once_.find(tried.place);
  if ((here == at_once_.end() || here->second < kMostAtOnceFromOne) &&
      all_at_once_ < (tried.is_known ? kMostAtOnceOfKnown : kMostAtOnce))
    return {};
  return too_early(std::chrono::seconds(1));
}

Status SignInThrottle::begin(const Try& tried) {
  STRONGROOM_CHECKED(check_at_once(tried));
  const SteadyTime now = clock_.steady();
  if (const SteadyTime until = of(key_here(tried)).not_before; now < until)
    return too_early(until - now);
  if (!tried.is_known) {
    Tries& anywhere = of(key_anywhere(tried));
    if (anywhere.wrong >= kMostFromAnywhere)
      return too_early(anywhere.since + kForgottenAfter - now);
    ++anywhere.wrong;
  }
  // Counted before it is known, so that many at once are no way around it.
  Tries& here = of(key_here(tried));
  if (++here.wrong >= kFreeTries) {
    const auto doublings = std::min(here.wrong - kFreeTries, 8U);
    here.not_before =
        now + std::min<std::chrono::seconds>(kFirstWait * (1U << doublings), kLongestWait);
  }
  ++at_once_[tried.place];
  ++all_at_once_;
  return {};
}

unsigned SignInThrottle::note_wrong(const Try& tried) {
  const unsigned wrong = of(key_here(tried)).wrong;
  return std::has_single_bit(wrong) ? wrong : 0;
}

void SignInThrottle::note_right(const Try& tried) {
  of(key_here(tried)).wrong = 0;
  of(key_here(tried)).not_before = {};
  if (tried.is_known) return;
  if (Tries& anywhere = of(key_anywhere(tried)); anywhere.wrong > 0) --anywhere.wrong;
}

void SignInThrottle::forgive(const Try& tried) {
  Tries& here = of(key_here(tried));
  if (here.wrong > 0) --here.wrong;
  here.not_before = {};
  if (tried.is_known) return;
  if (Tries& anywhere = of(key_anywhere(tried)); anywhere.wrong > 0) --anywhere.wrong;
}

void SignInThrottle::end(const Try& tried) {
  --all_at_once_;
  if (const auto here = at_once_.find(tried.place); here != at_once_.end() && --here->second == 0)
    at_once_.erase(here);
}

}  // namespace strongroom::api
