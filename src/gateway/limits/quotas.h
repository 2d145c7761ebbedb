// Quotas: what policies let through: requests a minute, at once, octets and units a day.
//
// Used by: Connection, by way of Metering. Without I/O; the clock is injected. Threads: the
// gateway's loop. Counters belong to a policy, not to a lease: all leases that carry it share them,
// and they outlive each. What others spent under a policy comes from the vault; what this gateway
// spends it counts itself. No allocation once a policy is known. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/id.h"
#include "gateway/limits/token_bucket.h"
#include "lease/limits.h"
#include "lease/messages.h"

namespace strongroom::gateway {

/// Which limit was in the way, whose it is, and when to come again.
struct Excess {
  enum class What : std::uint8_t { Rate, Concurrent, Bytes, Budget };
  What what = What::Rate;
  lease::PolicyScope scope = lease::PolicyScope::Key;
  Duration retry_after{};
};

/// Something under way whose octets are looked at while it goes on.
class Metered {
 public:
  [[nodiscard]] virtual std::uint64_t octets_so_far() const noexcept = 0;
  /// A limit of octets was reached: ends it. Called once.
  virtual void end_over_limit(const Excess& excess) noexcept = 0;

 protected:
  ~Metered() = default;
};

class Quotas {
 private:
  struct Meter;

 public:
  explicit Quotas(const Clock& clock);
  ~Quotas();
  Quotas(const Quotas&) = delete;
  Quotas& operator=(const Quotas&) = delete;

  /// What a use turned out to cost.
  struct Cost {
    std::uint64_t bytes = 0;
    std::string_view unit;
    std::uint64_t units = 0;
    bool is_usual = true;  ///< what the next ones may cost; not so of a refusal
  };
  /// One use, from begin() until end() or destruction.
  class Use {
   public:
    Use() = default;
    ~Use() { end({}); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    [[nodiscard]] bool is_open() const { return quotas_ != nullptr; }
    /// Counts what was not counted yet. Nothing when it is not open.
    void end(const Cost& cost) noexcept;

   private:
    friend class Quotas;
    Quotas* quotas_ = nullptr;
    std::array<Meter*, lease::kMaxPolicies> meters_{};
    std::size_t count_ = 0;
    Metered* metered_ = nullptr;  ///< in the list of those looked at
    std::uint64_t charged_ = 0;   ///< octets counted already
    bool was_told_ = false;
    Use* next_ = nullptr;
    Use* previous_ = nullptr;
  };

  /// Counts a use in under all policies, or under none: the limit with the longest wait is
  /// answered. `metered` outlives the use.
  [[nodiscard]] std::optional<Excess> begin(std::span<const lease::GrantedPolicy> policies,
                                            Metered& metered, Use& use);
  /// What others have spent today. A smaller sum than known for the same day is an older one.
  void learn(PolicyId policy, const lease::SpentToday& by_others);
  /// About every second: counts the octets of what is under way, ends what goes over, forgets
  /// policies of earlier days.
  void tick();
  [[nodiscard]] std::size_t meter_count() const { return meters_.size(); }

 private:
  Meter& meter_of(const lease::GrantedPolicy& policy, std::int64_t today);
  [[nodiscard]] std::optional<Excess> excess_of(const Meter& meter, SteadyTime now) const;
  [[nodiscard]] Duration until_midnight() const;
  [[nodiscard]] std::int64_t today() const;
  void charge(Use& use, std::uint64_t octets) noexcept;
  Use* next_over_limit(Excess& excess);

  const Clock& clock_;
  std::unordered_map<PolicyId, std::unique_ptr<Meter>> meters_;
  Use* first_ = nullptr;  ///< uses whose octets are looked at
};

}  // namespace strongroom::gateway
