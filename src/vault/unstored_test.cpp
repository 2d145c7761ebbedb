// A revoke while the disk takes nothing. SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <csignal>

#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kGemini = "AIzaSyTest-0123456789-abcdefghijklmn";

/// No file of this process grows while it lives: every write of the database fails.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{0, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

class Unstored : public VaultFixture {
 protected:
  Unstored() { make_acme(); }
};

TEST_F(Unstored, I12_a_revoke_fences_although_the_disk_is_full) {
  const auto key = add("gemini", kGemini);
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(key && started && use(started->passes.at(0)));
  {
    const FullDisk full;
    const auto answer = run(vault->revoke_key(kOperator, key->id));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, "fenced_not_stored");
    EXPECT_EQ(fences.fenced.size(), 1U);
    EXPECT_FALSE(vault->may_continue(started->session.id, key->id));
    EXPECT_EQ(use(started->passes.at(0)).error().reason, "key_revoked");
    EXPECT_CODE(vault->open_for_check(kOperator, key->id), Code::Revoked);
    EXPECT_FALSE(vault->store_what_is_fenced());
  }
  // There is room again, and it is still off; so it is for a new session and a rotation.
  EXPECT_EQ(use(started->passes.at(0)).error().reason, "key_revoked");
  EXPECT_CODE(start("alice", {"gemini"}), Code::NotFound);
  EXPECT_CODE(vault->rotate_key(kOperator, key->id, secret(kGemini)), Code::Revoked);
  EXPECT_TRUE(vault->store_what_is_fenced());
  reopen();
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "revoked");
  EXPECT_EQ(use(started->passes.at(0)).error().reason, "key_revoked");
}

TEST_F(Unstored, I12_a_session_ends_although_the_disk_is_full) {
  ASSERT_TRUE(add("gemini", kGemini));
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(started);
  {
    const FullDisk full;
    EXPECT_FALSE(run(vault->end_session(kOperator, started->session.id, "finished")));
    EXPECT_EQ(fences.fenced.size(), 1U);
  }
  EXPECT_EQ(use(started->passes.at(0)).error().reason, "session_ended");
  EXPECT_EQ(vault->show_session(kOperator, started->session.id)->state, "ended");
  EXPECT_TRUE(vault->store_what_is_fenced());
  reopen();
  EXPECT_EQ(use(started->passes.at(0)).error().reason, "session_ended");
}

TEST_F(Unstored, I12_a_removal_fences_although_the_disk_is_full_and_can_be_repeated) {
  const auto key = add("gemini", kGemini, "alice");
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(key && started);
  {
    const FullDisk full;
    EXPECT_FALSE(run(vault->remove_member(kOperator, "acme", "alice")));
    EXPECT_FALSE(run(vault->remove_tenant(kOperator, "acme")));
    EXPECT_FALSE(use(started->passes.at(0)));
  }
  EXPECT_FALSE(use(started->passes.at(0)));
  EXPECT_TRUE(run(vault->remove_member(kOperator, "acme", "alice")));
  EXPECT_TRUE(run(vault->remove_tenant(kOperator, "acme")));
  EXPECT_TRUE(vault->store_what_is_fenced());
  reopen();
  EXPECT_FALSE(use(started->passes.at(0)));
}

}  // namespace
}  // namespace strongroom::vault
