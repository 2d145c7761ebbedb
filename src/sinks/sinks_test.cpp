// Destinations, cursors and messages. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sinks/cursor.h"
#include "sinks/settings.h"
#include "sinks/syslog_message.h"

namespace strongroom::sinks {
namespace {

TEST(Destination, has_a_carrier_a_place_and_the_usual_port) {
  const auto https = parse_destination("https://logs.example.com/in?x=1");
  ASSERT_TRUE(https);
  EXPECT_EQ(https->carrier, Carrier::Https);
  EXPECT_EQ(https->host, "logs.example.com");
  EXPECT_EQ(https->port, 443);
  EXPECT_EQ(https->path, "/in?x=1");
  EXPECT_EQ(parse_destination("https://logs.example.com")->path, "/");
  EXPECT_EQ(parse_destination("syslog+tls://[2001:db8::1]")->port, 6514);
  EXPECT_EQ(parse_destination("syslog+tls://[2001:db8::1]:7")->port, 7);
  EXPECT_EQ(parse_destination("syslog+udp://h")->port, 514);
  EXPECT_EQ(parse_destination("syslog+tcp://h")->port, 601);
  EXPECT_EQ(parse_destination("syslog+unix:///dev/log")->path, "/dev/log");
}

TEST(Destination, is_refused_where_it_says_more_or_less) {
  for (const char* each :
       {"", "http://h/x", "https://", "https://u:p@h/x", "https://h/x#y", "https://h/x y",
        "syslog+udp://h/x", "syslog+unix://h/dev/log", "syslog+unix:///", "https://h:0x/",
        "https://h:99999/", "https://h\r\nX: y/"})
    EXPECT_FALSE(parse_destination(each)) << each;
}

class CursorTest : public ::testing::Test {
 protected:
  CursorTest() {
    std::string pattern = ::testing::TempDir() + "cursorXXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~CursorTest() override { std::filesystem::remove_all(folder); }
  std::string folder;
};

TEST_F(CursorTest, comes_back_as_it_was_and_no_octet_of_it_may_change) {
  const CursorFile file(folder + "/a.cursor");
  ASSERT_TRUE(file.load());
  EXPECT_FALSE(file.load()->has_value());
  Cursor cursor;
  cursor.sent = {7, 1, 4711, crypto::sha256(ByteView{})};
  cursor.sending = 9;
  ASSERT_TRUE(file.save(cursor, CursorFile::Reach::SurvivesPowerLoss));
  const auto kept = file.load();
  ASSERT_TRUE(kept && *kept);
  EXPECT_EQ((*kept)->sent.entries, 7U);
  EXPECT_EQ((*kept)->sent.segment, 1U);
  EXPECT_EQ((*kept)->sent.offset, 4711U);
  EXPECT_EQ((*kept)->sent.head, cursor.sent.head);
  EXPECT_EQ((*kept)->sending, 9U);
  std::ifstream in(folder + "/a.cursor", std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t i = 0; i <= good.size(); ++i) {
    std::string bad = good;
    if (i < good.size())
      bad[i] = static_cast<char>(bad[i] ^ 1);
    else
      bad.pop_back();
    std::ofstream(folder + "/a.cursor", std::ios::binary) << bad;
    EXPECT_FALSE(file.load()) << i;
  }
}

TEST(SyslogMessage, is_one_line_whatever_an_agent_wrote) {
  audit::Entry entry;
  entry.sequence = 5;
  entry.time = from_micros(1'790'000'000'000'000);
  audit::Finding finding;
  finding.service = "gemini";
  finding.what = "denied_path";
  finding.path = "/a\n<110>1 - forged\x01\xff";
  entry.content = finding;
  const std::string message = syslog_message({10, "a b"}, 4, entry);
  EXPECT_TRUE(message.starts_with("<84>1 2026-")) << message;
  EXPECT_NE(message.find("Z - strongroom - finding [meta sequenceId=\"5\"]["), std::string::npos);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_NE(message.find("%FF"), std::string::npos) << "JSON is UTF-8";
}

}  // namespace
}  // namespace strongroom::sinks
