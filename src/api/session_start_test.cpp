// A session that ends while its credentials are made. SPDX-License-Identifier: Apache-2.0
#include "api/control_fixture.h"

namespace strongroom::api {
namespace {

class SessionStartTest : public ControlServerTest {
 public:
  void SetUp() override {
    ControlServerTest::SetUp();
    while_credentials_are_made_ = [this](SessionId) { return remove_member(); };
  }
  io::Task<void> remove_member() {
    vault::Actor actor = vault::Actor::installation("operator");
    const auto removed = co_await vault_->remove_member(std::move(actor), "acme", "alice");
    EXPECT_TRUE(removed);
  }
  io::Task<Said> start() {
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
                        {"socket", true}};
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

}  // namespace
}  // namespace strongroom::api
