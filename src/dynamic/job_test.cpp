// SPDX-License-Identifier: Apache-2.0
#include "dynamic/job.h"

#include <gtest/gtest.h>

namespace strongroom::dynamic {
namespace {

Job some_job() {
  Job job;
  job.action = Action::Destroy;
  job.source = Source::Mysql;
  job.settings = {{"host", "db.example.com"}, {"port", "3306"}};
  job.name = "strongroom_0123456789abcdef";
  job.verifier = "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19";
  job.reference = "k123";
  job.created = from_micros(1'764'284'400'000'000);
  job.expires = from_micros(1'764'288'000'000'000);
  job.neighbours = {{"strongroom-aa", job.created}, {"strongroom-bb", job.expires}};
  job.authority = "api.example.com:443";
  job.dial = "127.0.0.1:9443";
  job.trusted_pem = "-----BEGIN CERTIFICATE-----\n";
  job.credential = Secret(bytes_of("the administrator's password"));
  return job;
}

TEST(Job, comes_out_as_it_went_in) {
  const auto octets = encode(some_job());
  ASSERT_TRUE(octets);
  const auto job = octets->reveal([](ByteView all) { return decode_job(all); });
  ASSERT_TRUE(job);
  EXPECT_EQ(job->action, Action::Destroy);
  EXPECT_EQ(job->source, Source::Mysql);
  EXPECT_EQ(job->setting("port"), "3306");
  EXPECT_EQ(job->setting("sslmode"), "");
  EXPECT_EQ(job->name, some_job().name);
  EXPECT_EQ(job->verifier, some_job().verifier);
  EXPECT_EQ(job->reference, "k123");
  EXPECT_EQ(job->created, some_job().created);
  EXPECT_EQ(job->expires, some_job().expires);
  ASSERT_EQ(job->neighbours.size(), 2U);
  EXPECT_EQ(job->neighbours[1].name, "strongroom-bb");
  EXPECT_EQ(job->neighbours[1].created, some_job().expires);
  EXPECT_EQ(job->authority, "api.example.com:443");
  EXPECT_EQ(job->dial, "127.0.0.1:9443");
  EXPECT_EQ(job->trusted_pem, some_job().trusted_pem);
  job->credential.reveal(
      [](ByteView plain) { EXPECT_EQ(text_of(plain), "the administrator's password"); });
}

TEST(Job, cut_short_is_none) {
  const auto octets = encode(some_job());
  ASSERT_TRUE(octets);
  octets->reveal([](ByteView all) {
    for (std::size_t size = 0; size < all.size(); ++size)
      EXPECT_FALSE(decode_job(all.first(size))) << size;
  });
}

TEST(Job, too_long_is_refused) {
  Job job = some_job();
  job.trusted_pem.assign(kMaxJob, 'x');
  EXPECT_EQ(encode(job).error().code, Code::TooLarge);
}

Result<Outcome> there_and_back(const Outcome& outcome) {
  return encode(outcome).reveal([](ByteView all) { return decode_outcome(all); });
}

Outcome failure(Code code, std::string why) {
  return {true, code, std::move(why), {}, {}};
}

TEST(Outcome, comes_out_as_it_went_in) {
  const auto refused = there_and_back({false, Code::Refused, "no, said the server", {}, {}});
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->may_exist);
  EXPECT_EQ(refused->code, Code::Refused);
  EXPECT_EQ(refused->error, "no, said the server");
  EXPECT_TRUE(refused->value.is_empty());
  const auto made = there_and_back({true, {}, {}, "k123", Secret(bytes_of("the session's key"))});
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->error.empty());
  EXPECT_EQ(made->reference, "k123");
  made->value.reveal([](ByteView plain) { EXPECT_EQ(text_of(plain), "the session's key"); });
}

TEST(Outcome, of_an_issuer_that_a_source_took_over_is_not_believed) {
  EXPECT_FALSE(decode_outcome({}));
  EXPECT_FALSE(there_and_back(failure(static_cast<Code>(200), "x")));
  EXPECT_FALSE(there_and_back(failure(Code::Refused, "a line\nof the log")));
  EXPECT_FALSE(there_and_back(failure(Code::Refused, "\xff")));
  EXPECT_FALSE(there_and_back({true, {}, {}, "a\nreference", {}}));
  encode(failure(Code::Refused, "some words")).reveal([](ByteView all) {
    for (std::size_t size = 0; size < all.size(); ++size)
      EXPECT_FALSE(decode_outcome(all.first(size))) << size;
  });
}

TEST(Template, has_three_parameters_and_no_other) {
  const Parameters parameters{"\"r\"", "'p'", "'e'"};
  EXPECT_EQ(fill_template("GRANT x TO {{role}} {{password}}{{expires}};", parameters),
            "GRANT x TO \"r\" 'p''e';");
  EXPECT_EQ(fill_template("", parameters), "");
  for (const auto* wrong : {"{{user}}", "{{role", "{{}}", "{{ role }}", "{{{role}}}"})
    EXPECT_FALSE(fill_template(wrong, parameters)) << wrong;
}

}  // namespace
}  // namespace strongroom::dynamic
