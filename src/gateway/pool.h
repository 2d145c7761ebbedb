// Pool: connections to providers, kept per authority. TLS with full verification, the address from
// [[gateway.dial]] or the resolver. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/authority.h"
#include "io/known_addresses.h"
#include "io/net.h"
#include "io/stream.h"
#include "io/tls.h"
#include "lease/holder.h"

namespace strongroom::gateway {

class Pool;

/// One connection to a provider. While idle it stays attached to the lease whose key it carried
/// last, so that a revoke closes it too.
class Upstream final : public lease::Attachment {
 public:
  Upstream(Pool& pool, const Authority& authority, io::Stream stream)
      : stream(std::move(stream)), pool_(pool), authority_(authority) {}
  void cut(std::string_view reason) noexcept override;
  [[nodiscard]] const Authority& authority() const { return authority_; }
  io::Stream stream;
  bool is_reused = false;
  SteadyTime idle_since{};

 private:
  Pool& pool_;
  Authority authority_;
};

class Pool {
 public:
  static constexpr std::chrono::seconds kMaxIdle{60};
  static constexpr std::chrono::milliseconds kTrustedIdle{
      500};  ///< younger ones are looked at before reuse only when the loop heard of octets
  static constexpr std::chrono::seconds kDialTime{10};
  static constexpr std::size_t kMaxIdlePerAuthority = 256;

  Pool(io::Loop& loop, io::TlsClient tls, std::vector<lease::Dial> dials);
  ~Pool();

  /// An idle connection that still stands, if there is one.
  [[nodiscard]] std::unique_ptr<Upstream> take_idle(const Authority& authority);
  /// A new one, connected and verified.
  [[nodiscard]] io::Task<Result<std::unique_ptr<Upstream>>> dial(Authority authority);
  /// A new one without TLS, for a tunnel that is not looked into.
  [[nodiscard]] io::Task<Result<std::unique_ptr<Upstream>>> dial_plain(Authority authority);
  /// For the next request; `lease` (may be null) is the one whose key it carried.
  void give_back(std::unique_ptr<Upstream> upstream, lease::Lease* lease);
  /// Closes what has been idle for too long.
  void sweep();
  void close_all();
  /// What dials have learned, by authority.
  [[nodiscard]] const io::KnownAddresses& known() const { return known_; }

 private:
  friend class Upstream;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Idle = std::vector<std::unique_ptr<Upstream>>;
  void forget(const Upstream& upstream) noexcept;
  /// Where a [[gateway.dial]] or the name itself leads.
  [[nodiscard]] io::Task<Result<io::Stream>> connect(Authority authority, Deadline deadline);
  io::Loop& loop_;
  io::TlsClient tls_;
  std::vector<lease::Dial> dials_;
  std::unordered_map<std::string, Idle, TextHash, std::equal_to<>> idle_;
  io::KnownAddresses known_;
  Idle cut_;  ///< closed while their lease was being walked; freed by the next sweep
};

}  // namespace strongroom::gateway
