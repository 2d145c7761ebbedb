// The command line as data: help, completion, the manual page. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "app/cli_options.h"
#include "app/completion.h"
#include "app/help_text.h"
#include "app/manual_page.h"
#include "app/table.h"

namespace strongroom::app {
namespace {

class CommandLine : public ::testing::Test {
 protected:
  CommandLine() {
    add_commands(app_, options_, "strongroom");
    description_ = describe(app_);
  }

  [[nodiscard]] std::vector<std::string> completed(const std::vector<std::string>& words) const {
    const auto names = [](const std::string& kind, const TypedSoFar& typed) {
      if (kind == "MEMBER")
        return std::vector<Candidate>{{"alice", ""}, {"al:" + typed.tenant, ""}};
      if (kind == "SERVICE[:LABEL]") return std::vector<Candidate>{{"gemini", ""}, {"github", ""}};
      if (kind == "TENANT") return std::vector<Candidate>{{"acme", ""}, {"two\nlines", ""}};
      return std::vector<Candidate>{};
    };
    std::vector<std::string> out;
    for (const auto& each : complete(description_, words, names).candidates)
      out.push_back(each.text);
    return out;
  }

  CLI::App app_{"about", "strongroom"};
  Options options_;
  CommandLineDescription description_;
};

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::ranges::find(list, word) != list.end();
}

TEST_F(CommandLine, EveryExampleIsRightUse) {
  std::vector<const CommandDescription*> all{&description_.root};
  std::size_t examples = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const auto& each : all[i]->commands) all.push_back(&each);
    for (const auto& example : all[i]->examples) {
      std::string line = without_remark(example);
      line = line.substr(0, line.find(" -- "));
      line = line.substr(0, line.find(" > "));
      ASSERT_TRUE(line.starts_with("strongroom ")) << example;
      EXPECT_NO_THROW(app_.parse(line.substr(11), false)) << example;
      ++examples;
    }
  }
  EXPECT_GT(examples, 20U);
}

TEST_F(CommandLine, CompletesCommandsFlagsAndValues) {
  EXPECT_EQ(completed({"ke"}), (std::vector<std::string>{"key"}));
  EXPECT_TRUE(has(completed({"key", ""}), "revoke"));
  EXPECT_EQ(completed({"key", "list", "--ten"}), (std::vector<std::string>{"--tenant"}));
  EXPECT_EQ(completed({"key", "list", "--tenant", "a"}), (std::vector<std::string>{"acme"}));
  EXPECT_EQ(completed({"key", "list", "--tenant=a"}), (std::vector<std::string>{"--tenant=acme"}));
  EXPECT_EQ(completed({"run", "--tenant", "acme", "--member", "al"}),
            (std::vector<std::string>{"alice", "al:acme"}));
  EXPECT_EQ(completed({"run", "--runtime", "d"}), (std::vector<std::string>{"docker"}));
  EXPECT_EQ(completed({"--json", "--data", "x", "seal", "add", "s"}),
            (std::vector<std::string>{"shares"}));
  EXPECT_TRUE(completed({"no-such", "--tenant", "nothing"}).empty());
}

TEST_F(CommandLine, OffersAFlagAgainOnlyWhereItMayBeRepeated) {
  const std::vector<std::string> begun{"run", "--tenant", "acme", "--service", "gemini", "--"};
  std::vector<std::string> words = begun;
  words.back() = "-";
  const auto flags = completed(words);
  EXPECT_TRUE(has(flags, "--service"));
  EXPECT_FALSE(has(flags, "--tenant"));
  EXPECT_FALSE(has(flags, "--searched-by"));
}

TEST_F(CommandLine, LeavesFilesAndWhatIsNotOursToTheShell) {
  const Names none = [](const std::string&, const TypedSoFar&) { return std::vector<Candidate>(); };
  const auto kind = [&](const std::vector<std::string>& words) {
    return complete(description_, words, none).kind;
  };
  EXPECT_EQ(kind({"serve", "--config", ""}), Completion::Kind::Files);
  EXPECT_EQ(kind({"key", "--data", ""}), Completion::Kind::Folders);
  EXPECT_EQ(kind({"run", "--tenant", "a", "--", "python", ""}), Completion::Kind::Files);
  EXPECT_EQ(kind({"key", ""}), Completion::Kind::Words);
}

TEST_F(CommandLine, NothingOfManyLinesGetsIntoAnAnswer) {
  EXPECT_FALSE(has(completed({"key", "list", "--tenant", ""}), "two\nlines"));
}

TEST_F(CommandLine, HelpFitsItsWidthAndTellsEveryFlag) {
  const auto* run = description_.root.command("run");
  ASSERT_NE(run, nullptr);
  Screen screen;
  screen.columns = 72;
  const std::string help = help_text(*run, description_.everywhere, screen);
  std::istringstream lines(help.substr(0, help.find("\nExamples")));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of(line), 72U) << line;
  for (const auto& flag : run->flags) EXPECT_NE(help.find(spelled(flag)), help.npos);
  EXPECT_NE(help.find("strongroom run"), help.npos);
  EXPECT_NE(help.find("-- COMMAND"), help.npos);
}

TEST_F(CommandLine, EveryCommandIsInTheManual) {
  const std::string page = manual_page(description_);
  std::vector<const CommandDescription*> all{&description_.root};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const auto& each : all[i]->commands) all.push_back(&each);
    if (!all[i]->commands.empty()) continue;
    std::string heading = ".SS " + all[i]->path() + "\n";
    for (auto at = heading.find('-'); at != heading.npos; at = heading.find('-', at + 2))
      heading.insert(at, "\\");
    EXPECT_NE(page.find(heading), page.npos) << heading;
  }
  EXPECT_EQ(page.find("complete\\-as"), page.npos);
}

TEST(Tables, FitATerminalAndAreWholeElsewhere) {
  const Table table{{"STATE", "PATH", "ID"},
                    {{"active", std::string(60, 'p'), "key_" + std::string(26, 'i')}}};
  Screen screen;
  EXPECT_NE(drawn(table, screen).find(std::string(60, 'p')), std::string::npos);
  screen.is_terminal = true;
  screen.columns = 60;
  const std::string fitted = drawn(table, screen);
  EXPECT_EQ(width_of(fitted.substr(fitted.find('\n') + 1)), 61U) << fitted;
  EXPECT_NE(fitted.find("key_" + std::string(26, 'i')), std::string::npos);
  EXPECT_EQ(fitted.find('\x1b'), std::string::npos);
  screen.has_colours = true;
  EXPECT_NE(drawn(table, screen).find("\x1b[32mactive\x1b[0m"), std::string::npos);
}

}  // namespace
}  // namespace strongroom::app
