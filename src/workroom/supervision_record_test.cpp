// SPDX-License-Identifier: Apache-2.0
#include "workroom/supervision_record.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace strongroom::workroom {
namespace {

class Record : public testing::Test {
 protected:
  Record() { folder = ::mkdtemp(name); }
  ~Record() override { std::filesystem::remove_all(folder); }
  void put(const char* file, const std::string& text) const {
    std::ofstream(folder + "/" + file) << text;
  }
  char name[32] = "/tmp/record-test-XXXXXX";
  std::string folder;
};

SupervisionRecord sample() {
  return {"ses_x", place_of_processes(), "/data/control.sock", "", 0, "vault.example:8700",
          "srs_x", "strongroom-ses_x",   "/run/docker.sock"};
}

TEST_F(Record, ComesBackAsItWasWritten) {
  ASSERT_TRUE(write_record(folder, sample()));
  auto changed = sample();
  changed.server_socket.clear();
  changed.server_address = "::1";
  changed.server_port = 8700;
  ASSERT_TRUE(write_record(folder, changed)) << "anew, after the vault came back";
  SupervisionRecord read;
  ASSERT_TRUE(read_record(folder, read));
  EXPECT_EQ(read.session, "ses_x");
  EXPECT_EQ(read.place, place_of_processes());
  EXPECT_EQ(read.server_socket, "");
  EXPECT_EQ(read.server_address, "::1");
  EXPECT_EQ(read.server_port, 8700);
  EXPECT_EQ(read.server_name, "vault.example:8700");
  EXPECT_EQ(read.credential, "srs_x");
  EXPECT_EQ(read.container, "strongroom-ses_x");
  EXPECT_EQ(read.engine_socket, "/run/docker.sock");
}

TEST_F(Record, ThatIsNotWholeIsNone) {
  SupervisionRecord read;
  EXPECT_FALSE(read_record(folder, read));
  ASSERT_TRUE(write_record(folder, sample()));
  std::ifstream file(folder + "/record");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  for (std::size_t size = 0; size < text.size(); ++size) {
    put("record", text.substr(0, size));
    EXPECT_FALSE(read_record(folder, read)) << size;
  }
  put("record", text + "more\n");
  EXPECT_FALSE(read_record(folder, read));
  auto broken = sample();
  broken.server_socket = "/a\nb";
  EXPECT_FALSE(write_record(folder, broken));
}

TEST_F(Record, KnowsWhoHoldsByNumberAndStart) {
  std::vector<HoldingProcess> holding;
  ASSERT_TRUE(read_holding(folder, holding)) << "none was begun";
  EXPECT_TRUE(holding.empty());
  ASSERT_TRUE(add_holding(folder, HoldingProcess::Kind::Namespace, ::getpid()));
  ASSERT_TRUE(add_holding(folder, HoldingProcess::Kind::Single, ::getppid()));
  ASSERT_TRUE(read_holding(folder, holding));
  ASSERT_EQ(holding.size(), 2U);
  EXPECT_EQ(holding[0].kind, HoldingProcess::Kind::Namespace);
  EXPECT_EQ(holding[0].process.pid, ::getpid());
  EXPECT_TRUE(is_alive(holding[0].process));
  EXPECT_FALSE(holding[0].process.name.empty());
  EXPECT_EQ(holding[1].kind, HoldingProcess::Kind::Single);
}

TEST_F(Record, OfHoldersThatIsNotUnderstoodIsNotTakenForNone) {
  std::vector<HoldingProcess> holding;
  for (const char* wrong : {"x", "0 1 2 init\n", "0 77 2 init", "9 77 2 init\n", "0 77 x init\n",
                            "0 77 2 init\n\n", "0 99999999999 2 init\n"}) {
    put("holding", wrong);
    EXPECT_FALSE(read_holding(folder, holding)) << wrong;
  }
  std::filesystem::remove(folder + "/holding");
  std::filesystem::create_directory(folder + "/holding");
  EXPECT_FALSE(read_holding(folder, holding));
}

}  // namespace
}  // namespace strongroom::workroom
