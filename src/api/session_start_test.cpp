// Sessions that come to nothing half way. SPDX-License-Identifier: Apache-2.0
#include "api/control_fixture.h"

namespace strongroom::api {
namespace {

class SessionStartTest : public ControlServerTest {
 public:
  void SetUp() override {
    ControlServerTest::SetUp();
    while_credentials_are_made_ = [this](SessionId) { return remove_member(); };
  }
  io::Task<std::string> only_state() {
    const Said sessions = co_await call("GET", "/api/v1/sessions");
    const auto& all = sessions.document.as_array();
    co_return all.size() == 1 ? std::string(all[0].at("state").as_string()) : "none";
  }
  io::Task<void> remove_member() {
    vault::Actor actor = vault::Actor::installation("operator");
    const auto removed = co_await vault_->remove_member(std::move(actor), "acme", "alice");
    EXPECT_TRUE(removed);
  }
  io::Task<Said> start(json::value owner = nullptr) {
    json::value body = json::object{{"name", "acme"}};
    (void)co_await call("POST", "/api/v1/tenants", body);
    body = json::object{{"tenant", "acme"}, {"name", "alice"}};
    (void)co_await call("POST", "/api/v1/members", body);
    body = json::object{
        {"tenant", "acme"}, {"service", "gemini"}, {"value", json::string_view(kFirstValue)}};
    (void)co_await call("POST", "/api/v1/keys", body);
    body = json::object{{"tenant", "acme"},
                        {"member", "alice"},
                        {"services", json::array{"gemini"}},
                        {"socket", true},
                        {"socket_owner", std::move(owner)}};
    Said said = co_await call("POST", "/api/v1/sessions", body);
    co_return said;
  }
};

TEST_F(SessionStartTest, has_no_socket_that_nobody_would_close) {
  run([](SessionStartTest& test) -> io::Task<void> {
    const Said said = co_await test.start();
    EXPECT_EQ(error_of(said), "session_ended") << said.raw.body;
    EXPECT_TRUE(test.has_socket_.is_none());
  }(*this));
}

TEST_F(SessionStartTest, has_one_receipt_where_they_could_not_be_made) {
  credentials_made_ = fail(Code::Unavailable, "the source does not answer", "credential_not_made");
  run([](SessionStartTest& test) -> io::Task<void> {
    const Said said = co_await test.start();
    EXPECT_EQ(error_of(said), "credential_not_made") << said.raw.body;
    const Said receipts = co_await test.call("GET", "/api/v1/receipts");
    EXPECT_EQ(receipts.document.as_array().size(), 1U) << receipts.raw.body;
  }(*this));
}

TEST_F(SessionStartTest, is_not_begun_for_an_owner_who_is_none) {
  run([](SessionStartTest& test) -> io::Task<void> {
    json::value nobody = -1;
    const Said said = co_await test.start(std::move(nobody));
    EXPECT_EQ(said.raw.status, 400) << said.raw.body;
    const std::string state = co_await test.only_state();
    EXPECT_EQ(state, "none");
  }(*this));
}

TEST_F(SessionStartTest, is_over_where_its_socket_cannot_be_opened) {
  while_credentials_are_made_ = nullptr;
  socket_ = fail(Code::Storage, "the disk is full", "no_socket");
  run([](SessionStartTest& test) -> io::Task<void> {
    const Said said = co_await test.start();
    EXPECT_EQ(error_of(said), "no_socket") << said.raw.body;
    const std::string state = co_await test.only_state();
    EXPECT_EQ(state, "ended");
  }(*this));
}

}  // namespace
}  // namespace strongroom::api
