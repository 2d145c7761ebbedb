// TenantGate: so many requests of one tenant at once in this gateway; those beyond wait their turn
// in a queue of bounded length, each tenant in its own. So no tenant can use up what all share.
//
// Used by: Connection, by way of Metering. Without I/O: whoever waits is called when its turn
// comes, and gives up by leaving. Threads: the gateway's loop. Nothing is allocated for a tenant
// that is known. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "base/id.h"

namespace strongroom::gateway {

class TenantGate {
 private:
  struct Tenant;

 public:
  /// `most` at once, `waiting` more in the queue; of each tenant.
  TenantGate(std::size_t most, std::size_t waiting) : most_(most), waiting_(waiting) {}
  TenantGate(const TenantGate&) = delete;
  TenantGate& operator=(const TenantGate&) = delete;

  /// A place inside or in the queue; left when destroyed. The gate outlives it.
  class Turn {
   public:
    Turn() = default;
    ~Turn() { leave(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    [[nodiscard]] bool is_inside() const { return place_ == Place::Inside; }
    /// Lets the next one in. Nothing when it is nowhere.
    void leave() noexcept;

   private:
    friend class TenantGate;
    enum class Place : std::uint8_t { Nowhere, Inside, Queue };
    TenantGate* gate_ = nullptr;
    TenantId tenant_;
    Place place_ = Place::Nowhere;
    std::function<void()> on_turn_;
    Turn* next_ = nullptr;
    Turn* previous_ = nullptr;
  };

  /// True: it is inside. (Leaves where it was before.)
  [[nodiscard]] bool enter(TenantId tenant, Turn& turn);
  /// After enter() said no: `on_turn` is called once when it is inside. False: the queue is full.
  [[nodiscard]] bool wait(TenantId tenant, Turn& turn, std::function<void()> on_turn);

  [[nodiscard]] std::size_t inside(TenantId tenant) const;
  [[nodiscard]] std::size_t queued(TenantId tenant) const;
  [[nodiscard]] std::size_t tenant_count() const { return tenants_.size(); }

 private:
  struct Tenant {
    std::size_t inside = 0;
    std::size_t queued = 0;
    Turn* first = nullptr;
    Turn* last = nullptr;
  };
  void remove_from_queue(Tenant& tenant, Turn& turn) noexcept;
  void leave(Turn& turn) noexcept;
  [[nodiscard]] Turn* next_to_enter(TenantId tenant) noexcept;

  std::size_t most_;
  std::size_t waiting_;
  std::unordered_map<TenantId, Tenant> tenants_;
};

}  // namespace strongroom::gateway
