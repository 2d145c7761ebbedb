// HealthKeeper: looks after the keys while the server runs: has their providers asked now and then
// whether they still accept them, and tells webhooks what has changed.
//
// Used by: serve. Threads: the vault's loop. Checks are few at a time and at times of their own, so
// that no provider sees all keys at once. A notice is handed to a strongroom-issuer, which alone
// talks to the webhook. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "app/webhook.h"
#include "dynamic/issuer_process.h"
#include "io/loop.h"
#include "lease/messages.h"
#include "vault/vault.h"

namespace strongroom::app {

class HealthKeeper {
 public:
  struct Plan {
    std::chrono::seconds check_every;  ///< 0: never
    const std::vector<Webhook>& hooks;
    std::string program;      ///< strongroom-issuer
    std::string trusted_pem;  ///< authorities beside the system's
    const std::vector<lease::Dial>& dials;
    std::function<io::Task<void>(KeyId)> check;  ///< and notes the verdict
  };
  HealthKeeper(io::Loop& loop, vault::Vault& vault, Plan plan)
      : loop_(loop), vault_(vault), plan_(std::move(plan)), random_(std::random_device()()) {}

  /// Call every second.
  void tick();

 private:
  void look_at(const vault::KeyHealth& key);
  void tell(const vault::KeyHealth& key);
  void consider_check(const vault::KeyHealth& key);
  io::Task<void> check(KeyId key);
  void deliver_due();
  io::Task<void> deliver(vault::DueNotice notice);
  [[nodiscard]] Result<dynamic::IssuerProcess> begin(const vault::DueNotice& notice);
  /// Of the pause between two checks, so many hundredths.
  [[nodiscard]] Duration pause(int least, int most);

  io::Loop& loop_;
  vault::Vault& vault_;
  Plan plan_;
  std::minstd_rand random_;
  std::int64_t after_ = 0;  ///< how far the walk over the keys is
  std::unordered_map<KeyId, SteadyTime> next_check_;
  std::unordered_set<NoticeId> under_way_;
  int checks_under_way_ = 0;
  bool has_begun_check_ = false;  ///< in this second
};

}  // namespace strongroom::app
