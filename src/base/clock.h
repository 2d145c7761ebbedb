// Clock and Deadline: time as an injected interface.
//
// Wall time is for people and records, steady time for every decision about expiry inside one
// process. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace strongroom {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// Microseconds since 1970-01-01T00:00:00Z, as stored and sent.
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
};

/// The machine's clocks. Only main() hands it out.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override;
  [[nodiscard]] WallTime wall() const override;
};

/// A clock that moves only when told.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override { return steady_; }
  [[nodiscard]] WallTime wall() const override { return wall_; }
  void advance(Duration by) {
    steady_ += by;
    wall_ += std::chrono::duration_cast<std::chrono::microseconds>(by);
  }
  void set_wall(WallTime to) { wall_ = to; }

 private:
  SteadyTime steady_{std::chrono::hours(1)};
  WallTime wall_{std::chrono::seconds(1'790'000'000)};
};

/// A point in steady time; never a raw time-out.
class Deadline {
 public:
  /// Never passes.
  constexpr Deadline() noexcept : at_(SteadyTime::max()) {}
  constexpr explicit Deadline(SteadyTime at) noexcept : at_(at) {}
  [[nodiscard]] static Deadline after(const Clock& clock, Duration duration) {
    return Deadline(clock.steady() + duration);
  }
  [[nodiscard]] constexpr SteadyTime at() const noexcept { return at_; }
  [[nodiscard]] constexpr bool has_passed(SteadyTime now) const noexcept { return now >= at_; }
  [[nodiscard]] constexpr bool is_never() const noexcept { return at_ == SteadyTime::max(); }
  friend constexpr auto operator<=>(const Deadline&, const Deadline&) = default;

 private:
  SteadyTime at_;
};

[[nodiscard]] std::int64_t to_micros(WallTime time) noexcept;
[[nodiscard]] WallTime from_micros(std::int64_t micros) noexcept;
/// RFC 3339 in UTC with milliseconds: 2026-11-23T14:29:10.123Z. Empty for time zero.
[[nodiscard]] std::string to_rfc3339(WallTime time);

}  // namespace strongroom
