// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "vault/fixture_for_test.h"

namespace strongroom::vault {
namespace {

constexpr std::string_view kGemini = "AIzaSyTest-0123456789-abcdefghijklmn";
constexpr std::string_view kToken = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";

class Revocation : public VaultFixture {
 protected:
  Revocation() { make_acme(); }
  std::size_t records_left() {
    std::size_t count = 0;
    for (const auto& version : *store->list<store::KeyVersion>())
      count += version.record.empty() ? 0 : 1;
    return count;
  }
  /// In any file of the data directory.
  bool is_in_files(const ByteVector& octets) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (!file.is_regular_file()) continue;
      std::ifstream stream(file.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(stream), {}};
      if (text.find(text_of(octets)) != std::string::npos) return true;
    }
    return false;
  }
};

TEST_F(Revocation, ARevokedKeyIsRefusedAtOnceAndItsRecordsAreGone) {
  const auto key = add("gemini", kGemini);
  ASSERT_TRUE(vault->rotate_key(kOperator, key->id, secret(kGemini)));
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(key && started);
  // The durable change comes before the fence.
  fences.while_fencing = [&] {
    EXPECT_CODE(use(started->passes.at(0)), Code::Revoked);
    EXPECT_FALSE(vault->may_continue(started->session.id, key->id));
    EXPECT_EQ(records_left(), 0U);
  };
  const auto receipt = run(vault->revoke_key(kOperator, key->id));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_TRUE(receipt->is_fenced);
  EXPECT_TRUE(receipt->is_withdrawn);
  const auto refused = use(started->passes.at(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "key_revoked");
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "revoked");
  EXPECT_CODE(vault->rotate_key(kOperator, key->id, secret(kGemini)), Code::Revoked);
  EXPECT_CODE(vault->open_for_check(kOperator, key->id), Code::Revoked);
  EXPECT_CODE(start("alice", {"gemini"}), Code::NotFound);
  reopen();
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "revoked");
  EXPECT_FALSE(use(started->passes.at(0)));
}

TEST_F(Revocation, RevokeWinsAgainstWhatHappensMeanwhile) {
  const auto key = add("gemini", kGemini);
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(key && started);
  fences.while_fencing = [&] {
    EXPECT_CODE(vault->rotate_key(kOperator, key->id, secret(kGemini)), Code::Revoked);
    EXPECT_TRUE(vault->note_verdict(key->id, 1, true, 200));
    EXPECT_CODE(start("alice", {"gemini"}), Code::NotFound);
  };
  ASSERT_TRUE(run(vault->revoke_key(kOperator, key->id)));
  EXPECT_EQ(vault->show_key(kOperator, key->id)->state, "revoked");
  // Again: fenced again, another receipt, nothing undone.
  EXPECT_TRUE(run(vault->revoke_key(kOperator, key->id)));
  EXPECT_EQ(fences.fenced.size(), 2U);
  EXPECT_CODE(run(vault->revoke_key(kOperator, KeyId(IdBytes{3}))), Code::NotFound);
}

/// A vault that has just started does not know its runners yet: it must not say that what they hold
/// is withdrawn.
TEST_F(Revocation, AnOpenSessionWithoutItsRunnerIsNotWithdrawn) {
  const auto key = add("github", kToken, "alice");
  ASSERT_TRUE(key);
  ASSERT_TRUE(start("alice", {"github"}));
  fences.has_runners = false;
  const auto receipt = run(vault->revoke_key(kOperator, key->id));
  ASSERT_TRUE(receipt);
  EXPECT_FALSE(receipt->is_withdrawn);
  EXPECT_NE(receipt->document.find("whose runner is not connected"), std::string::npos);
}

/// It is here when the receipt is written, and was not when the fences went up: nobody has asked
/// it.
TEST_F(Revocation, ARunnerThatComesBackMeanwhileIsNotTakenAtItsWord) {
  const auto key = add("github", kToken, "alice");
  ASSERT_TRUE(key);
  const auto ended = start("alice", {"github"});
  const auto started = start("alice", {"github"});
  ASSERT_TRUE(ended && started);
  fences.has_runners = false;
  fences.while_fencing = [&] { fences.has_runners = true; };
  const auto end = run(vault->end_session(kOperator, ended->session.id, "ended by operator"));
  ASSERT_TRUE(end);
  EXPECT_FALSE(end->is_withdrawn);
  const auto receipt = run(vault->revoke_key(kOperator, key->id));
  ASSERT_TRUE(receipt);
  EXPECT_FALSE(receipt->is_withdrawn);
}

/// A runner that has said what became of its processes may be gone when the receipt is written.
TEST_F(Revocation, ARunnerThatHasSpokenMayLeave) {
  const auto key = add("github", kToken, "alice");
  ASSERT_TRUE(key);
  const auto started = start("alice", {"github"});
  ASSERT_TRUE(started);
  fences.has_runners = false;
  fences.speaker = SessionId(IdBytes{9});
  EXPECT_FALSE(run(vault->revoke_key(kOperator, key->id))->is_withdrawn);
  fences.speaker = started->session.id;
  EXPECT_TRUE(run(vault->revoke_key(kOperator, key->id))->is_withdrawn);
}

/// Nobody has said what became of its processes.
TEST_F(Revocation, TheEndOfASessionWhoseRunnerWasLostWithdrawsNothing) {
  ASSERT_TRUE(add("github", kToken, "alice"));
  ASSERT_TRUE(add("gemini", kGemini));
  const auto injected = start("alice", {"github"});
  const auto proxied = start("alice", {"gemini"});
  const auto ended = start("alice", {"github"});
  ASSERT_TRUE(injected && proxied && ended);
  const auto lost =
      run(vault->end_session(Actor::installation("vault"), injected->session.id, "runner lost"));
  ASSERT_TRUE(lost);
  EXPECT_FALSE(lost->is_withdrawn);
  EXPECT_NE(lost->document.find("whose runner was lost at"), std::string::npos);
  EXPECT_TRUE(
      run(vault->end_session(Actor::installation("vault"), proxied->session.id, "runner lost"))
          ->is_withdrawn);
  EXPECT_TRUE(run(vault->end_session(Actor::installation("vault"), ended->session.id, "finished"))
                  ->is_withdrawn);
}

/// As after a restart of the vault, before its runners have come back.
TEST_F(Revocation, TheEndOfASessionWithoutItsRunnerWithdrawsNothing) {
  ASSERT_TRUE(add("github", kToken, "alice"));
  const auto asked = start("alice", {"github"});
  const auto finished = start("alice", {"github"});
  const auto spoken = start("alice", {"github"});
  ASSERT_TRUE(asked && finished && spoken);
  fences.has_runners = false;
  const auto away = run(vault->end_session(kOperator, asked->session.id, "ended by operator"));
  ASSERT_TRUE(away);
  EXPECT_FALSE(away->is_withdrawn);
  EXPECT_NE(away->document.find("whose runner is not connected"), std::string::npos);
  EXPECT_TRUE(
      run(vault->end_session(Actor::installation("vault"), finished->session.id, "finished"))
          ->is_withdrawn);
  fences.speaker = spoken->session.id;
  EXPECT_TRUE(run(vault->end_session(kOperator, spoken->session.id, "asked"))->is_withdrawn);
}

EndReport report(std::vector<ExposedProcess> processes) {
  return {"supervisor 7", std::move(processes)};
}

/// After a restart of the vault: its word comes before anything else is heard of the session.
TEST_F(Revocation, WhatASupervisorSaysOfAnOpenSessionEndsItWithdrawn) {
  const auto key = add("github", kToken, "alice");
  const auto started = start("alice", {"github"});
  ASSERT_TRUE(key && started);
  fences.has_runners = false;
  const auto receipt =
      run(vault->settle_supervised(started->session.id, report({{42, "strongroom-init", true}})));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_TRUE(receipt->is_withdrawn);
  EXPECT_NE(receipt->document.find("supervisor 7"), std::string::npos);
  EXPECT_TRUE(verify_receipt(receipt->document, vault->receipt_public_key()));
  EXPECT_EQ(vault->show_session(kOperator, started->session.id)->ended_why, "runner lost");
  EXPECT_TRUE(run(vault->revoke_key(kOperator, key->id))->is_withdrawn);
  // Said again, it is the same.
  const auto again = run(vault->settle_supervised(started->session.id, report({})));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, receipt->id);
}

TEST_F(Revocation, WhatASupervisorSaysLateCompletesTheReceipt) {
  const auto key = add("github", kToken, "alice");
  const auto started = start("alice", {"github"});
  ASSERT_TRUE(key && started);
  const auto id = started->session.id;
  const auto first = run(vault->end_session(Actor::installation("vault"), id, "runner lost"));
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->is_withdrawn);
  const auto stuck = run(vault->settle_supervised(id, report({{43, "sleep", false}})));
  ASSERT_TRUE(stuck);
  EXPECT_EQ(stuck->id, first->id) << "nothing better is known";
  EXPECT_FALSE(run(vault->revoke_key(kOperator, key->id))->is_withdrawn);
  clock.advance(std::chrono::seconds(1));
  const auto completed = run(vault->settle_supervised(id, report({{43, "sleep", true}})));
  ASSERT_TRUE(completed);
  EXPECT_TRUE(completed->is_withdrawn);
  const auto verified = verify_receipt(completed->document, vault->receipt_public_key());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->at("completes").as_string(), first->id.text());
  EXPECT_EQ(verified->at("r2").at("reported_by").as_array().size(), 1U);
  EXPECT_TRUE(run(vault->revoke_key(kOperator, key->id))->is_withdrawn);
  EXPECT_EQ(run(vault->end_session(kOperator, id, "again"))->id, completed->id);
}

TEST_F(Revocation, ASupervisorsCredentialIsOfItsSessionAlone) {
  ASSERT_TRUE(add("github", kToken, "alice"));
  const auto one = start("alice", {"github"});
  const auto other = start("alice", {"github"});
  ASSERT_TRUE(one && other);
  const auto hash = [&](const auto& session) {
    return crypto::sha256(bytes_of(vault->report_credential(session->session.id)));
  };
  EXPECT_TRUE(vault->check_report_credential(one->session.id, hash(one)));
  EXPECT_CODE(vault->check_report_credential(one->session.id, hash(other)), Code::Unauthorized);
  EXPECT_CODE(vault->check_report_credential(one->session.id, {}), Code::Unauthorized);
}

TEST_F(Revocation, TheReceiptIsSignedAndSaysWhatHolds) {
  const auto key = add("github", kToken, "alice");
  ASSERT_TRUE(key);
  fences.processes = {{77, "psql", true}, {78, "sh", false}};
  const auto receipt = run(vault->revoke_key(kOperator, key->id));
  ASSERT_TRUE(receipt);
  EXPECT_FALSE(receipt->is_withdrawn);
  const auto verified = verify_receipt(receipt->document, vault->receipt_public_key());
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->at("subject").at("id").as_string(), key->id.text());
  EXPECT_TRUE(verified->at("r1").at("holds").as_bool());
  EXPECT_EQ(verified->at("r1").at("holders").as_array().size(), 1U);
  EXPECT_FALSE(verified->at("r2").at("holds").as_bool());
  EXPECT_EQ(verified->at("r2").at("processes").as_array().at(1).at("state").as_string(),
            "still_exposed");
  EXPECT_FALSE(verified->at("r3").at("holds").as_bool());
  EXPECT_FALSE(verified->at("r4").at("holds").as_bool());
  EXPECT_EQ(*vault->show_receipt(kOperator, receipt->id), receipt->document);
  EXPECT_EQ(vault->list_receipts(kOperator)->size(), 1U);
  EXPECT_EQ(receipt->document.find(kToken), std::string::npos);

  std::string changed = receipt->document;
  changed.replace(changed.find("still_exposed"), 13, "dead_________");
  EXPECT_CODE(verify_receipt(changed, vault->receipt_public_key()), Code::Tampered);
  const auto other = crypto::public_key_of(crypto::generate_signing_key());
  EXPECT_CODE(verify_receipt(receipt->document, to_base64(other)), Code::Tampered);
  EXPECT_CODE(verify_receipt("{}", vault->receipt_public_key()), Code::Tampered);
  EXPECT_CODE(verify_receipt("", vault->receipt_public_key()), Code::Tampered);
}

/// "No longer holds the key" is meant of the files, not of the rows alone.
TEST_F(Revocation, NoFileHoldsTheSealedRecordOfWhatWasRotatedOrRevoked) {
  const auto key = add("gemini", kGemini);
  ASSERT_TRUE(key);
  const auto sealed = [&](std::size_t version) {
    return store->list<store::KeyVersion>()->at(version).record;
  };
  const ByteVector first = sealed(0);
  EXPECT_TRUE(is_in_files(first));
  ASSERT_TRUE(vault->rotate_key(kOperator, key->id, secret(kGemini)));
  EXPECT_FALSE(is_in_files(first));
  const ByteVector second = sealed(1);
  EXPECT_TRUE(is_in_files(second));
  const auto receipt = run(vault->revoke_key(kOperator, key->id));
  ASSERT_TRUE(receipt);
  EXPECT_NE(receipt->document.find("no longer holds the key"), std::string::npos);
  EXPECT_FALSE(is_in_files(second));
}

/// A signed sentence that is not true would be worse than none.
TEST_F(Revocation, TheReceiptOfASessionsEndSaysNothingOfKeysThatAreGone) {
  ASSERT_TRUE(add("gemini", kGemini));
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(started);
  const auto receipt = run(vault->end_session(kOperator, started->session.id, "finished"));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(records_left(), 1U);
  EXPECT_NE(receipt->document.find("the keys are still stored"), std::string::npos);
  EXPECT_EQ(receipt->document.find("no longer holds the key"), std::string::npos);
  EXPECT_EQ(receipt->document.find("in its own console"), std::string::npos);
}

TEST_F(Revocation, ASessionWhoseRunnerWasLostIsNamed) {
  const auto key = add("github", kToken, "alice");
  const auto started = start("alice", {"github"});
  ASSERT_TRUE(key && started);
  ASSERT_TRUE(
      run(vault->end_session(Actor::installation("vault"), started->session.id, "runner lost")));
  const auto receipt = run(vault->revoke_key(kOperator, key->id));
  ASSERT_TRUE(receipt);
  EXPECT_FALSE(receipt->is_withdrawn);
  EXPECT_NE(receipt->document.find(started->session.id.text()), std::string::npos);
}

TEST_F(Revocation, RemovingAMemberEndsWhatIsTheirsAndNothingElse) {
  const auto own = add("gemini", kGemini, "alice");
  const auto shared = add("openai", "sk-0123456789012345678901234567890123456789");
  const auto alice = start("alice", {"gemini", "openai"});
  const auto bob = start("bob", {"openai"});
  ASSERT_TRUE(own && shared && alice && bob);
  const auto receipt = run(vault->remove_member(kOperator, "acme", "alice"));
  ASSERT_TRUE(receipt);
  EXPECT_EQ(fences.fenced.size(), 2U);  // her session and her key
  EXPECT_EQ(fences.reasons.front(), "member_removed");
  EXPECT_EQ(vault->show_key(kOperator, own->id)->state, "revoked");
  EXPECT_EQ(vault->show_key(kOperator, shared->id)->state, "active");
  EXPECT_EQ(vault->show_session(kOperator, alice->session.id)->state, "ended");
  EXPECT_FALSE(use(alice->passes.at(0)));
  EXPECT_FALSE(use(alice->passes.at(1)));
  EXPECT_TRUE(use(bob->passes.at(0)));
  EXPECT_CODE(start("alice", {"openai"}), Code::NotFound);
  EXPECT_CODE(run(vault->remove_member(kOperator, "acme", "alice")), Code::NotFound);
  EXPECT_TRUE(vault->add_member(kOperator, "acme", "alice", "member"));  // another alice
  EXPECT_CODE(start("alice", {"gemini"}), Code::NotFound);
}

TEST_F(Revocation, RemovingATenantShredsIt) {
  ASSERT_TRUE(add("gemini", kGemini));
  const auto started = start("alice", {"gemini"});
  ASSERT_TRUE(started);
  const auto receipt = run(vault->remove_tenant(kOperator, "acme"));
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_FALSE(use(started->passes.at(0)));
  EXPECT_EQ(records_left(), 0U);
  for (const auto& tenant : *store->list<store::Tenant>()) EXPECT_TRUE(tenant.wrapped_key.empty());
  for (const auto& epoch : *store->list<store::Epoch>()) EXPECT_TRUE(epoch.wrapped_seed.empty());
  EXPECT_CODE(vault->list_keys(kOperator, "acme"), Code::NotFound);
  EXPECT_TRUE(vault->list_tenants(kOperator)->empty());
  EXPECT_TRUE(vault->add_tenant(kOperator, "acme"));
  EXPECT_TRUE(vault->list_keys(kOperator, "acme")->empty());
  reopen();
  EXPECT_EQ(vault->list_tenants(kOperator)->size(), 1U);
}

TEST_F(Revocation, TheRecordTellsWhenItBeganAndWhenItWasDone) {
  const auto key = add("gemini", kGemini);
  ASSERT_TRUE(run(vault->revoke_key(kOperator, key->id)));
  const auto all = actions();
  ASSERT_GE(all.size(), 2U);
  EXPECT_EQ(all[all.size() - 2], "key.revoke begun");
  EXPECT_EQ(all[all.size() - 1], "key.revoke done");
}

}  // namespace
}  // namespace strongroom::vault
