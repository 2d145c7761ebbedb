// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/replaced_file.h"
#include "base/secret_file.h"

namespace strongroom {
namespace {

class Files : public testing::Test {
 protected:
  Files() {
    std::string name = (std::filesystem::temp_directory_path() / "strongroom-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    path = folder + "/file";
  }
  ~Files() override { std::filesystem::remove_all(folder); }

  static void put(const std::string& where, const std::string& content, mode_t mode) {
    std::ofstream(where, std::ios::trunc) << content;
    EXPECT_EQ(::chmod(where.c_str(), mode), 0);
  }
  static std::string content_of(const std::string& where) {
    std::ifstream file(where);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static unsigned mode_of(const std::string& where) {
    struct stat info{};
    EXPECT_EQ(::lstat(where.c_str(), &info), 0);
    return info.st_mode & 0777U;
  }
  [[nodiscard]] Result<Secret> read(bool may_be_link = false) const {
    return read_secret_file(path,
                            {.most = 8, .owner = FileOwner::Self, .may_be_link = may_be_link});
  }
  std::string folder;
  std::string path;
};

TEST_F(Files, one_is_replaced_as_a_whole_with_the_mode_that_is_said) {
  for (const auto outlives : {Outlives::Process, Outlives::PowerLoss, Outlives::PowerLossAtOnce}) {
    put(path, "the one before, which is longer", 0644);
    ASSERT_TRUE(replace_file(path, bytes_of("after"), 0600, outlives));
    EXPECT_EQ(content_of(path), "after");
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  }
}

TEST_F(Files, what_lies_beside_from_before_is_not_written_to) {
  put(folder + "/elsewhere", "mine", 0600);
  std::filesystem::create_symlink(folder + "/elsewhere", path + ".new");
  ASSERT_TRUE(replace_file(path, bytes_of("after"), 0600, Outlives::PowerLoss));
  EXPECT_EQ(content_of(folder + "/elsewhere"), "mine");
  EXPECT_EQ(content_of(path), "after");

  put(path + ".new", "left over", 0644);
  const std::ifstream opened(path + ".new");
  ASSERT_TRUE(replace_file(path, bytes_of("again"), 0600, Outlives::PowerLoss));
  std::stringstream seen;
  seen << opened.rdbuf();
  EXPECT_EQ(seen.str(), "left over");
}

TEST_F(Files, one_that_cannot_be_replaced_stays_and_nothing_is_left_beside_it) {
  std::filesystem::create_directory(path);
  EXPECT_FALSE(replace_file(path, bytes_of("after"), 0600, Outlives::PowerLoss));
  EXPECT_EQ(errno, EISDIR);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  EXPECT_FALSE(replace_file(folder + "/none/file", {}, 0600, Outlives::PowerLoss));
  EXPECT_EQ(errno, ENOENT);
}

TEST_F(Files, one_that_is_made_takes_no_others_place) {
  ASSERT_TRUE(make_file(path, bytes_of("first"), 0600));
  EXPECT_EQ(content_of(path), "first");
  EXPECT_FALSE(make_file(path, bytes_of("second"), 0600));
  EXPECT_EQ(errno, EEXIST);
  EXPECT_EQ(content_of(path), "first");
  EXPECT_FALSE(make_file(folder + "/none/file", {}, 0600));
  EXPECT_EQ(errno, ENOENT);
}

TEST_F(Files, a_secret_is_read_whole) {
  put(path, "12345678", 0600);
  const auto secret = read();
  ASSERT_TRUE(secret) << secret.error().message;
  secret->reveal([](ByteView plain) { EXPECT_EQ(text_of(plain), "12345678"); });
}

TEST_F(Files, a_secret_that_others_may_read_or_that_is_something_else_is_refused) {
  EXPECT_EQ(read().error().code, Code::NotFound);
  for (const mode_t mode : {0604U, 0640U, 0602U}) {
    put(path, "1234", mode);
    EXPECT_EQ(read().error().code, Code::Refused) << mode;
  }
  put(path, "123456789", 0600);
  EXPECT_EQ(read().error().code, Code::TooLarge);
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_EQ(read().error().code, Code::Refused);
}

TEST_F(Files, a_link_is_followed_only_where_that_is_said) {
  put(folder + "/secret", "1234", 0600);
  std::filesystem::create_symlink(folder + "/secret", path);
  EXPECT_EQ(read().error().code, Code::Storage);
  EXPECT_TRUE(read(true));
}

}  // namespace
}  // namespace strongroom
