// SPDX-License-Identifier: Apache-2.0
#include "lease/messages.h"

#include <gtest/gtest.h>

#include <random>

#include "base/encoding.h"

namespace strongroom::lease {
namespace {

template <class AnyId>
AnyId id_of(std::uint8_t fill) {
  IdBytes bytes;
  bytes.fill(fill);
  return AnyId(bytes);
}

GrantedLease sample_lease() {
  GrantedLease lease;
  lease.lease = id_of<LeaseId>(1);
  lease.tenant = id_of<TenantId>(2);
  lease.member = id_of<MemberId>(3);
  lease.session = id_of<SessionId>(4);
  lease.grant = id_of<GrantId>(5);
  lease.key = id_of<KeyId>(6);
  lease.key_version = 7;
  lease.service = "gemini";
  lease.label = "default";
  lease.settings = {{"host", "api.example.com"}, {"port", "443"}};
  lease.key_is_rejected = true;
  GrantedPolicy policy;
  policy.id = id_of<PolicyId>(10);
  policy.scope = PolicyScope::Service;
  policy.policy.allow = {{{"GET", "POST"}, "/v1/**"}};
  policy.policy.deny = {{{}, "/v1/keys"}, {{"WS"}, "/ws/*"}};
  policy.policy.open = {{{"GET"}, "/v1/link"}};
  policy.policy.on_echo = catalog::OnEcho::Cut;
  policy.policy.on_misplaced = catalog::OnMisplaced::Mask;
  policy.policy.requests_per_minute = 60;
  policy.policy.concurrent = 4;
  policy.policy.bytes_per_day = 1'000'000;
  policy.policy.budget = {"tokens", 5000};
  policy.by_others = {20'000, 10, 20};
  lease.policies.push_back(policy);
  lease.passes = {{"AIza", PassHash{1}}, {"srx_", PassHash{2}}};
  lease.value = Secret(bytes_of("AIza-not-a-real-key"));
  return lease;
}

std::vector<Message> samples() {
  std::vector<Message> all;
  all.emplace_back(
      HolderHello{kProtocol, HolderRole::Runner, 42, "runner on host x", id_of<SessionId>(9), 43});
  VaultHello hello;
  hello.holder = id_of<HolderId>(8);
  hello.catalog_sources = {{"gemini.toml", "id = \"gemini\"\n"}, {"x.toml", ""}};
  hello.extra_ca_pem = "PEM";
  hello.dials = {{"api.example.com:443", "127.0.0.1:9443"}};
  hello.certificate_chain_pem = "CHAIN";
  hello.certificate_private_key_pem = Secret(bytes_of("PRIVATE"));
  hello.link_key = Secret(bytes_of("0123456789abcdef0123456789abcdef"));
  hello.tenant_exchanges = 100;
  hello.console_url = "http://127.0.0.1:8700/";
  hello.plain_http = PlainHttp::FromAnywhere;
  hello.upstream_proxy = {"proxy.example", 3128, Secret(bytes_of("dXNlcjpwYXNz")), {".example"}};
  hello.report_credential = "srs_credential";
  all.emplace_back(std::move(hello));
  all.emplace_back(Acquire{1, PassHash{1, 2, 3}, "gemini"});
  all.emplace_back(AcquireSession{2, id_of<SessionId>(4)});
  all.emplace_back(Granted{3, sample_lease()});
  all.emplace_back(AllGranted{4});
  all.emplace_back(
      Denied{5, Code::Revoked, "key_revoked", "This key was revoked.", id_of<SessionId>(4)});
  all.emplace_back(Renew{6, {id_of<LeaseId>(1), id_of<LeaseId>(2)}});
  all.emplace_back(Renewed{7, {id_of<LeaseId>(1)}});
  all.emplace_back(Release{{}});
  all.emplace_back(
      Fence{8, FenceKind::Session, id_of<SessionId>(4).bytes(), "session_ended", 2000});
  all.emplace_back(FenceDone{9, 3, {{77, "psql", true}, {78, "sh", false}}});
  all.emplace_back(Refresh{id_of<KeyId>(6), 14});
  all.emplace_back(Intents{{{10, id_of<LeaseId>(1), "api.example.com", "POST", "/v1/x"}}});
  all.emplace_back(IntentsDurable{11});
  all.emplace_back(Settled{{{10, 200, 1, 2, 3, UseOutcome::ClientLeft, "tokens", 12}}});
  all.emplace_back(
      Finding{id_of<SessionId>(4), "gemini", "denied_path", "api.example.com", "/v1/keys"});
  all.emplace_back(Observed{id_of<KeyId>(6), 7, Verdict::Rejected, 401});
  all.emplace_back(CheckKey{12, sample_lease()});
  all.emplace_back(CheckDone{13, Verdict::Accepted, 200, "fine"});
  all.emplace_back(Drain{10'000});
  all.emplace_back(SessionOver{id_of<SessionId>(4), -9});
  all.emplace_back(SpentByOthers{{{id_of<PolicyId>(10), {20'000, 10, 20}}}});
  all.emplace_back(Refusals{{{"rate_limited", 3}, {"denied_path", 1}}});
  all.emplace_back(ServerCertificate{"CHAIN", Secret(bytes_of("PRIVATE"))});
  all.emplace_back(SessionActive{id_of<SessionId>(4)});
  all.emplace_back(RefreshDone{14});
  all.emplace_back(IntentsRefused{{10, 12}});
  return all;
}

ByteVector encoded(const Message& message) {
  ByteVector out;
  encode(message, out);
  return out;
}

TEST(Messages, EveryTypeSurvivesTheRoundTrip) {
  const auto all = samples();
  ASSERT_EQ(all.size(), std::variant_size_v<Message>);
  for (std::size_t type = 0; type < all.size(); ++type) {
    ASSERT_EQ(all[type].index(), type);
    const auto frame = encoded(all[type]);
    Reader reader(frame);
    ASSERT_EQ(reader.u32(), frame.size() - 4);
    const auto back = decode(ByteView(frame).subspan(4));
    ASSERT_TRUE(back) << "type " << type;
    EXPECT_EQ(back->index(), type);
    EXPECT_EQ(encoded(*back), frame) << "type " << type;
  }
}

TEST(Messages, TheValueArrives) {
  const auto frame = encoded(Granted{3, sample_lease()});
  const auto back = decode(ByteView(frame).subspan(4));
  ASSERT_TRUE(back);
  const auto& lease = std::get<Granted>(*back).lease;
  EXPECT_TRUE(lease.value.equals(Secret(bytes_of("AIza-not-a-real-key"))));
  EXPECT_EQ(lease.settings.at(1).second, "443");
  EXPECT_TRUE(lease.key_is_rejected);
  const auto wanted = sample_lease();
  ASSERT_EQ(lease.policies.size(), 1U);
  EXPECT_EQ(lease.policies[0].policy, wanted.policies[0].policy);
  EXPECT_EQ(lease.policies[0].scope, PolicyScope::Service);
  EXPECT_EQ(lease.policies[0].by_others.units, 20U);
  ASSERT_EQ(lease.passes.size(), 2U);
  EXPECT_EQ(lease.passes[1].prefix, "srx_");
  EXPECT_EQ(lease.passes[1].hash, PassHash{2});
}

TEST(Messages, N4_rules_that_nobody_could_have_set_are_refused) {
  const auto frame = encoded(Granted{3, sample_lease()});
  const std::string_view rule = "GET,POST /v1/**";
  const auto at = text_of(frame).find(rule);
  ASSERT_NE(at, std::string_view::npos);
  for (const std::string_view wrong :
       {"GET,post /v1/**", "GET,POST  v1/**", "GET,POST /v1**/", "GET,POST /v1/.."}) {
    ASSERT_EQ(wrong.size(), rule.size());
    ByteVector changed(frame.begin() + 4, frame.end());
    std::ranges::copy(bytes_of(wrong), changed.begin() + static_cast<std::ptrdiff_t>(at - 4));
    EXPECT_FALSE(decode(changed)) << wrong;
  }
  auto lease = sample_lease();
  lease.policies.resize(4, lease.policies[0]);
  const auto many = encoded(Granted{3, std::move(lease)});
  EXPECT_FALSE(decode(ByteView(many).subspan(4)));
}

TEST(Messages, AShortOrLongFrameIsRefused) {
  for (const auto& message : samples()) {
    const auto frame = encoded(message);
    const ByteView body = ByteView(frame).subspan(4);
    for (std::size_t size = 0; size < body.size(); ++size) {
      const auto answer = decode(body.first(size));
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().code, Code::Protocol);
    }
    ByteVector longer(body.begin(), body.end());
    longer.push_back(0);
    EXPECT_FALSE(decode(longer));
  }
}

TEST(Messages, UnknownTypesAndValuesAreRefused) {
  EXPECT_FALSE(decode({}));
  EXPECT_FALSE(decode(ByteVector{0}));
  EXPECT_FALSE(decode(ByteVector{static_cast<std::uint8_t>(std::variant_size_v<Message> + 1)}));
  EXPECT_FALSE(decode(ByteVector(kMaxFrame + 1, 1)));
  auto frame = encoded(Observed{id_of<KeyId>(6), 7, Verdict::Rejected, 401});
  frame[4 + 1 + 16 + 4] = 9;  // no such verdict
  EXPECT_FALSE(decode(ByteView(frame).subspan(4)));
  frame = encoded(Renew{6, {id_of<LeaseId>(1)}});
  frame[4 + 1 + 8] = 0xff;  // a count that the frame cannot hold
  EXPECT_FALSE(decode(ByteView(frame).subspan(4)));
}

TEST(Messages, FlippedBitsNeverCrashAndWhatIsAcceptedIsCanonical) {
  std::mt19937 generator(1);  // NOLINT: a fixed seed on purpose
  for (const auto& message : samples()) {
    const auto frame = encoded(message);
    for (int round = 0; round < 200; ++round) {
      ByteVector body(frame.begin() + 4, frame.end());
      body[generator() % body.size()] ^= static_cast<std::uint8_t>(1U << (generator() % 8));
      const auto back = decode(body);
      if (!back) continue;
      const auto again = encoded(*back);
      EXPECT_TRUE(std::ranges::equal(ByteView(again).subspan(4), body));
    }
  }
}

TEST(Messages, BatchesAreTheSameAsMessages) {
  const UseIntent intent{10, id_of<LeaseId>(1), "api.example.com", "POST", "/v1/x"};
  ByteVector batch;
  const auto start = begin_frame(kIntentsType, batch);
  Writer(batch).u32(1);
  encode_intent(intent.sequence, intent.lease, intent.host, intent.method, intent.path, batch);
  end_frame(start, batch);
  EXPECT_EQ(batch, encoded(Intents{{intent}}));

  const UseSettled settled{10, 200, 1, 2, 3, UseOutcome::Completed, "tokens", 4};
  ByteVector settlement;
  const auto begin = begin_frame(kSettledType, settlement);
  Writer(settlement).u32(1);
  encode_settled(settled, settlement);
  end_frame(begin, settlement);
  EXPECT_EQ(settlement, encoded(Settled{{settled}}));
}

TEST(Messages, OverlongTextIsCutNotRefused) {
  const Finding finding{id_of<SessionId>(4), "gemini", "denied_path", std::string(5000, 'h'),
                        std::string(100'000, 'p')};
  const auto frame = encoded(finding);
  EXPECT_LT(frame.size(), 6000U);
  EXPECT_TRUE(decode(ByteView(frame).subspan(4)));
}

}  // namespace
}  // namespace strongroom::lease
