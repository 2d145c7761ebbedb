// The tree, its checkpoints and the watch over the files. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "audit/segments.h"
#include "audit/tile_store.h"
#include "base/encoding.h"

namespace strongroom::audit {
namespace {

ByteVector octets(std::string_view text) {
  return {text.begin(), text.end()};
}

/// RFC 6962, section 2.1, word for word.
crypto::Digest plain_root(const std::vector<ByteVector>& entries) {
  if (entries.empty()) return crypto::sha256(ByteView{});
  if (entries.size() == 1) return leaf_hash(entries[0]);
  std::size_t split = 1;
  while (split * 2 < entries.size()) split *= 2;
  const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(split);
  return node_hash(plain_root({entries.begin(), middle}), plain_root({middle, entries.end()}));
}

TEST(Tree, has_the_root_that_the_definition_gives) {
  TileBuilder tree;
  std::vector<ByteVector> entries;
  const auto nothing = [](const Tile&) -> Status { return {}; };
  for (std::size_t size = 0; size < 1100; ++size) {
    if (size < 70 || size % 64 < 2 || size % 256 > 253)
      ASSERT_EQ(tree.root(), plain_root(entries)) << size;
    entries.push_back(octets("entry " + std::to_string(size)));
    ASSERT_TRUE(tree.append(entries.back(), nothing));
  }
}

TEST(Tree, names_its_tiles_as_the_layout_says) {
  EXPECT_EQ((Tile{0, 1234067, 256, {}}).path(), "tile/0/x001/x234/067");
  EXPECT_EQ((Tile{2, 0, 17, {}}).path(), "tile/2/000.p/17");
  EXPECT_EQ((Tile{Tile::kEntries, 1000, 256, {}}).path(), "tile/entries/x001/000");
}

class TreeTest : public ::testing::Test {
 protected:
  TreeTest() {
    std::string pattern = ::testing::TempDir() + "treeXXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  ~TreeTest() override { std::filesystem::remove_all(folder); }
  Result<std::unique_ptr<Log>> open(std::size_t segment = 16UL << 20U) {
    Log::Options options;
    options.directory = folder + "/audit";
    options.clock = &clock;
    options.signing_key = key.duplicate();
    options.post = [](const std::function<void()>& work) { work(); };
    options.segment_octets = segment;
    return Log::open(std::move(options));
  }
  void record(Log& log, int count) {
    std::vector<Act> acts(static_cast<std::size_t>(count));
    for (Act& act : acts) act.action = "key.add";
    ASSERT_TRUE(log.record(acts));
  }
  void fill(int count) {
    auto log = open();
    ASSERT_TRUE(log) << log.error().message;
    record(**log, count);
  }
  Result<Verified> exported() {
    std::filesystem::remove_all(folder + "/out");
    return export_tiles(folder + "/audit/tlog", folder + "/out", public_key);
  }
  static std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  /// What a running record says once it has noticed.
  static std::string noticed(Log& log) {
    for (int i = 0; i < 3000 && log.health(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const Status health = log.health();
    if (health || health.error().code != Code::Tampered) return "nothing";
    const Status refused = log.record(Act{});
    return refused || refused.error().code != Code::Tampered ? "taken" : health.error().message;
  }
  std::string segment(std::size_t number = 1) const {
    return folder + "/audit/" + segment_name(number);
  }

  std::string folder;
  SystemClock clock;
  Secret key = crypto::generate_signing_key();
  crypto::PublicKey public_key = crypto::public_key_of(key);
};

TEST_F(TreeTest, an_export_is_checked_from_its_folder_alone) {
  fill(600);
  fill(7);
  const auto out = exported();
  ASSERT_TRUE(out) << out.error().message;
  const auto verified = Log::verify_folder(folder + "/out", public_key);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->entries, 607U);
  EXPECT_EQ(verified->tree_root, out->tree_root);
  EXPECT_EQ(Log::verify_folder(folder + "/audit", public_key)->tree_root, out->tree_root);
  const auto other = crypto::public_key_of(crypto::generate_signing_key());
  EXPECT_FALSE(Log::verify_folder(folder + "/out", other));
}

TEST_F(TreeTest, each_changed_octet_of_an_export_is_noticed_and_the_entry_named) {
  fill(300);
  ASSERT_TRUE(exported());
  const std::string root = folder + "/out/";
  for (const std::string name : {"tile/entries/000", "tile/entries/001.p/44", "tile/0/000",
                                 "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint"}) {
    const std::string good = read(root + name);
    ASSERT_FALSE(good.empty()) << name;
    for (std::size_t i = 0; i < good.size(); i += 1 + good.size() / 60) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 1);
      write(root + name, bad);
      ASSERT_FALSE(Log::verify_folder(root, public_key)) << name << " " << i;
    }
    write(root + name, good.substr(0, good.size() - 1));
    ASSERT_FALSE(Log::verify_folder(root, public_key)) << name;
    write(root + name, good);
  }
  std::string entries = read(root + "tile/entries/000");
  const std::size_t size = entries.size() / 256;
  entries[10 * size + 15] ^= 1;  // the time of the eleventh
  write(root + "tile/entries/000", entries);
  const auto found = Log::verify_folder(root, public_key);
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("from entry 11 on"), std::string::npos)
      << found.error().message;
}

TEST_F(TreeTest, what_a_checkpoint_covers_cannot_be_cut_off_while_nobody_runs) {
  fill(3);
  const std::string good = read(segment());
  fill(3);
  write(segment(), good);  // a whole, signed record, as it was once
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::Tampered);
  EXPECT_EQ(read(segment()), good) << "nothing is cut off or written on";
}

TEST_F(TreeTest, a_record_from_before_there_was_a_tree_goes_on_in_it) {
  fill(300);
  const auto before = exported();
  std::filesystem::remove_all(folder + "/audit/tlog");
  fill(1);
  const auto after = exported();
  ASSERT_TRUE(before && after) << after.error().message;
  EXPECT_EQ(after->entries, 301U);
}

TEST_F(TreeTest, tiles_that_a_crash_took_are_made_again) {
  fill(700);
  const auto before = exported();
  std::filesystem::remove_all(folder + "/audit/tlog/tile");
  EXPECT_FALSE(exported());
  {
    ASSERT_TRUE(open());
  }
  const auto after = exported();
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->tree_root, before->tree_root);
}

TEST_F(TreeTest, a_tile_that_a_crash_left_half_written_is_made_again) {
  fill(700);
  const auto before = exported();
  const std::string tile = folder + "/audit/tlog/tile/0/000";
  ASSERT_EQ(std::filesystem::file_size(tile), 8192U);
  std::filesystem::resize_file(tile, 100);
  {
    ASSERT_TRUE(open());
  }
  EXPECT_EQ(std::filesystem::file_size(tile), 8192U);
  const auto after = exported();
  ASSERT_TRUE(before && after);
  EXPECT_EQ(after->tree_root, before->tree_root);
}

TEST_F(TreeTest, a_change_while_running_is_noticed_and_stops_the_record) {
  const std::vector<std::pair<std::string, std::function<void()>>> attacks = {
      {"was cut off", [&] { std::filesystem::resize_file(segment(1), 100); }},
      {"was removed", [&] { std::filesystem::remove(segment(1)); }},
      {"does not fit",
       [&] {
         std::fstream file(segment(1), std::ios::in | std::ios::out | std::ios::binary);
         file.seekp(30);
         file.put('x');
       }},
      {"was replaced", [&] {
         std::filesystem::copy(segment(1), segment(1) + ".copy");
         std::filesystem::rename(segment(1) + ".copy", segment(1));
       }}};
  for (const auto& [sentence, attack] : attacks) {
    std::filesystem::remove_all(folder + "/audit");
    auto log = open(2000);
    ASSERT_TRUE(log) << log.error().message;
    record(**log, 100);
    // Once the keeper has seen it.
    for (int i = 0; i < 3000 && (*log)->verify()->tree_size < 100; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    attack();
    const std::string found = noticed(**log);
    EXPECT_NE(found.find(sentence), std::string::npos) << sentence << ": " << found;
  }
}

}  // namespace
}  // namespace strongroom::audit
