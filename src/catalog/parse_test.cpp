// Every mistake that a service's file can have, named with file and line.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/toml_json.h"

namespace strongroom::catalog {
namespace {

std::string answer(const std::string& text) {
  const auto service = parse_service({"mine.toml", text});
  return service ? "accepted" : service.error().message;
}

/// Lines 1 to 5 of a right proxied service, 1 to 3 of a right injected one.
const std::string kProxied =
    "id = \"mine\"\ntitle = \"Mine\"\ndelivery = \"proxied\"\nhosts = [\"api.example.com\"]\n"
    "inject = { slot = \"header\", name = \"authorization\", scheme = \"Bearer\" }\n";
const std::string kInjected = "id = \"mine\"\ntitle = \"Mine\"\ndelivery = \"injected\"\n";

struct Mistake {
  std::string head;
  std::string rest;
  int line;
  std::string says;
};

void expect_all(const std::vector<Mistake>& mistakes) {
  for (const auto& [head, rest, line, says] : mistakes) {
    const std::string got = answer(head + rest);
    EXPECT_TRUE(got.starts_with("mine.toml:" + std::to_string(line) + ": ")) << rest << got;
    EXPECT_NE(got.find(says), std::string::npos) << rest << "says: " << got;
  }
}

TEST(Parse, what_is_right_is_accepted) {
  EXPECT_EQ(answer(kProxied), "accepted");
  EXPECT_EQ(answer(kInjected), "accepted");
  EXPECT_EQ(answer(kInjected + "[[variable]]\nname = \"MINE_TOKEN\"\nvalue = \"{value}\"\n"),
            "accepted");
}

TEST(Parse, mistakes_in_what_a_service_is) {
  expect_all({
      {"", "", 1, "'id' is missing"},
      {"", "id = \"x\n", 1, ""},
      {"", "id = \"x\"\nid = \"y\"\n", 2, "id"},
      {"", "id = \"\"\n", 1, "'id' is empty"},
      {"", "id = \"a@b\"\ntitle = \"X\"\ndelivery = \"proxied\"\n", 1, "a-z, 0-9"},
      {"", "id = \"a:b\"\ntitle = \"X\"\ndelivery = \"proxied\"\n", 1, "a-z, 0-9"},
      {"", "id = \"A\"\ntitle = \"X\"\ndelivery = \"proxied\"\n", 1, "a-z, 0-9"},
      {"", "id = \"a\"\ntitle = 3\n", 2, "'title' must be text"},
      {"", "id = \"a\"\ntitle = \"a\\nb\"\ndelivery = \"proxied\"\n", 2, "printable"},
      {"", "id = \"a\"\ntitle = \"X\"\ndelivery = \"sometimes\"\n", 3, "proxied or injected"},
      {kProxied, "surprise = 1\n", 6, "unknown member 'surprise'"},
      {kProxied, "homes = [\"garage\"]\n", 6, "a home is"},
      {kProxied, "homes = [\"skill\", \"skill\"]\n", 6, "twice"},
      {kProxied, "homes = []\n", 6, "empty"},
      {kProxied, "homes = \"skill\"\n", 6, "list"},
      {kProxied, "port = 0\n", 6, "1 to 65535"},
      {kProxied, "port = 65536\n", 6, "1 to 65535"},
      {kProxied, "port = \"443\"\n", 6, "number"},
      {kProxied, "show_last_characters = 5\n", 6, "0 to 4"},
      {kProxied, "console_url = \"http://example.com\"\n", 6, "https://"},
      {kProxied, "unset = [\"A-B\"]\n", 6, "variable's name"},
      {kProxied, "pass_prefix = \"a.b\"\n", 6, "'pass_prefix'"},
      {kProxied, "pass_prefix = \"sk\"\n", 6, "3 to 32"},
      {kProxied, "pass_prefix = \"auth_tokens\"\n", 6, "auth_tokens"},
      {kProxied, "pass_prefix = \"" + std::string(33, 'a') + "\"\n", 6, "32"},
      {kProxied, "git_host = \"example.com\"\ngit_user = \"x\"\n", 6, "injected"},
      {kInjected, "git_user = \"x\"\n", 4, "go together"},
      {kInjected, "git_path = \"/x\"\n", 4, "part of a 'git_host'"},
      {kInjected, "git_host = \"{setting:host}\"\ngit_user = \"x\"\n", 4, "{setting:host}"},
      {kInjected, "pass_prefix = \"x\"\n", 4, "proxied services"},
      {kInjected, "[[denied]]\npath = \"/x\"\nwhy = \"y\"\n", 4, "proxied services"},
  });
}

TEST(Parse, mistakes_in_hosts) {
  const std::string head = "id = \"x\"\ntitle = \"X\"\ndelivery = \"proxied\"\n";
  expect_all({{head, "", 1, "'hosts' or a 'host_setting'"},
              {head, "host_setting = \"host\"\n", 4, "kind host"},
              {head, "hosts = \"api.example.com\"\n", 4, "list of texts"},
              {head, "hosts = [\"a.example\", 3]\n", 4, "list of texts"},
              {head, "hosts = [\"a.example\", \"a.example\"]\n", 4, "twice"},
              {kProxied, "host_setting = \"host\"\n", 6, "either"}});
  for (const char* host :
       {"API.example.com", "example.com.", "a b", "https://example.com", "example.com:443",
        "127.0.0.1", "[::1]", "2130706433", "0x7f000001", "*.example.com", "-a.example",
        "b\xc3\xbc"
        "cher.example"})
    expect_all({{head, "hosts = [\"" + std::string(host) + "\"]\n", 4, ""}});
}

TEST(Parse, mistakes_in_placements) {
  const std::string head =
      "id = \"x\"\ntitle = \"X\"\ndelivery = \"proxied\"\nhosts = [\"api.example.com\"]\n";
  expect_all({
      {head, "", 1, "needs 'inject'"},
      {head, "inject = \"header\"\n", 5, "must be a table"},
      {head, "inject = { name = \"a\" }\n", 5, "'slot' is missing"},
      {head, "inject = { slot = \"head\" }\n", 5, "'slot' is header"},
      {head, "inject = { slot = \"header\" }\n", 5, "header name"},
      {head, "inject = { slot = \"header\", name = \"X-Key\" }\n", 5, "lower case"},
      {head, "inject = { slot = \"header\", name = \"x key\" }\n", 5, "header name"},
      {head, "inject = { slot = \"header\", name = \"host\" }\n", 5, "frames or routes"},
      {head, "inject = { slot = \"header\", name = \"content-length\" }\n", 5, "frames or routes"},
      {head, "inject = { slot = \"header\", name = \"sec-websocket-key\" }\n", 5, "frames or"},
      {head, "inject = { slot = \"header\", name = \"a\", scheme = \"A B\" }\n", 5, "one word"},
      {head, "inject = { slot = \"header\", name = \"{setting:header}\" }\n", 5,
       "{setting:header}"},
      {head, "inject = { slot = \"header\", name = \"a\", scheme = \"{value}\" }\n", 5, "{value}"},
      {head, "inject = { slot = \"header\", name = \"{{a}}\" }\n", 5, "brace of no name"},
      {head, "inject = { slot = \"header\", name = \"a\", extra = 1 }\n", 5, "unknown member"},
      {head, "inject = { slot = \"query\" }\n", 5, "query parameter"},
      {head, "inject = { slot = \"query\", name = \"a=b\" }\n", 5, "query parameter"},
      {head, "inject = { slot = \"query\", name = \"k\", scheme = \"Bearer\" }\n", 5,
       "only a header"},
      {head, "inject = { slot = \"basic\", name = \"a:b\" }\n", 5, "no colon"},
      {head, "inject = { slot = \"subprotocol\" }\n", 5, "never sent as a subprotocol"},
      {kProxied, "accept = { slot = \"query\", name = \"k\" }\n", 6, "[[accept]]"},
      {kProxied, "accept = [1]\n", 6, "must hold tables"},
      {kProxied, "[[accept]]\nslot = \"subprotocol\"\nname = \"a,\"\n", 8, "no comma"},
      {kInjected, "inject = { slot = \"header\", name = \"a\" }\n", 4, "for its check"},
      {kInjected, "[[accept]]\nslot = \"query\"\nname = \"k\"\n", 4, "takes no pass"},
  });
}

TEST(Parse, mistakes_in_denied_paths) {
  const auto denied = [](const std::string& rest) { return "[[denied]]\nwhy = \"x\"\n" + rest; };
  expect_all({
      {kProxied, "[[denied]]\npath = \"/a\"\n", 6, "'why' is missing"},
      {kProxied, denied(""), 6, "'path' is missing"},
      {kProxied, denied("path = \"a\"\n"), 8, "slash"},
      {kProxied, denied("path = \"/a//b\"\n"), 8, "plainly"},
      {kProxied, denied("path = \"/a/../b\"\n"), 8, "plainly"},
      {kProxied, denied("path = \"/%61\"\n"), 8, "plainly"},
      {kProxied, denied("path = \"/a?b\"\n"), 8, "plainly"},
      {kProxied, denied("path = \"/**/b\"\n"), 8, "last segment"},
      {kProxied, denied("path = \"/a**\"\n"), 8, "last segment"},
      {kProxied, denied("path = \"/a\"\nmethod = \"get\"\n"), 9, "'method'"},
      {kProxied, denied("path = \"/a\"\nhost = \"other.example\"\n"), 9, "'host'"},
      {kProxied, denied("path = \"/a\"\naction = \"deny\"\n"), 9, "unknown member"},
  });
}

TEST(Parse, mistakes_in_the_check) {
  const auto check = [](const std::string& rest) {
    return "[check]\nmethod = \"GET\"\npath = \"/v1\"\n" + rest;
  };
  expect_all({
      {kProxied, "[[check]]\nmethod = \"GET\"\n", 6, "must be a table"},
      {kProxied, "[check]\npath = \"/v1\"\n", 6, "'method' is missing"},
      {kProxied, "[check]\nmethod = \"GET\"\n", 6, "'path' is missing"},
      {kProxied, "[check]\nmethod = \"DELETE\"\npath = \"/\"\n", 7, "GET or POST"},
      {kProxied, "[check]\nmethod = \"GET\"\npath = \"v1\"\n", 8, "'path'"},
      {kProxied, "[check]\nmethod = \"GET\"\npath = \"/a b\"\n", 8, "'path'"},
      {kProxied, "[check]\nmethod = \"GET\"\npath = \"/a?x=\\r\\n\"\n", 8, "'path'"},
      {kProxied, check(""), 6, "must name a status"},
      {kProxied, check("invalid_status = 401\n"), 9, "list of numbers"},
      {kProxied, check("invalid_status = [\"401\"]\n"), 9, "200 to 599"},
      {kProxied, check("invalid_status = [99]\n"), 9, "200 to 599"},
      {kProxied, check("invalid_status = [401, 600]\n"), 9, "200 to 599"},
      {kProxied, check("host = \"other.example\"\n"), 9, "'host'"},
      {kProxied, check("headers = { Accept = \"x\" }\n"), 9, "lower case"},
      {kProxied, check("headers = { accept = 1 }\n"), 9, "must hold texts"},
      {kProxied, check("headers = { accept = \"a\\nb\" }\n"), 9, "printable"},
      {kProxied, check("invalid_status = [401]\nonly_for = { host = \"x\" }\n"), 10, "settings"},
      {kInjected, check("invalid_status = [401]\n"), 6, "'hosts' or a 'host_setting'"},
  });
}

TEST(Parse, mistakes_in_variables_and_settings) {
  const auto variable = [](const std::string& name, const std::string& value) {
    return "[[variable]]\nname = \"" + name + "\"\nvalue = \"" + value + "\"\n";
  };
  const auto setting = [](const std::string& rest) { return "[[setting]]\nname = \"s\"\n" + rest; };
  expect_all({
      {kProxied, "[[variable]]\nname = \"A\"\n", 6, "'value' is missing"},
      {kProxied, variable("a", "{pass}"), 7, "A-Z"},
      {kProxied, variable("LD_PRELOAD", "{pass}"), 7, "not allowed"},
      {kProxied, variable("PATH", "x"), 7, "not allowed"},
      {kProxied, variable("A", "1") + variable("A", "2"), 10, "twice"},
      {kProxied, variable("A", "{value}"), 8, "{value}"},
      {kProxied, variable("A", "{url:value}"), 8, "{url:value}"},
      {kProxied, variable("A", "{pass"), 8, "brace"},
      {kProxied, variable("A", "pass}"), 8, "brace"},
      {kProxied, variable("A", "{{pass}"), 8, "brace"},
      {kProxied, variable("A", "{pa{ss}"), 8, "brace"},
      {kProxied, variable("A", "{{{none}}}"), 8, "{none}"},
      {kProxied, variable("A", "{}"), 8, "{}"},
      {kProxied, variable("A", "{setting:none}"), 8, "{setting:none}"},
      {kProxied, variable("{pass}", "x"), 7, "{pass}"},
      {kProxied, variable("{{A}}", "x"), 7, "brace of no name"},
      {kInjected, variable("A", "{pass}"), 6, "{pass}"},
      {kInjected, variable("{value}", "x"), 5, "{value}"},
      {kInjected, setting("kind = \"text\"\n") + variable("{setting:s}", "x"), 8, "{setting:s}"},
      {kInjected, setting("kind = \"variable\"\n") + variable("A{setting:s}", "x"), 8, "alone"},
      {kInjected, setting("kind = \"text\"\n") + variable("A", "{basic:s}"), 9, "{basic:s}"},
      {kProxied, setting("kind = \"user\"\n") + variable("A", "{basic:s}"), 11, "{basic:s}"},
      {kInjected, setting("kind = \"user\"\ndefault = \"a:b\"\n"), 7, "colon"},
      {kInjected, setting("kind = \"word\"\n"), 6, "'kind'"},
      {kInjected, setting(""), 4, "'kind' is missing"},
      {kInjected, setting("kind = \"text\"\nrequired = 1\n"), 7, "true or false"},
      {kInjected, setting("kind = \"text\"\n") + setting("kind = \"text\"\n"), 8, "twice"},
      {kInjected, "[[setting]]\nname = \"S x\"\nkind = \"text\"\n", 5, "a-z"},
      {kInjected, setting("kind = \"port\"\ndefault = \"0\"\n"), 7, "not a port"},
      {kInjected, setting("kind = \"host\"\ndefault = \"A.b\"\n"), 7, "'default'"},
      {kInjected, setting("kind = \"header\"\ndefault = \"host\"\n"), 7, "'default'"},
      {kInjected, setting("kind = \"variable\"\ndefault = \"PATH\"\n"), 7, "'default'"},
      {kInjected, setting("kind = \"path\"\ndefault = \"x\"\n"), 7, "'default'"},
      {kInjected, setting("kind = \"text\"\ndefault = \"a\\nb\"\n"), 7, "printable"},
  });
}

TEST(Parse, templates_of_every_form_are_accepted) {
  const auto with = [](const std::string& value) {
    return answer(kInjected +
                  "[[setting]]\nname = \"s\"\nkind = \"user\"\n[[variable]]\nname = \"A\"\n" +
                  "value = '" + value + "'\n");
  };
  for (const char* value : {"{setting:s}", "{url:s}", "{json:s}", "{basic:s}", "{url:value}",
                            R"({{"auths":{{{json:s}:{{"auth":"{basic:s}"}}}}}})"})
    EXPECT_EQ(with(value), "accepted") << value;
}

TEST(Parse, mistakes_of_kinds_of_keys_are_named) {
  const std::string setting = "[[setting]]\nname = \"s\"\nkind = \"user\"\n";
  const std::string basic = "inject = { slot = \"basic\", name = \"{setting:s}\" }\n";
  const std::string kind = "[[key_kind]]\n";
  const std::string by_setting = kind + "setting = \"s\"\n";
  const std::string by_start = kind + "value_starts = [\"a_\"]\n";
  const std::string alone = "inject = { slot = \"header\", name = \"authorization\" }\n";
  const std::string check = "[check]\nmethod = \"GET\"\npath = \"/\"\ninvalid_status = [401]\n";
  EXPECT_EQ(answer(kProxied + setting + by_setting + basic), "accepted");
  EXPECT_EQ(answer(kProxied + by_start + alone), "accepted");
  expect_all({
      {kProxied, kind + alone, 6, "either"},
      {kProxied, setting + by_setting + "value_starts = [\"a\"]\n" + basic, 10, "either"},
      {kProxied, by_setting + alone, 7, "not required"},
      {kProxied, setting + "default = \"a\"\n" + by_setting + basic, 11, "no default"},
      {kProxied, setting + "required = true\n" + by_setting + basic, 11, "not required"},
      {kProxied, by_start, 6, "'inject' is missing"},
      {kProxied, by_start + "inject = { slot = \"header\", name = \"x-key\" }\n", 8, "same header"},
      {kProxied, by_start + "inject = { slot = \"query\", name = \"key\" }\n", 8, "same header"},
      {kInjected, by_start + alone, 6, "same header"},
      {kProxied, by_start + alone + "git_user = \"x\"\n", 9, "'git_user'"},
      {kProxied, by_start + alone + "slot = \"header\"\n", 9, "unknown member 'slot'"},
      {kProxied, check + "[revoke]\nmethod = \"POST\"\npath = \"/\"\n" + by_start + alone, 15,
       "[revoke]"},
  });
}

TEST(Parse, a_member_of_an_answer_is_named_from_its_root) {
  const auto field = [](const std::string& name) {
    return "[[rewrite_body]]\npath = \"/**\"\nfield = \"" + name + "\"\n";
  };
  for (const auto* name : {"next", "urls.get", "a.b.c.d"})
    EXPECT_EQ(answer(kProxied + field(name)), "accepted") << name;
  expect_all({{kProxied, field(""), 8, "empty"},
              {kProxied, field("a..b"), 8, "joined by dots"},
              {kProxied, field("a."), 8, "joined by dots"},
              {kProxied, field("a.b.c.d.e"), 8, "joined by dots"}});
}

TEST(Parse, mistakes_in_usage) {
  const auto usage = [](const std::string& rest) {
    return "[[usage]]\nunit = \"tokens\"\n" + rest;
  };
  expect_all({
      {kProxied, "[[usage]]\nheader = \"a\"\n", 6, "'unit' is missing"},
      {kProxied, "[[usage]]\nunit = \"Tokens\"\nheader = \"a\"\n", 7, "a-z"},
      {kProxied, usage(""), 6, "either 'header' or 'fields'"},
      {kProxied, usage("header = \"a\"\nfields = [\"b\"]\n"), 9, "either"},
      {kProxied, usage("header = \"A\"\n"), 8, "lower case"},
      {kProxied, usage("path = \"v1\"\nheader = \"a\"\n"), 8, "slash"},
      {kProxied, usage("fields = [\"a..b\"]\n"), 8, "names joined by dots"},
      {kProxied, usage("fields = [\"a|\"]\n"), 8, "names joined by dots"},
      {kProxied, usage("fields = [\"a b\"]\n"), 8, "names joined by dots"},
      {kProxied, usage("fields = [\"a|b|c|d|e\"]\n"), 8, "at most 4"},
      {kProxied, usage("fields = [\"a.b.c.d.e.f.g.h.i\"]\n"), 8, "names joined by dots"},
      {kProxied,
       usage("fields = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\"]\n"), 8,
       "at most 8"},
      {kProxied, "[[usage]]\nunit = \"seconds\"\nfields = [\"a\"]\nestimate = true\n", 9,
       "only tokens"},
      {kProxied, usage("fields = [\"a\"]\nhidden_by = [\"\"]\n"), 9, "none empty"},
      {kInjected, usage("header = \"a\"\n"), 4, "proxied services"},
  });
}

TEST(Parse, mistakes_in_rewrites) {
  expect_all({
      {kProxied, "[[rewrite_header]]\nheader = \"Location\"\n", 7, "lower case"},
      {kProxied, "[[rewrite_header]]\n", 6, "'header' is missing"},
      {kProxied, "[[rewrite_body]]\npath = \"x\"\nfield = \"next\"\n", 7, "slash"},
      {kProxied, "[[rewrite_body]]\npath = \"/x\"\n", 6, "'field' is missing"},
      {kProxied, "[[rewrite_body]]\npath = \"/x\"\nfield = \"a\\\"b\"\n", 8, "JSON member"},
  });
}

TEST(Parse, what_is_no_toml_or_too_long_is_refused) {
  EXPECT_TRUE(answer("\xff\xfe").starts_with("mine.toml:1: "));
  EXPECT_TRUE(answer(std::string(100, '[')).starts_with("mine.toml:1: "));
  EXPECT_TRUE(answer("a = " + std::string(5000, '[')).starts_with("mine.toml:1: "));
  EXPECT_TRUE(answer(std::string("a\0b", 3)).starts_with("mine.toml:1: "));
  const auto long_one = parse_service({"mine.toml", std::string((256UL << 10U) + 1, '#')});
  EXPECT_EQ(long_one.error().code, Code::TooLarge);
  EXPECT_TRUE(long_one.error().message.starts_with("mine.toml:1: "));
}

TEST(Parse, toml_for_other_rooms_names_file_and_line_too) {
  const auto document =
      toml_to_json({"a.toml", "x = 1\n[t]\ny = [true, \"z\", 1.5, 2026-11-23]\n"});
  ASSERT_TRUE(document);
  EXPECT_EQ(json::serialize(*document), R"({"t":{"y":[true,"z",1.5E0,"2026-11-23"]},"x":1})");
  EXPECT_TRUE(toml_to_json({"a.toml", "x = 1\ny =\n"}).error().message.starts_with("a.toml:2: "));
}

TEST(Parse, mistakes_of_how_a_key_is_ended_are_named) {
  const std::string check = "[check]\nmethod = \"GET\"\npath = \"/v1\"\ninvalid_status = [401]\n";
  const auto revoke = [&](const std::string& rest) {
    return check + "[revoke]\nmethod = \"DELETE\"\npath = \"/v1/self?now=1\"\n" + rest;
  };
  EXPECT_EQ(answer(kProxied + revoke("")), "accepted");
  EXPECT_EQ(answer(kProxied + revoke("shows_key = false\nbody = '{\"keys\":[\"{value}\"]}'\n")),
            "accepted");
  expect_all({
      {kProxied, "[revoke]\nmethod = \"POST\"\npath = \"/v1\"\n", 7, "[check]"},
      {kProxied, check + "[revoke]\nmethod = \"GET\"\npath = \"/v1\"\n", 11, "POST or DELETE"},
      {kProxied, check + "[revoke]\nmethod = \"POST\"\npath = \"/a/../b\"\n", 12, "'path'"},
      {kProxied, revoke("body = '{\"key\":\"mine\"}'\n"), 13, "'body'"},
      {kProxied, revoke("body = '{\"key\":\"{value}\"'\n"), 13, "'body'"},
      {kProxied, revoke("body = '[\"{value}\",\"{value}\"]'\n"), 13, "'body'"},
      {kProxied, revoke("shows_key = false\n"), 13, "nowhere"},
      {kProxied, revoke("value_starts = [\"\"]\n"), 13, "none empty"},
      {kProxied, revoke("host = \"api.example.com\"\n"), 13, "unknown member 'host'"},
  });
}

TEST(Parse, mistakes_of_logins_are_named) {
  const std::string table = "[oauth]\n";
  const std::string both =
      "authorize = \"https://login.example.com/a\"\ntoken = \"https://login.example.com/t\"\n";
  EXPECT_TRUE(parse_service({"mine.toml", kProxied + table + both}));
  expect_all({
      {kProxied, table, 6, "by_discovery"},
      {kProxied, table + both + "by_discovery = true\n", 8, "by_discovery"},
      {kProxied, table + "token = \"https://login.example.com/t\"\n", 7, "go together"},
      {kProxied, table + "authorize = \"http://login.example.com\"\n", 7, "https://"},
      {kProxied, table + "authorize = \"https://a@login.example.com\"\n", 7, "no user"},
      {kProxied, table + "authorize = \"https://127.0.0.1/\"\n", 7, "host"},
      {kProxied, table + both + "revoke = \"https://login.example.com/{token}\"\n", 9, "{token}"},
      {kProxied, table + both + "revoke_style = \"softly\"\n", 9, "revoke_style"},
      {kProxied, table + both + "client = \"header\"\n", 9, "body or basic"},
      {kProxied, table + both + "scope_separator = \";\"\n", 9, "comma"},
      {kProxied, table + both + "parameters = { state = \"x\" }\n", 9, "of a service's own"},
      {kProxied, table + both + "only_for = { host = \"x\" }\n", 9, "settings"},
      {kProxied, "homes = [\"skill\"]\n" + table + both, 9, "member"},
  });
}

}  // namespace
}  // namespace strongroom::catalog
