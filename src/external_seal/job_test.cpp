// SPDX-License-Identifier: Apache-2.0
#include "external_seal/job.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace strongroom::external_seal {
namespace {

Job some_job() {
  Job job;
  job.action = Action::Open;
  job.settings.name = "hsm";
  job.settings.kind = kPkcs11;
  job.settings.values = {{"token", "strongroom"}, {"folder", "/a"}, {"folder", "/b"}};
  job.wrapped = {1, 2, 3};
  job.credential = Secret(bytes_of("1234"));
  job.count = 41;
  return job;
}

Result<Outcome> there_and_back(const Outcome& outcome, Action of = Action::Make) {
  return encode(outcome).reveal([&](ByteView all) { return decode_outcome(all, of); });
}

Outcome made() {
  Outcome outcome;
  outcome.wrapped = {9, 8};
  outcome.key = Secret(bytes_of("0123456789abcdef0123456789abcdef"));
  return outcome;
}

Outcome failure(Code code, std::string reason, std::string why) {
  Outcome outcome;
  outcome.code = code;
  outcome.reason = std::move(reason);
  outcome.error = std::move(why);
  return outcome;
}

TEST(SealJob, comes_out_as_it_went_in) {
  const auto octets = encode(some_job());
  ASSERT_TRUE(octets);
  const auto job = octets->reveal([](ByteView all) { return decode_job(all); });
  ASSERT_TRUE(job);
  EXPECT_EQ(job->action, Action::Open);
  EXPECT_EQ(job->settings.name, "hsm");
  EXPECT_EQ(job->settings.kind, kPkcs11);
  EXPECT_EQ(job->settings.value("token"), "strongroom");
  EXPECT_EQ(job->settings.value("key"), "");
  EXPECT_EQ(job->settings.all("folder"), (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(job->wrapped, (ByteVector{1, 2, 3}));
  EXPECT_EQ(job->count, 41);
  job->credential.reveal([](ByteView plain) { EXPECT_EQ(text_of(plain), "1234"); });
}

TEST(SealJob, cut_short_or_longer_is_none) {
  const auto octets = encode(some_job());
  ASSERT_TRUE(octets);
  octets->reveal([](ByteView all) {
    for (std::size_t size = 0; size < all.size(); ++size)
      EXPECT_FALSE(decode_job(all.first(size))) << size;
    ByteVector longer(all.begin(), all.end());
    longer.push_back(0);
    EXPECT_FALSE(decode_job(longer));
  });
}

TEST(SealJob, too_long_is_refused) {
  Job job = some_job();
  job.settings.values.emplace_back("ca", std::string(kMaxJob, 'x'));
  EXPECT_EQ(encode(job).error().code, Code::TooLarge);
}

TEST(SealOutcome, comes_out_as_it_went_in) {
  const auto outcome = there_and_back(made());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->wrapped, (ByteVector{9, 8}));
  EXPECT_TRUE(outcome->key.equals(made().key));
}

TEST(SealOutcome, is_of_a_counter_where_that_was_asked_and_a_key_nowhere_else) {
  Outcome counted;
  counted.count = 7;
  const auto read = there_and_back(counted, Action::RaiseCounter);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->count, 7);
  EXPECT_FALSE(there_and_back(counted, Action::Open));
  EXPECT_FALSE(there_and_back(made(), Action::ReadCounter));
  counted.count = -1;
  EXPECT_FALSE(there_and_back(counted, Action::ReadCounter));
}

TEST(SealOutcome, that_failed_is_an_error) {
  const auto outcome = there_and_back(failure(Code::Sealed, "seal_refused", "The PIN is wrong."));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, "seal_refused");
  EXPECT_EQ(outcome.error().message, "The PIN is wrong.");
}

TEST(SealOutcome, of_a_sealer_that_was_taken_over_is_not_believed) {
  EXPECT_FALSE(decode_outcome({}, Action::Make));
  const auto is_taken = [](const Outcome& outcome) {
    const auto read = there_and_back(outcome);
    return read || read.error().reason != kUnreachable;
  };
  EXPECT_FALSE(is_taken(failure(static_cast<Code>(200), "x", "y")));
  EXPECT_FALSE(is_taken(failure(Code::Sealed, "x", "a line\nof the log")));
  EXPECT_FALSE(is_taken(failure(Code::Sealed, "a\nb", "y")));
  Outcome short_key = made();
  short_key.key.shrink(16);
  EXPECT_FALSE(is_taken(short_key));
  encode(made()).reveal([](ByteView all) {
    for (std::size_t size = 0; size < all.size(); ++size)
      EXPECT_FALSE(decode_outcome(all.first(size), Action::Make)) << size;
  });
}

class SecretFile : public testing::Test {
 protected:
  SecretFile() {
    std::string name = (std::filesystem::temp_directory_path() / "strongroom-pin-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }
  ~SecretFile() override { std::filesystem::remove_all(folder); }
  Result<Secret> read(const std::string& content, mode_t mode) const {
    const std::string path = folder + "/pin";
    std::ofstream(path, std::ios::trunc) << content;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return read_secret_file(path);
  }
  std::string folder;
};

TEST_F(SecretFile, is_read_without_the_end_of_its_line) {
  for (const auto* content : {"1234", "1234\n", "1234\r\n"}) {
    const auto pin = read(content, 0600);
    ASSERT_TRUE(pin) << pin.error().message;
    pin->reveal([](ByteView plain) { EXPECT_EQ(text_of(plain), "1234"); });
  }
}

TEST_F(SecretFile, that_others_may_read_or_that_holds_nothing_is_refused) {
  EXPECT_EQ(read("1234", 0644).error().reason, kRefused);
  EXPECT_EQ(read("1234", 0640).error().reason, kRefused);
  EXPECT_EQ(read("\n", 0600).error().reason, kRefused);
  EXPECT_EQ(read(std::string(kMaxSecretFile + 1, 'x'), 0600).error().reason, kRefused);
  EXPECT_EQ(read_secret_file(folder + "/none").error().reason, kRefused);
  EXPECT_EQ(read_secret_file(folder).error().reason, kRefused);
}

}  // namespace
}  // namespace strongroom::external_seal
