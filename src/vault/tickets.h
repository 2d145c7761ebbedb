// Tickets: the right to start one session, once, within a short time. A platform that starts its
// own containers asks for one and hands it to a container, which starts its session with it and
// needs no other right. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/ticket_id.h"

namespace strongroom::vault {

/// How the credential begins of a runner that a ticket has started (runner_credentials.cpp).
inline constexpr std::string_view kRunnerCredentialStart = "srr_";
inline constexpr std::chrono::seconds kTicketTime{60};
inline constexpr std::chrono::seconds kLongestTicket{3600};

struct TicketView {
  TicketId id;
  std::string tenant;
  std::string member;
  std::string state;  ///< "unused", "used", "expired"
  std::vector<std::string> services;
  std::vector<std::string> skills;
  WallTime created{};
  WallTime expires{};
  std::optional<WallTime> used;
  std::optional<SessionId> session;  ///< which was started with it
};

/// The only time that the ticket itself is known.
struct IssuedTicket {
  TicketView view;
  std::string ticket;
};

}  // namespace strongroom::vault
