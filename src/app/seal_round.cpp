// SPDX-License-Identifier: Apache-2.0
#include "app/seal_round.h"

#include <poll.h>

#include <algorithm>
#include <chrono>

#include "vault/seal.h"

namespace strongroom::app {

void SealRound::expect(std::span<const store::Seal> seals) {
  expected_.clear();
  for (const auto& seal : seals) {
    if (!vault::is_external(seal.kind)) continue;
    auto place = vault::external_place(seal);
    if (place) expected_.push_back(std::move(*place));
  }
}

void SealRound::begin() {
  asked_.clear();
  for (const auto& place : expected_) {
    Asked asked{place, nullptr, std::nullopt};
    auto process = external_.begin_open(place);
    if (process)
      asked.process = std::make_unique<external_seal::SealerProcess>(std::move(*process));
    else
      asked.answer.emplace(std::unexpected(std::move(process).error()));
    asked_.push_back(std::move(asked));
  }
  end_ = clock_.steady() + external_seal::kPatience;
}

SealRound::Asked* SealRound::find(const vault::ExternalPlace& place) {
  const auto found = std::ranges::find_if(asked_, [&](const Asked& each) {
    return each.place.kind == place.kind && each.place.name == place.name &&
           each.place.wrapped == place.wrapped;
  });
  return found == asked_.end() ? nullptr : &*found;
}

bool SealRound::is_another_enough() const {
  return wanted_ == Wanted::AnyOne && std::ranges::any_of(asked_, [](const Asked& each) {
           return each.answer && each.answer->has_value();
         });
}

void SealRound::finish(Asked& asked) {
  asked.answer.emplace(external_.opened(asked.place, *asked.process));
  asked.process.reset();
}

void SealRound::wait_for_any() {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end_ - clock_.steady());
  std::vector<pollfd> watched;
  watched.reserve(asked_.size());
  for (const Asked& each : asked_)
    watched.push_back({each.process ? each.process->answers() : -1, POLLIN, 0});
  (void)::poll(watched.data(), watched.size(),
               static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  const bool is_over = clock_.steady() >= end_;
  for (std::size_t i = 0; i < asked_.size(); ++i)
    if (asked_[i].process && (watched[i].revents != 0 || is_over)) finish(asked_[i]);
}

Result<Secret> SealRound::open(const vault::ExternalPlace& place) {
  if (find(place) == nullptr) begin();
  Asked* mine = find(place);
  if (mine == nullptr) return external_.open_here(place);
  while (!mine->answer && !is_another_enough()) wait_for_any();
  if (!mine->answer) {
    asked_.erase(asked_.begin() + (mine - asked_.data()));
    return fail(Code::Sealed, "The seal '" + place.name + "' had not answered when another had.",
                std::string(external_seal::kUnreachable));
  }
  Result<Secret> answer = std::move(*mine->answer);
  if (answer && wanted_ == Wanted::AnyOne)
    asked_.clear();
  else
    asked_.erase(asked_.begin() + (mine - asked_.data()));
  return answer;
}

}  // namespace strongroom::app
