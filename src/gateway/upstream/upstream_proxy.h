// UpstreamProxy: the proxy of an organisation that stands between the gateway and the internet:
// providers are reached by CONNECT (RFC 9110 9.3.6), with TLS to the provider inside.
//
// Used by: Pool. Threads: the gateway's loop. Its credential goes to it alone. What the gateway
// itself may not dial, it does not ask the proxy for either. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "gateway/authority.h"
#include "gateway/limits/notices.h"
#include "io/loop.h"
#include "io/stream.h"
#include "lease/messages.h"

namespace strongroom::gateway {

/// The reason of a dial that the proxy has refused.
inline constexpr std::string_view kProxyRefused = "proxy_refused";

class UpstreamProxy {
 public:
  explicit UpstreamProxy(lease::UpstreamProxy facts) : facts_(std::move(facts)) {}
  /// False without a proxy, and for the hosts that are reached without it: a name, and, where the
  /// entry begins with a dot, all below it.
  [[nodiscard]] bool leads_to(const Authority& authority) const;
  /// A connection to the authority through it. Refused, "private_address", where a name leads to
  /// such an address as far as this machine can tell within 2 s; names that only the proxy can
  /// resolve are asked for as they are.
  [[nodiscard]] io::Task<Result<io::Stream>> connect(io::Loop& loop, Authority authority,
                                                     Deadline deadline);

 private:
  [[nodiscard]] io::Task<Status> ask(io::Stream& proxy, Authority authority);
  void log_refusal(const Authority& authority, int status, SteadyTime now);
  lease::UpstreamProxy facts_;
  LogFilter refusals_;
};

}  // namespace strongroom::gateway
