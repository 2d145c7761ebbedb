// SPDX-License-Identifier: Apache-2.0
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kGemini = "AIzaSyTest-0123456789-abcdefghijklmn";

class Keys : public VaultFixture {
 protected:
  Keys() { make_acme(); }
};

TEST_F(Keys, AKeyIsStoredAndShownWithoutItsValue) {
  const auto added = add("gemini", std::string(kGemini) + "\n");
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(added->delivery, "proxied");
  EXPECT_EQ(added->home, "skill");
  EXPECT_EQ(added->state, "active");
  EXPECT_EQ(added->last_characters, "klmn");
  const auto list = vault->list_keys(kOperator, "acme");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(list->front().id, added->id);
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(started);
  const auto opened = use(started->passes.at(0));
  ASSERT_TRUE(opened);
  EXPECT_EQ(reveal(opened->value), kGemini);  // trimmed of the one line end
}

TEST_F(Keys, ValuesThatCannotWorkAreRefusedAndNothingIsStored) {
  EXPECT_CODE(add("gemini", ""), Code::Invalid);
  EXPECT_CODE(add("gemini", "\n"), Code::Invalid);
  EXPECT_CODE(add("gemini", "abc\r\nX-Evil: 1"), Code::Invalid);
  EXPECT_CODE(add("gemini", std::string_view("ab\0cd", 5)), Code::Invalid);
  EXPECT_CODE(add("gemini", "abc\n\n"), Code::Invalid);
  EXPECT_CODE(add("gemini", "p\xc3\xa4ssw\xc3\xb6rt-geheim-0123456789"), Code::Invalid);
  EXPECT_CODE(add("github", "abc\ndef", "alice"), Code::Invalid);
  EXPECT_CODE(add("tailscale", "tskey-client-x?baseurl=https://evil.example"), Code::Invalid);
  EXPECT_TRUE(add("generic-env", "line one\nline two", "", "default", {{"variable", "MY_PEM"}}));
  EXPECT_EQ(vault->list_keys(kOperator, "acme")->size(), 1U);
}

TEST_F(Keys, APassIsNotAKey) {
  ASSERT_TRUE(add("gemini", kGemini));
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(started);
  EXPECT_CODE(add("gemini", started->passes.at(0).pass + "\n", "", "second"), Code::Invalid);
}

TEST_F(Keys, AnErrorNeverHoldsTheValue) {
  const auto refused = add("gemini", "hunter2hunter2\nhunter2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
}

TEST_F(Keys, TheHomeFollowsTheCatalogue) {
  const auto own = add("github", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "alice");
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ(own->home, "integration");
  EXPECT_EQ(own->owner, "alice");
  EXPECT_EQ(own->delivery, "injected");
  EXPECT_CODE(add("gemini", kGemini, "carol"), Code::NotFound);
  EXPECT_CODE(add("no-such-service", "x"), Code::NotFound);
  NewKey elsewhere;
  elsewhere.tenant = "globex";
  elsewhere.service = "gemini";
  EXPECT_CODE(vault->add_key(kOperator, elsewhere, secret(kGemini)), Code::NotFound);
}

TEST_F(Keys, OneLabelOneKey) {
  ASSERT_TRUE(add("gemini", kGemini));
  EXPECT_CODE(add("gemini", kGemini), Code::Conflict);
  EXPECT_TRUE(add("gemini", kGemini, "", "second"));
  EXPECT_TRUE(add("gemini", kGemini, "alice"));
  EXPECT_CODE(add("gemini", kGemini, "", "Not A Label"), Code::Invalid);
}

TEST_F(Keys, SettingsAreCheckedByTheirKind) {
  EXPECT_CODE(add("generic-http", "k"), Code::Invalid);  // no host
  EXPECT_CODE(add("generic-http", "k-0123456789", "", "default", {{"host", "10.0.0.1"}}),
              Code::Invalid);
  EXPECT_CODE(add("generic-http", "k-0123456789", "", "default",
                  {{"host", "api.example.com"}, {"header", "host"}}),
              Code::Invalid);
  EXPECT_CODE(add("generic-http", "k-0123456789", "", "default",
                  {{"host", "api.example.com"}, {"port", "70000"}}),
              Code::Invalid);
  EXPECT_CODE(add("generic-http", "k-0123456789", "", "default",
                  {{"host", "api.example.com"}, {"nonsense", "1"}}),
              Code::Invalid);
  EXPECT_CODE(add("generic-http", "k-0123456789", "", "default",
                  {{"host", "a.example.com"}, {"host", "b.example.com"}}),
              Code::Invalid);
  EXPECT_CODE(add("generic-env", "v", "", "default", {{"variable", "LD_PRELOAD"}}), Code::Invalid);
  EXPECT_CODE(add("generic-env", "v", "", "default", {{"variable", "GEMINI_API_KEY"}}),
              Code::Invalid);
  const auto added = add("generic-http", "k-0123456789", "", "default",
                         {{"host", "api.example.com"}, {"header", "X-Token"}});
  ASSERT_TRUE(added) << added.error().message;
  const Settings& settings = added->settings;
  EXPECT_TRUE(std::ranges::find(settings, Settings::value_type("header", "x-token")) !=
              settings.end());
  EXPECT_TRUE(std::ranges::find(settings, Settings::value_type("port", "443")) != settings.end());
}

TEST_F(Keys, RotationPutsANewVersionInWithoutAGap) {
  const auto key = add("gemini", kGemini);
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(key && started);
  clock.advance(std::chrono::seconds(5));
  const auto rotated =
      vault->rotate_key(kOperator, key->id, secret("AIzaSyTest-second-0123456789-zyxw\n"));
  ASSERT_TRUE(rotated);
  EXPECT_EQ(rotated->version, 2U);
  EXPECT_EQ(rotated->last_characters, "zyxw");
  EXPECT_EQ(fences.refreshed.size(), 1U);
  const auto opened = use(started->passes.at(0));
  ASSERT_TRUE(opened);
  EXPECT_EQ(reveal(opened->value), "AIzaSyTest-second-0123456789-zyxw");
  EXPECT_EQ(opened->version, 2U);
  EXPECT_CODE(vault->rotate_key(kOperator, key->id, secret("")), Code::Invalid);
  EXPECT_TRUE(use(started->passes.at(0)));
}

TEST_F(Keys, AKeyIsNotUsedOnceItsTimeIsOver) {
  NewKey wanted;
  wanted.tenant = "acme";
  wanted.service = "gemini";
  wanted.expires = clock.wall() + kExpiringSoon + std::chrono::hours(1);
  const auto key = vault->add_key(kOperator, wanted, secret(kGemini));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->state, "active");
  EXPECT_EQ(key->expires, wanted.expires);
  clock.advance(std::chrono::hours(2));
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "expiring");
  clock.advance(kExpiringSoon - std::chrono::hours(2));
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(started && use(started->passes.at(0)));
  EXPECT_TRUE(vault->may_continue(started->session.id, key->id));
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "expired");
  EXPECT_CODE(use(started->passes.at(0)), Code::Expired);
  EXPECT_FALSE(vault->may_continue(started->session.id, key->id));
  EXPECT_CODE(vault->open_for_check(kOperator, key->id), Code::Expired);
  reopen();
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "expired");
  EXPECT_CODE(vault->rotate_key(kOperator, key->id, secret(kGemini), clock.wall()), Code::Invalid);
  ASSERT_TRUE(vault->rotate_key(kOperator, key->id, secret(kGemini)));
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "active");
  EXPECT_EQ(vault->show_key(kOperator, key->id)->expires, std::nullopt);
  EXPECT_TRUE(use(started->passes.at(0)));
}

TEST_F(Keys, WhatTheProviderSaysIsKeptForTheCurrentVersionOnly) {
  const auto key = add("gemini", kGemini);
  ASSERT_TRUE(key);
  ASSERT_TRUE(vault->note_verdict(key->id, 1, false, 401));
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "rejected_by_provider");
  ASSERT_TRUE(vault->note_verdict(key->id, 1, true, 200));
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "active");
  ASSERT_TRUE(vault->rotate_key(kOperator, key->id, secret(kGemini)));
  ASSERT_TRUE(vault->note_verdict(key->id, 1, false, 401));
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "active");
  ASSERT_TRUE(vault->note_verdict(key->id, 2, false, 401));
  ASSERT_TRUE(vault->rotate_key(kOperator, key->id, secret(kGemini)));
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state,
            "active");  // the new value has not been judged
}

TEST_F(Keys, AllOfItOutlivesARestart) {
  const auto key = add("gemini", kGemini);
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(key && started);
  const auto public_key = vault->receipt_public_key();
  const auto installation = vault->installation_id();
  reopen();
  EXPECT_EQ(vault->receipt_public_key(), public_key);
  EXPECT_EQ(vault->installation_id(), installation);
  EXPECT_EQ(vault->list_keys(kOperator, "")->size(), 1U);
  const auto opened = use(started->passes.at(0));
  ASSERT_TRUE(opened);
  EXPECT_EQ(reveal(opened->value), kGemini);
  EXPECT_TRUE(vault->may_continue(started->session.id, key->id));
}

/// Whoever can write authenticated rows (a bug, a stolen row key) still cannot make a record open
/// in another place.
TEST_F(Keys, ARecordOpensOnlyWhereItWasSealed) {
  ASSERT_TRUE(vault->add_tenant(kOperator, "globex"));
  const auto first = add("gemini", kGemini);
  const auto second = add("openai", "sk-0123456789012345678901234567890123456789");
  const auto mine = add("gemini", kGemini, "alice");
  ASSERT_TRUE(first && second && mine);
  const auto started = start("alice", {"openai"});
  ASSERT_TRUE(started);
  const auto key = **store->find<store::Key>({{"id", store::to_value(second->id)}});
  const auto version = **store->find<store::KeyVersion>({{"key", store::to_value(second->id)}});
  const auto other = **store->find<store::KeyVersion>({{"key", store::to_value(first->id)}});
  const auto try_version = [&](auto change) {
    auto changed = version;
    change(changed);
    EXPECT_TRUE(store->transact([&] { return store->update(changed); }));
    EXPECT_CODE(use(started->passes.at(0)), Code::Tampered);
    EXPECT_TRUE(store->transact([&] { return store->update(version); }));
  };
  try_version([&](store::KeyVersion& row) { row.record = other.record; });
  try_version([&](store::KeyVersion& row) { row.not_after = 1'900'000'000'000'000; });
  try_version([&](store::KeyVersion& row) { row.epoch = 2; });
  for (std::size_t i = 0; i < version.record.size(); ++i)
    try_version([&](store::KeyVersion& row) { row.record[i] ^= 1; });
  const auto try_key = [&](auto change) {
    auto changed = key;
    change(changed);
    EXPECT_TRUE(store->transact([&] { return store->update(changed); }));
    EXPECT_FALSE(use(started->passes.at(0)));
    EXPECT_FALSE(vault->open_for_check(kOperator, second->id));
    EXPECT_TRUE(store->transact([&] { return store->update(key); }));
  };
  const auto alice = **store->find<store::Member>({{"name", std::string("alice")}});
  const auto globex = **store->find<store::Tenant>({{"name", std::string("globex")}});
  try_key([&](store::Key& row) {
    row.home = 2;
    row.owner = alice.id;
  });
  try_key([&](store::Key& row) { row.service = "anthropic"; });
  try_key([&](store::Key& row) { row.delivery = 2; });
  try_key([&](store::Key& row) { row.tenant = globex.id; });
  EXPECT_TRUE(use(started->passes.at(0)));
}

TEST_F(Keys, EachChangeIsInTheRecord) {
  const auto key = add("gemini", kGemini);
  ASSERT_TRUE(key);
  ASSERT_TRUE(vault->rotate_key(kOperator, key->id, secret(kGemini)));
  const auto done = actions();
  const std::vector<std::string> expected = {"tenant.add done", "member.add done",
                                             "member.add done", "key.add done", "key.rotate done"};
  EXPECT_EQ(done, expected);
}

}  // namespace
}  // namespace strongroom::vault
