// SPDX-License-Identifier: Apache-2.0
#include "workroom/environment.h"

#include <gtest/gtest.h>
#include <map>

#include "catalog/catalog.h"

namespace strongroom::workroom {
namespace {

class Variables : public ::testing::Test {
 protected:
  catalog::Catalog catalog = *catalog::Catalog::from_sources(catalog::built_in_sources());
  SessionFacts facts{"ses_1",
                     "http://127.0.0.1:8701",
                     {{"PATH", "/bin"},
                      {"HOME", "/home/a"},
                      {"LC_ALL", "C"},
                      {"SECRET_OF_CALLER", "x"},
                      {"GOOGLE_API_KEY", "mine"}},
                     {},
                     {}};
  std::vector<SessionKey> keys;

  void add(std::string_view service, std::string_view value,
           std::vector<std::pair<std::string, std::string>> settings = {}, std::string label = {}) {
    SessionKey key;
    key.service = catalog.find(service);
    ASSERT_NE(key.service, nullptr) << service;
    key.label = std::move(label);
    key.settings = std::move(settings);
    if (key.service->delivery == catalog::Delivery::Proxied)
      key.pass = std::string(value);
    else
      key.value = Secret(bytes_of(value));
    keys.push_back(std::move(key));
  }

  std::map<std::string, std::string> secrets;
  std::map<std::string, std::string> plain;
  Status build() {
    auto built = build_environment(facts, std::move(keys));
    if (!built) return std::unexpected(built.error());
    for (const auto& variable : built->plain) plain[variable.name] = variable.value;
    for (const auto& variable : built->secret)
      secrets[variable.name] =
          variable.value.reveal([](ByteView bytes) { return std::string(text_of(bytes)); });
    EXPECT_EQ(plain.size(), built->plain.size()) << "no name twice";
    return {};
  }
};

TEST_F(Variables, of_a_proxied_service_are_pass_and_base_and_nothing_is_secret) {
  add("gemini", "AIza-pass");
  ASSERT_TRUE(build());
  EXPECT_EQ(plain["GEMINI_API_KEY"], "AIza-pass");
  EXPECT_EQ(plain["GOOGLE_GEMINI_BASE_URL"], "http://127.0.0.1:8701/gemini");
  EXPECT_EQ(plain["STRONGROOM_SESSION"], "ses_1");
  EXPECT_EQ(plain["STRONGROOM_GATEWAY"], "http://127.0.0.1:8701");
  EXPECT_EQ(plain["NO_PROXY"], "127.0.0.1");
  EXPECT_TRUE(secrets.empty());
}

TEST_F(Variables, are_inherited_by_the_allow_list_alone) {
  add("gemini", "pass");
  ASSERT_TRUE(build());
  EXPECT_EQ(plain["PATH"], "/bin");
  EXPECT_EQ(plain["LC_ALL"], "C");
  EXPECT_FALSE(plain.contains("SECRET_OF_CALLER"));
  EXPECT_FALSE(plain.contains("GOOGLE_API_KEY"));
}

TEST_F(Variables, of_an_injected_service_are_secret) {
  add("postgres", "p@ss/w\xC3\xB6rd", {{"host", "db"}, {"user", "me@x"}, {"database", "d"}});
  ASSERT_TRUE(build());
  EXPECT_EQ(secrets["PGPASSWORD"], "p@ss/w\xC3\xB6rd");
  EXPECT_EQ(secrets["DATABASE_URL"], "postgresql://me%40x:p%40ss%2Fw%C3%B6rd@db:5432/d");
  EXPECT_EQ(plain["PGPORT"], "5432");
  EXPECT_FALSE(plain.contains("PGSSLMODE")) << "an absent optional setting leaves the variable out";
}

TEST_F(Variables, of_a_registry_are_json_with_the_credentials_of_basic) {
  // RFC 4648 pads by what is left over of three octets.
  for (const auto& [value, encoded] :
       std::map<std::string, std::string>{{"dckr_pat_1", "bWU6ZGNrcl9wYXRfMQ=="},
                                          {"ab", "bWU6YWI="},
                                          {"\"/\xC3\xB6", "bWU6Ii/Dtg=="},
                                          {"abc", "bWU6YWJj"}}) {
    keys.clear();
    add("docker", value, {{"user", "me"}, {"registry", "a\"b\\.test:5000"}});
    ASSERT_TRUE(build());
    EXPECT_EQ(secrets["DOCKER_AUTH_CONFIG"],
              R"({"auths":{"a\"b\\.test:5000":{"auth":")" + encoded + R"("}}})");
  }
}

TEST_F(Variables, of_a_key_that_makes_one_too_large_are_refused) {
  add("docker", std::string(60'000, 'x'), {{"user", "me"}});
  const auto built = build();
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().code, Code::TooLarge);
}

TEST_F(Variables, of_git_show_the_user_name_of_the_kind_of_key) {
  add("bitbucket", "ATATT3x", {{"email", "ann@acme.test"}});
  ASSERT_TRUE(build());
  EXPECT_NE(plain["GIT_CONFIG_VALUE_1"].find("'x-bitbucket-api-token-auth'"), std::string::npos);
  EXPECT_EQ(plain["BITBUCKET_EMAIL"], "ann@acme.test");
}

TEST_F(Variables, that_two_keys_want_go_to_the_first_and_the_other_is_told_apart) {
  add("postgres", "one", {{"host", "a"}, {"user", "u"}, {"database", "d"}});
  add("mysql", "two", {{"host", "b"}, {"user", "u"}, {"database", "d"}});
  add("postgres", "three", {{"host", "c"}, {"user", "u"}, {"database", "d"}}, "read-only");
  ASSERT_TRUE(build());
  EXPECT_EQ(secrets["DATABASE_URL"], "postgresql://u:one@a:5432/d");
  EXPECT_EQ(secrets["DATABASE_URL_MYSQL"], "mysql://u:two@b:3306/d");
  EXPECT_EQ(secrets["PGPASSWORD_READ_ONLY"], "three");
  EXPECT_EQ(plain["PGHOST_READ_ONLY"], "c");
}

TEST_F(Variables, of_git_combine_and_hold_no_token) {
  add("github", "ghp_1");
  add("git", "tok", {{"host", "code.test"}, {"port", "8443"}, {"user", "o'brien"}});
  ASSERT_TRUE(build());
  EXPECT_EQ(plain["GIT_CONFIG_COUNT"], "4");
  EXPECT_EQ(plain["GIT_CONFIG_KEY_0"], "credential.https://github.com.helper");
  EXPECT_EQ(plain["GIT_CONFIG_VALUE_0"], "");
  EXPECT_EQ(plain["GIT_CONFIG_VALUE_1"],
            "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' 'x-access-token' "
            "\"$GH_TOKEN\"; }; f");
  EXPECT_EQ(plain["GIT_CONFIG_KEY_3"], "credential.https://code.test:8443.helper");
  EXPECT_EQ(plain["GIT_CONFIG_VALUE_3"],
            "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' 'o'\\''brien' "
            "\"$GIT_TOKEN\"; }; f");
  EXPECT_EQ(plain["GIT_TERMINAL_PROMPT"], "0");
  EXPECT_EQ(secrets["GH_TOKEN"], "ghp_1");
  for (const auto& [name, value] : plain) EXPECT_EQ(value.find("ghp_1"), std::string::npos) << name;
}

TEST_F(Variables, of_git_ask_each_time_where_the_token_is_renewed) {
  add("github", "gho_1");
  keys.back().is_login = true;
  add("git", "tok", {{"host", "code.test"}, {"user", "u"}});
  facts.exec_socket = "/run/exec.sock";
  facts.init_program = "/run/init";
  ASSERT_TRUE(build());
  EXPECT_EQ(plain["GIT_CONFIG_VALUE_1"],
            "!f() { test \"$1\" = get && '/run/init' exec --with 'github' -- /bin/sh -c 'printf "
            "'\\''username=%s\\npassword=%s\\n'\\'' '\\''x-access-token'\\'' \"$GH_TOKEN\"'; }; f");
  EXPECT_EQ(plain["GIT_CONFIG_VALUE_3"],
            "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' 'u' "
            "\"$GIT_TOKEN\"; }; f")
      << "nothing else has to";
}

TEST_F(Variables, of_git_are_for_a_part_of_a_host_where_the_key_is) {
  add("github", "ghp_1", {{"path", "/acme"}});
  add("git", "tok", {{"host", "github.com"}, {"path", "/acme/other.git"}});
  ASSERT_TRUE(build());
  EXPECT_EQ(plain["GIT_CONFIG_COUNT"], "6");
  EXPECT_EQ(plain["GIT_CONFIG_KEY_1"], "credential.https://github.com/acme.helper");
  EXPECT_EQ(plain["GIT_CONFIG_KEY_2"], "credential.https://github.com/acme.useHttpPath");
  EXPECT_EQ(plain["GIT_CONFIG_VALUE_2"], "true");
  EXPECT_EQ(plain["GIT_CONFIG_KEY_4"], "credential.https://github.com/acme/other.git.helper");
}

TEST_F(Variables, of_two_git_keys_for_one_place_the_first_named_answers) {
  add("github", "ghp_1");
  add("git", "tok", {{"host", "github.com"}});
  ASSERT_TRUE(build());
  EXPECT_EQ(plain["GIT_CONFIG_COUNT"], "2");
  EXPECT_NE(plain["GIT_CONFIG_VALUE_1"].find("$GH_TOKEN"), std::string::npos);
}

TEST_F(Variables, a_git_path_that_could_leave_its_place_is_refused) {
  for (const std::string path : {"acme", "/a\nb", "/a*", "/a b", "/a\"b", "/[a]"}) {
    add("github", "ghp_1", {{"path", path}});
    EXPECT_FALSE(build()) << path;
    keys.clear();
  }
}

TEST_F(Variables, J5_a_git_token_with_a_line_end_is_refused_without_being_shown) {
  add("git", "tok\nhost=evil", {{"host", "code.test"}});
  const auto built = build();
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().message.find("evil"), std::string::npos);
}

TEST_F(Variables, of_the_caller_replace_none_of_the_session) {
  for (const char* name :
       {"GEMINI_API_KEY", "GOOGLE_API_KEY", "STRONGROOM_SESSION", "NO_PROXY", "A-B", "", "1A"}) {
    add("gemini", "pass");
    facts.added = {{name, "x"}};
    EXPECT_FALSE(build()) << name;
    keys.clear();
  }
  add("gemini", "pass");
  facts.added = {{"WORK", "/tmp"}, {"PATH", "/opt"}};
  ASSERT_TRUE(build());
  EXPECT_EQ(plain["WORK"], "/tmp");
  EXPECT_EQ(plain["PATH"], "/opt");
}

TEST_F(Variables, of_a_name_that_the_tenant_chose) {
  add("generic-env", "v", {{"variable", "MY_TOKEN"}});
  add("generic-http", "srp_p",
      {{"host", "api.test"}, {"variable", "MINE_KEY"}, {"base_variable", "MINE_URL"}});
  ASSERT_TRUE(build());
  EXPECT_EQ(secrets["MY_TOKEN"], "v");
  EXPECT_EQ(plain["MINE_KEY"], "srp_p");
  EXPECT_EQ(plain["MINE_URL"], "http://127.0.0.1:8701/generic-http");
}

}  // namespace
}  // namespace strongroom::workroom
