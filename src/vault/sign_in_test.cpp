// Passwords, invitations and sign-ins: how long they are good, and for whom.
// SPDX-License-Identifier: Apache-2.0
#include "vault/sign_in.h"

#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

using namespace std::chrono_literals;

class SignInTest : public VaultFixture {
 protected:
  SignInTest() {
    make_acme();
    EXPECT_TRUE(vault->add_member(kOperator, "acme", "olga", "owner"));
    EXPECT_TRUE(vault->add_member(kOperator, "acme", "adam", "admin"));
  }

  static crypto::Digest hash(const std::string& text) { return crypto::sha256(bytes_of(text)); }
  static SignInHalves halves_of(const IssuedSignIn& issued) {
    return {hash(issued.cookie), hash(issued.page_half)};
  }
  /// In Argon2id's place, which has tests of its own: what is told apart here is what came out.
  static Secret derived_of(const std::string& password) { return Secret(hash(password)); }

  Result<IssuedSignIn> use(const std::string& invitation, const std::string& password) {
    STRONGROOM_TRY(const auto task, vault->begin_password(hash(invitation)));
    return vault->use_invitation(hash(invitation), {}, task, derived_of(password), "192.0.2.1");
  }
  Result<IssuedSignIn> sign_in(const std::string& member, const std::string& password,
                               const std::string& code = "") {
    STRONGROOM_TRY(const auto task, vault->begin_sign_in("acme", member));
    return vault->finish_sign_in(task, derived_of(password), secret(code), "192.0.2.1");
  }
  /// As an authenticator reads it (RFC 4648).
  static Secret key_of(const std::string& base32) {
    ByteVector octets;
    std::uint64_t bits = 0;
    unsigned count = 0;
    for (const char each : base32) {
      bits = (bits << 5U) | static_cast<std::uint64_t>(each >= 'A' ? each - 'A' : each - '2' + 26);
      if (count += 5; count >= 8) {
        count -= 8;
        octets.push_back(static_cast<std::uint8_t>(bits >> count));
      }
    }
    return Secret(octets);
  }
  Actor invited(const std::string& member) {
    const auto issued = use(vault->invite(kOperator, "acme", member)->invitation, "password");
    EXPECT_TRUE(issued) << issued.error().message;
    return *vault->actor_of_sign_in(halves_of(*issued));
  }
  Result<KeyView> connect(const Actor& actor, const std::string& member) {
    NewKey key;
    key.tenant = "acme";
    key.service = "github";
    key.member = member;
    return vault->add_key(actor, key, secret("ghp_a-value-of-some-length-0123456789"));
  }
};

TEST_F(SignInTest, PasswordsHaveALengthAndNoOtherRule) {
  EXPECT_TRUE(check_password(secret("twelve chars")));
  EXPECT_FALSE(check_password(secret("eleven char")));
  EXPECT_TRUE(check_password(secret("äöüäöüäöüäöü"))) << "characters, not octets";
  EXPECT_FALSE(check_password(secret("äöüäöü")));
  EXPECT_TRUE(check_password(secret(std::string(1024, 'a'))));
  EXPECT_FALSE(check_password(secret(std::string(1025, 'a'))));
  EXPECT_FALSE(check_password(secret("not UTF-8 at all \xff")));
}

TEST_F(SignInTest, AnInvitationIsGoodOnceAndNotForLong) {
  const auto first = vault->invite(kOperator, "acme", "alice");
  const auto second = vault->invite(kOperator, "acme", "alice");
  EXPECT_EQ(use(first->invitation, "a").error().reason, "invitation_unknown") << "the newest alone";
  EXPECT_TRUE(use(second->invitation, "a"));
  EXPECT_EQ(use(second->invitation, "b").error().reason, "invitation_unknown");
  EXPECT_TRUE(sign_in("alice", "a"));
  const auto late = vault->invite(kOperator, "acme", "alice");
  clock.advance(kInvitationTime);
  EXPECT_EQ(use(late->invitation, "b").error().reason, "invitation_unknown");
}

TEST_F(SignInTest, EndsWhenItIsNotUsedAndAtTheLatestAfterItsTime) {
  (void)invited("alice");
  const auto busy = sign_in("alice", "password");
  const auto quiet = sign_in("alice", "password");
  for (auto passed = 0h; passed < kLongestSignIn; passed += 6h) {
    EXPECT_TRUE(vault->actor_of_sign_in(halves_of(*busy)));
    EXPECT_EQ(vault->actor_of_sign_in(halves_of(*quiet)).has_value(), passed == 0h);
    if (passed == 0h) {
      clock.advance(kIdleSignIn - 1min);
      EXPECT_TRUE(vault->actor_of_sign_in(halves_of(*busy)));
      clock.advance(1min);
      passed += kIdleSignIn;
      EXPECT_EQ(vault->actor_of_sign_in(halves_of(*quiet)).error().code, Code::Unauthorized);
    }
    clock.advance(6h);
  }
  EXPECT_EQ(vault->actor_of_sign_in(halves_of(*busy)).error().code, Code::Unauthorized);
  EXPECT_TRUE(vault->list_sign_ins(kOperator, "acme")->empty());
}

TEST_F(SignInTest, H16_neither_half_is_good_alone) {
  (void)invited("alice");
  const auto one = sign_in("alice", "password");
  const auto other = sign_in("alice", "password");
  SignInHalves mixed = halves_of(*one);
  mixed.page = hash(other->page_half);
  EXPECT_EQ(vault->actor_of_sign_in(mixed).error().reason, "csrf_refused");
  mixed.page = hash("");
  EXPECT_EQ(vault->actor_of_sign_in(mixed).error().reason, "csrf_refused");
  mixed.page = hash(one->cookie);
  EXPECT_EQ(vault->actor_of_sign_in(mixed).error().reason, "csrf_refused");
  mixed.cookie = hash(one->page_half);
  EXPECT_EQ(vault->actor_of_sign_in(mixed).error().code, Code::Unauthorized);
  EXPECT_TRUE(vault->actor_of_sign_in(halves_of(*one)));
}

TEST_F(SignInTest, H17_nobody_gets_anothers_integrations_by_an_invitation) {
  const Actor olga = invited("olga");
  const auto early = vault->invite(olga, "acme", "alice");
  ASSERT_TRUE(early);
  const auto alice = invited("alice");  // by the operator, in the meantime
  EXPECT_EQ(use(early->invitation, "olga's").error().reason, "invitation_unknown");
  const auto again = vault->invite(olga, "acme", "alice");
  ASSERT_TRUE(again) << "she has no integrations yet";
  const auto key = connect(alice, "alice");
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(use(again->invitation, "olga's").error().reason, "invitation_unknown");
  EXPECT_EQ(vault->invite(olga, "acme", "alice").error().reason, "has_integrations");
  EXPECT_TRUE(vault->invite(kOperator, "acme", "alice"));
  ASSERT_TRUE(run(vault->revoke_key(olga, key->id)));
  EXPECT_TRUE(vault->invite(olga, "acme", "alice")) << "there is nothing to be had";
}

TEST_F(SignInTest, H17_who_was_this_member_before_is_so_no_longer) {
  const Actor olga = invited("olga");
  // The owner uses the link herself, and keeps a token.
  const auto taken = use(vault->invite(olga, "acme", "alice")->invitation, "olga's");
  const Actor as_alice = *vault->actor_of_sign_in(halves_of(*taken));
  NewToken wanted;
  wanted.tenant = "acme";
  wanted.member = "alice";
  wanted.name = "kept";
  const auto token = vault->add_token(as_alice, wanted);
  ASSERT_TRUE(token);
  ASSERT_TRUE(vault->actor_of_token(hash(token->token)));
  (void)invited("alice");
  EXPECT_FALSE(vault->actor_of_token(hash(token->token)));
  EXPECT_FALSE(vault->actor_of_sign_in(halves_of(*taken)));
  EXPECT_EQ(sign_in("alice", "olga's").error().reason, "sign_in_refused");
}

TEST_F(SignInTest, AdminsInviteNoOwner) {
  const Actor adam = invited("adam");
  EXPECT_EQ(vault->invite(adam, "acme", "olga").error().reason, "role_not_allowed");
  EXPECT_TRUE(vault->invite(adam, "acme", "alice"));
  const Actor alice = invited("alice");
  EXPECT_EQ(vault->invite(alice, "acme", "alice").error().reason, "role_not_allowed");
}

TEST_F(SignInTest, ARemovedMemberIsNobody) {
  const auto issued = use(vault->invite(kOperator, "acme", "alice")->invitation, "password");
  const auto open = vault->invite(kOperator, "acme", "alice");
  ASSERT_TRUE(run(vault->remove_member(kOperator, "acme", "alice")));
  EXPECT_FALSE(vault->actor_of_sign_in(halves_of(*issued)));
  EXPECT_EQ(sign_in("alice", "password").error().reason, "sign_in_refused");
  EXPECT_EQ(use(open->invitation, "b").error().reason, "invitation_unknown");
  ASSERT_TRUE(vault->add_member(kOperator, "acme", "alice", "member"));
  EXPECT_EQ(sign_in("alice", "password").error().reason, "sign_in_refused") << "somebody else";
}

TEST_F(SignInTest, ATaskOfNobodyFitsNothing) {
  (void)invited("alice");
  for (const auto& [tenant, member] :
       {std::pair{"acme", "nobody"}, {"nowhere", "alice"}, {"", ""}}) {
    const auto task = vault->begin_sign_in(tenant, member);
    ASSERT_TRUE(task);
    EXPECT_EQ(task->salt.size(), vault->begin_sign_in("acme", "alice")->salt.size());
    EXPECT_EQ(vault->finish_sign_in(*task, derived_of("password"), secret(""), "").error().reason,
              "sign_in_refused");
  }
}

TEST_F(SignInTest, H18_a_code_is_good_once_and_for_its_time) {
  const Actor alice = invited("alice");
  const auto made = vault->begin_second_factor(alice);
  ASSERT_TRUE(made);
  EXPECT_TRUE(sign_in("alice", "password")) << "not asked for before it is confirmed";
  const Secret key = key_of(made->secret);
  const auto code = [&](int steps = 0) {
    const auto step = to_micros(clock.wall()) / 30'000'000 + steps;
    std::string digits =
        std::to_string(crypto::hotp(key, static_cast<std::uint64_t>(step)) % kCodes);
    return std::string(6 - digits.size(), '0') + digits;
  };
  EXPECT_EQ(vault->confirm_second_factor(alice, secret("12345")).error().reason, "code_wrong");
  EXPECT_EQ(vault->confirm_second_factor(alice, secret(code(-2))).error().reason, "code_wrong");
  const auto recovery = vault->confirm_second_factor(alice, secret(code()));
  ASSERT_TRUE(recovery);
  EXPECT_EQ(sign_in("alice", "password").error().reason, "code_needed");
  EXPECT_EQ(sign_in("alice", "another", code(1)).error().reason, "sign_in_refused");
  EXPECT_EQ(sign_in("alice", "password", code()).error().reason, "code_wrong") << "used already";
  clock.advance(30s);
  const std::string now = code();
  EXPECT_EQ(sign_in("alice", "password", code(2)).error().reason, "code_wrong");
  EXPECT_TRUE(sign_in("alice", "password", now.substr(0, 3) + " " + now.substr(3)));
  EXPECT_EQ(sign_in("alice", "password", now).error().reason, "code_wrong");
  EXPECT_TRUE(sign_in("alice", "password", recovery->front()));
  EXPECT_EQ(sign_in("alice", "password", recovery->front()).error().reason, "code_wrong");
  EXPECT_EQ(vault->show_second_factor(alice)->recovery_codes, kRecoveryCodes - 1);
  EXPECT_EQ(vault->begin_second_factor(alice).error().code, Code::Conflict);
  EXPECT_EQ(vault->remove_second_factor(alice, secret("000000")).error().reason, "code_wrong");
  clock.advance(90s);
  EXPECT_TRUE(vault->remove_second_factor(alice, secret(code())));
  EXPECT_TRUE(sign_in("alice", "password"));
}

TEST_F(SignInTest, ASecondFactorLivesThroughANewRootKeyAndEndsWithANewInvitation) {
  const Actor alice = invited("alice");
  const Secret key = key_of(vault->begin_second_factor(alice)->secret);
  const auto step = static_cast<std::uint64_t>(to_micros(clock.wall()) / 30'000'000);
  std::string digits = std::to_string(crypto::hotp(key, step) % kCodes);
  digits.insert(0, 6 - digits.size(), '0');
  ASSERT_TRUE(vault->rotate_root(kOperator, Secret()));
  const auto recovery = vault->confirm_second_factor(alice, secret(digits));
  ASSERT_TRUE(recovery) << recovery.error().message;
  reopen();
  EXPECT_EQ(sign_in("alice", "password").error().reason, "code_needed");
  (void)invited("alice");
  EXPECT_TRUE(sign_in("alice", "password"));
}

TEST_F(SignInTest, ASecondFactorIsOfWhoHasSignedIn) {
  const Actor alice = invited("alice");
  NewToken wanted;
  wanted.tenant = "acme";
  wanted.member = "alice";
  wanted.name = "laptop";
  const auto token = vault->add_token(alice, wanted);
  const Actor by_token = *vault->actor_of_token(hash(token->token));
  EXPECT_EQ(vault->begin_second_factor(by_token).error().reason, "sign_in_needed");
  EXPECT_EQ(vault->begin_second_factor(kOperator).error().code, Code::Invalid);
}

TEST_F(SignInTest, ManyBrowsersOfOneMemberAreLimited) {
  (void)invited("alice");
  const auto first = sign_in("alice", "password");
  for (std::size_t each = 0; each < kMostSignIns; ++each) {
    clock.advance(1s);
    ASSERT_TRUE(sign_in("alice", "password"));
  }
  EXPECT_EQ(vault->list_sign_ins(kOperator, "acme")->size(), kMostSignIns);
  EXPECT_FALSE(vault->actor_of_sign_in(halves_of(*first))) << "the oldest";
}

TEST_F(SignInTest, ABrowsersMarkIsOfOneMember) {
  const std::string mark = vault->browser_mark("acme", "alice");
  EXPECT_TRUE(vault->is_browser_of(mark, "acme", "alice"));
  EXPECT_FALSE(vault->is_browser_of(mark, "acme", "bob"));
  EXPECT_FALSE(vault->is_browser_of(mark, "acmea", "lice"));
  EXPECT_FALSE(vault->is_browser_of(mark + "a", "acme", "alice"));
  EXPECT_FALSE(vault->is_browser_of("", "acme", "alice"));
}

TEST_F(SignInTest, AWayInIsAddedByARecentSignInAlone) {
  const auto issued = use(vault->invite(kOperator, "acme", "alice")->invitation, "password");
  const auto alice = *vault->actor_of_sign_in(halves_of(*issued));
  const auto browser = hash("browser");
  const auto is_let_in = [&] { return vault->begin_passkey(alice, browser).has_value(); };
  EXPECT_TRUE(is_let_in());
  clock.advance(5min);
  EXPECT_EQ(vault->begin_passkey(alice, browser).error().reason, "confirmation_needed");
  EXPECT_EQ(vault->begin_identity(alice, "corp", browser, "https://x/").error().reason,
            "confirmation_needed");

  const auto own = *vault->begin_own_password(alice);
  EXPECT_EQ(vault->confirm_by_password(alice, own.current, derived_of("wrong")).error().reason,
            "password_wrong");
  EXPECT_FALSE(is_let_in());
  EXPECT_TRUE(vault->confirm_by_password(alice, own.current, derived_of("password")));
  EXPECT_TRUE(is_let_in());
  // Of this browser, and not for longer.
  const auto elsewhere = *vault->actor_of_sign_in(halves_of(*sign_in("alice", "password")));
  clock.advance(5min);
  EXPECT_FALSE(is_let_in());
  EXPECT_FALSE(vault->begin_passkey(elsewhere, browser));
  EXPECT_TRUE(vault->confirm_by_password(alice, own.current, derived_of("password")));
  EXPECT_FALSE(vault->begin_passkey(elsewhere, browser));

  // Another's password shows nothing.
  EXPECT_TRUE(use(vault->invite(kOperator, "acme", "adam")->invitation, "secret"));
  const auto others = vault->begin_sign_in("acme", "adam");
  clock.advance(5min);
  EXPECT_EQ(vault->confirm_by_password(alice, *others, derived_of("secret")).error().reason,
            "password_wrong");
  EXPECT_EQ(vault->confirm_by_code(alice, secret("123456")).error().reason, "no_second_factor");
  EXPECT_FALSE(is_let_in());
}

}  // namespace
}  // namespace strongroom::vault
