// SPDX-License-Identifier: Apache-2.0
#include "vault/tickets.h"

#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

using std::chrono::seconds;

class Tickets : public VaultFixture {
 protected:
  Tickets() {
    make_acme();
    EXPECT_TRUE(add("gemini", "AIzaSyShared-0123456789-abcdefghijkl"));
  }
  static SessionRequest wish(std::string member = "alice") {
    SessionRequest request;
    request.tenant = "acme";
    request.member = std::move(member);
    request.services = {"gemini"};
    request.time_limit = seconds(600);
    request.idle_limit = seconds(60);
    request.labels = {{"run", "17"}};
    return request;
  }
  IssuedTicket issue(seconds valid = kTicketTime, std::string member = "alice") {
    auto issued = vault->issue_ticket(kOperator, wish(std::move(member)), valid);
    EXPECT_TRUE(issued) << issued.error().message;
    return std::move(*issued);
  }
  Result<ClaimedTicket> claim(const std::string& ticket) {
    return vault->claim_ticket(crypto::sha256(bytes_of(ticket)));
  }
  std::string why_not(const std::string& ticket) {
    const auto claimed = claim(ticket);
    return claimed ? "" : claimed.error().reason;
  }
  std::size_t recorded(std::string_view outcome) {
    std::size_t times = 0;
    EXPECT_TRUE(record->for_each([&](const audit::Entry& entry) {
      const auto* act = std::get_if<audit::Act>(&entry.content);
      if (act != nullptr && act->action == "ticket.use" && act->outcome.starts_with(outcome))
        ++times;
      return true;
    }));
    return times;
  }
};

TEST_F(Tickets, OneStartsWhatItIsForAndIsUselessAfterwards) {
  const auto issued = issue();
  EXPECT_EQ(issued.view.state, "unused");
  const auto claimed = claim(issued.ticket);
  ASSERT_TRUE(claimed) << claimed.error().message;
  EXPECT_EQ(claimed->request.tenant, "acme");
  EXPECT_EQ(claimed->request.member, "alice");
  EXPECT_EQ(claimed->request.services, std::vector<std::string>{"gemini"});
  EXPECT_EQ(claimed->request.time_limit, seconds(600));
  EXPECT_EQ(claimed->request.idle_limit, seconds(60));
  EXPECT_EQ(claimed->request.labels, (Settings{{"run", "17"}}));
  const auto started = vault->start_session(Actor::installation("ticket"), claimed->request);
  ASSERT_TRUE(started);
  ASSERT_TRUE(vault->note_started_with(claimed->id, started->session.id));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(why_not(issued.ticket), "ticket_used");
  reopen();
  EXPECT_EQ(why_not(issued.ticket), "ticket_used") << "also after a restart";
  const auto listed = vault->list_tickets(kOperator, "acme");
  ASSERT_TRUE(listed && listed->size() == 1);
  EXPECT_EQ(listed->front().state, "used");
  EXPECT_EQ(listed->front().session, started->session.id);
  EXPECT_EQ(recorded("done"), 1U);
  EXPECT_EQ(recorded("refused"), 2U) << "once for each run of the server";
}

TEST_F(Tickets, ItIsUselessWhenItsTimeIsOverAndForWhoIsGone) {
  const auto late = issue(seconds(60));
  const auto long_lived = issue(seconds(3600), "bob");
  const auto gone = issue(seconds(3600));
  clock.advance(seconds(60));
  EXPECT_EQ(why_not(late.ticket), "ticket_expired");
  EXPECT_EQ(why_not("srt_x"), "ticket_unknown");
  EXPECT_EQ(why_not(""), "ticket_unknown");
  ASSERT_TRUE(run(vault->remove_member(kOperator, "acme", "alice")));
  ASSERT_TRUE(vault->add_member(kOperator, "acme", "alice", "member"));
  EXPECT_EQ(why_not(gone.ticket), "member_removed") << "the name is another person's now";
  EXPECT_TRUE(claim(long_lived.ticket));
  EXPECT_EQ(recorded("refused"), 0U);
}

TEST_F(Tickets, WhatCouldNotBeStartedIsToldAtOnce) {
  auto other = wish();
  other.services = {"openai"};
  EXPECT_CODE(vault->issue_ticket(kOperator, other, kTicketTime), Code::NotFound);
  EXPECT_CODE(vault->issue_ticket(kOperator, wish("nobody"), kTicketTime), Code::NotFound);
  EXPECT_CODE(vault->issue_ticket(kOperator, wish(), seconds(0)), Code::Invalid);
  EXPECT_CODE(vault->issue_ticket(kOperator, wish(), seconds(3601)), Code::Invalid);
  auto endless = wish();
  endless.time_limit = kLongestSession + seconds(1);
  EXPECT_CODE(vault->issue_ticket(kOperator, endless, kTicketTime), Code::Invalid);
  EXPECT_TRUE(vault->list_tickets(kOperator, "")->empty());
}

TEST_F(Tickets, TheyAreForgottenAfterAnHour) {
  const auto first = issue();
  ASSERT_TRUE(claim(first.ticket));
  reopen();
  clock.advance(seconds(60 + 3600));
  (void)issue();
  EXPECT_EQ(vault->list_tickets(kOperator, "acme")->size(), 2U);
  clock.advance(seconds(1));
  (void)issue();
  EXPECT_EQ(vault->list_tickets(kOperator, "acme")->size(), 2U);
  EXPECT_EQ(why_not(first.ticket), "ticket_unknown");
}

}  // namespace
}  // namespace strongroom::vault
