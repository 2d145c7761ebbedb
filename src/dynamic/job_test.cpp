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
  job.expires = from_micros(1'764'288'000'000'000);
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
  EXPECT_EQ(job->expires, some_job().expires);
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

TEST(Outcome, comes_out_as_it_went_in) {
  const auto outcome = decode_outcome(encode(Outcome{false, Code::Refused, "no, said the server"}));
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->may_exist);
  EXPECT_EQ(outcome->code, Code::Refused);
  EXPECT_EQ(outcome->error, "no, said the server");
}

TEST(Outcome, of_an_issuer_that_a_source_took_over_is_not_believed) {
  EXPECT_FALSE(decode_outcome({}));
  EXPECT_FALSE(decode_outcome(encode(Outcome{true, static_cast<Code>(200), "x"})));
  EXPECT_FALSE(decode_outcome(encode(Outcome{true, Code::Refused, "a line\nof the log"})));
  EXPECT_FALSE(decode_outcome(encode(Outcome{true, Code::Refused, "\xff"})));
  auto cut = encode(Outcome{true, Code::Refused, "some words"});
  cut.pop_back();
  EXPECT_FALSE(decode_outcome(cut));
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
