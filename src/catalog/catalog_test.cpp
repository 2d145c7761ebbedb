// A catalogue as a whole: read from texts and from folders. SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace strongroom::catalog {
namespace {

TEST(Catalog, two_services_of_one_id_are_refused) {
  auto sources = built_in_sources();
  const std::string text = "# mine\n" + sources.front().text;
  sources.push_back({"mine.toml", text});
  const auto catalog = Catalog::from_sources(sources);
  ASSERT_FALSE(catalog);
  EXPECT_TRUE(catalog.error().message.starts_with("mine.toml:")) << catalog.error().message;
  EXPECT_NE(catalog.error().message.find("defined already"), std::string::npos);
}

TEST(Catalog, J3_a_proxied_services_variable_cannot_be_injected) {
  auto sources = built_in_sources();
  sources.push_back({"mine.toml",
                     "id = \"mine\"\ntitle = \"Mine\"\ndelivery = \"injected\"\n"
                     "[[variable]]\nname = \"OPENAI_API_KEY\"\nvalue = \"{value}\"\n"});
  const auto catalog = Catalog::from_sources(sources);
  ASSERT_FALSE(catalog);
  EXPECT_TRUE(catalog.error().message.starts_with("mine.toml:5: ")) << catalog.error().message;
}

class Folder : public ::testing::Test {
 protected:
  Folder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "strongroom-catalog-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }
  ~Folder() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder + "/" + name) << text;
  }
  std::string folder;
};

TEST_F(Folder, own_services_join_the_built_in_ones) {
  EXPECT_EQ(Catalog::load(folder + "/none")->services().size(), 52U);
  write("mine.toml",
        "id = \"mine\"\ntitle = \"Mine\"\ndelivery = \"proxied\"\nhosts = [\"api.example.com\"]\n"
        "inject = { slot = \"header\", name = \"x-key\" }\n");
  write("note.txt", "not a service");
  const auto catalog = Catalog::load(folder);
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_NE(catalog->find("mine"), nullptr);
  EXPECT_EQ(catalog->sources().size(), 53U);
  // What the vault sends to a gateway makes the same catalogue there.
  EXPECT_EQ(Catalog::from_sources(catalog->sources())->services().size(), 53U);
}

TEST_F(Folder, a_mistake_names_the_file_and_an_unreadable_one_is_not_passed_over) {
  write("mine.toml", "id = \"mine\"\ntitle = \"Mine\"\ndelivery = \"sideways\"\n");
  auto catalog = Catalog::load(folder);
  ASSERT_FALSE(catalog);
  EXPECT_TRUE(catalog.error().message.starts_with(folder + "/mine.toml:3: "));
  write("mine.toml", std::string(300'000, '#'));
  EXPECT_EQ(Catalog::load(folder).error().code, Code::TooLarge);
  std::filesystem::remove(folder + "/mine.toml");
  std::filesystem::create_directory(folder + "/mine.toml");
  EXPECT_EQ(Catalog::load(folder).error().code, Code::Storage);
  write("file", "");
  EXPECT_EQ(Catalog::load(folder + "/file").error().code, Code::Storage);
}

}  // namespace
}  // namespace strongroom::catalog
