// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits/usage_reader.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "catalog/catalog.h"

namespace strongroom::gateway {
namespace {

using Form = UsageReader::Form;

const catalog::Service& service(std::string_view id) {
  static const catalog::Catalog kCatalog =
      *catalog::Catalog::from_sources(catalog::built_in_sources());
  return *kCatalog.find(id);
}

const catalog::Usage& usage_for(std::string_view id, std::string_view path) {
  for (const auto& usage : service(id).usage)
    if (catalog::path_matches(usage.path, path)) return usage;
  static const catalog::Usage kNone;
  ADD_FAILURE() << id << path;
  return kNone;
}

std::optional<std::uint64_t> read(const catalog::Usage& usage, Form form, std::string_view text,
                                  std::size_t piece) {
  UsageReader reader;
  reader.start(usage, form);
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    reader.feed(text.substr(0, piece));
  return reader.stated();
}

/// The same whatever the pieces are that it comes in.
void expect_stated(const catalog::Usage& usage, Form form, const std::string& text,
                   std::optional<std::uint64_t> wanted) {
  for (std::size_t piece = 1; piece <= text.size(); ++piece)
    ASSERT_EQ(read(usage, form, text, piece), wanted) << "pieces of " << piece << ": " << text;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    UsageReader reader;
    reader.start(usage, form);
    reader.feed(std::string_view(text).substr(0, at));
    reader.feed(std::string_view(text).substr(at));
    ASSERT_EQ(reader.stated(), wanted) << "cut at " << at << ": " << text;
  }
}

catalog::Usage usage_of(std::vector<catalog::Usage::Alternatives> fields) {
  catalog::Usage usage;
  usage.unit = "tokens";
  usage.fields = std::move(fields);
  return usage;
}

TEST(UsageReader, openai_whole_and_in_a_stream) {
  const auto& chat = usage_for("openai", "/v1/chat/completions");
  expect_stated(chat, Form::Json,
                R"({"id":"c","choices":[{"message":{"content":"hi","usage":{"total_tokens":9}}}],
                 "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})",
                3);
  expect_stated(chat, Form::Events,
                "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n"
                "data: {\"choices\":[],\"usage\":{\"total_tokens\":31}}\n\ndata: [DONE]\n\n",
                31);
  expect_stated(usage_for("openai", "/v1/responses"), Form::Events,
                "event: response.created\ndata: {\"response\":{\"usage\":null}}\n\n"
                "event: response.completed\n"
                "data: {\"type\":\"x\",\"response\":{\"usage\":{\"total_tokens\":12}}}\n\n",
                12);
}

TEST(UsageReader, anthropic_whole_and_in_a_stream) {
  const auto& messages = usage_for("anthropic", "/v1/messages");
  expect_stated(messages, Form::Json,
                R"({"content":[{"type":"text","text":"x"}],"usage":{"input_tokens":3,)"
                R"("cache_read_input_tokens":100,"output_tokens":5}})",
                108);
  expect_stated(messages, Form::Events,
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":"
                "{\"input_tokens\":25,\"output_tokens\":1}}}\n\n"
                "event: message_delta\ndata: {\"delta\":{},\"usage\":{\"output_tokens\":15}}\n\n"
                "event: message_stop\ndata: {}\n\n",
                40);
  expect_stated(messages, Form::Events,
                "data: {\"message\":{\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n"
                "data: {\"usage\":{\"input_tokens\":472,\"output_tokens\":15}}\n\n",
                487);
}

TEST(UsageReader, gemini_whole_as_an_array_and_in_events) {
  const auto& generate = usage_for("gemini", "/v1beta/models/m:streamGenerateContent");
  expect_stated(generate, Form::Json, R"({"candidates":[],"usageMetadata":{"totalTokenCount":12}})",
                12);
  expect_stated(generate, Form::Json,
                R"([{"usageMetadata":{"totalTokenCount":5}},
                    {"usageMetadata":{"totalTokenCount":17}}])",
                17);
  expect_stated(generate, Form::Events,
                "data: {\"usageMetadata\": {\"totalTokenCount\": 5}}\r\n\r\n"
                "data: {\"usageMetadata\": {\"totalTokenCount\": 17}}\r\n\r\n",
                17);
}

TEST(UsageReader, firecrawl_and_a_header) {
  expect_stated(usage_for("firecrawl", "/v2/scrape"), Form::Json,
                R"({"success":true,"data":{"markdown":"x","metadata":{"creditsUsed":5}}})", 5);
  UsageReader reader;
  reader.start(usage_for("elevenlabs", "/v1/text-to-speech/v"), Form::Other);
  EXPECT_EQ(reader.stated(), std::nullopt);
  reader.feed("audio");
  reader.feed_header("120");
  EXPECT_EQ(reader.stated(), 120U);
}

TEST(UsageReader, only_numbers_under_the_very_names_count) {
  const auto usage = usage_of({{"usage.total_tokens"}});
  for (const char* text :
       {R"({"content":"{\"usage\":{\"total_tokens\":999999}}"})",
        R"({"content":"\"usage\":{\"total_tokens\":1}, \\\"usage\\\""})",
        R"({"x":{"usage":{"total_tokens":1}}})", R"({"usage":[{"other":1}],"total_tokens":2})",
        R"({"usage":{"total_tokens":"7"}})", R"({"usage":{"total_tokens":null}})",
        R"({"usage":{"total_tokens":-5}})", R"({"usage":{"total_tokens":{"total_tokens":5}}})",
        R"({"usage.total_tokens":5})", R"({"usage":{"total_tokens_details":{"a":4}}})",
        R"({"usage":{},"total_tokens":5})", R"({"usage":{"total\u005ftokens":5}})",
        R"({"usage":{"total_tokens":1e999}})", R"({"usage":true,"total_tokens":5})", "", "[]",
        "null", "5", R"({"usage":{"total_tokens":5)"})
    expect_stated(usage, Form::Json, text, std::nullopt);
  expect_stated(usage, Form::Json, R"({"usage":[{"total_tokens":4}]})", 4);
  expect_stated(usage, Form::Json, R"({ "usage" : { "a" : [1,{"b":2}] , "total_tokens" : 6 } })",
                6);
  expect_stated(usage, Form::Json, R"({"a":{"b":{"c":1}},"usage":{"total_tokens":8}})", 8);
}

TEST(UsageReader, numbers_in_every_spelling) {
  const auto usage = usage_of({{"n"}});
  for (const auto& [text, wanted] : {std::pair("0", 0U),
                                     {"12.1", 13U},
                                     {"1e3", 1000U},
                                     {"1.5E+2", 150U},
                                     {"0.0001", 1U},
                                     {"2.0", 2U}})
    expect_stated(usage, Form::Json, "{\"n\":" + std::string(text) + "}", wanted);
  expect_stated(usage, Form::Json, "{\"n\":99999999999999999999}", 9'000'000'000'000'000U);
  expect_stated(usage, Form::Json, "{\"n\":" + std::string(100, '1') + "}", std::nullopt);
}

TEST(UsageReader, alternatives_replace_and_fields_add_up) {
  const auto usage = usage_of({{"a", "x.a"}, {"b"}});
  expect_stated(usage, Form::Json, R"({"x":{"a":5}}{"a":7}{"b":1})", 8);
  expect_stated(usage, Form::Json, R"({"b":1})", 1);
  expect_stated(usage, Form::Json, "{\"a\":1}\n{\"a\":2}\n{\"b\":10}\n", 12);
}

TEST(UsageReader, what_is_deep_or_long_is_passed_over) {
  const auto usage = usage_of({{"usage.n"}, {"a.b.c.d.e.f.g.h"}});
  std::string deep;
  for (int i = 0; i < 60; ++i) deep += "{\"k\":";
  deep += "1" + std::string(60, '}');
  expect_stated(usage, Form::Json, "{\"x\":" + deep + ",\"usage\":{\"n\":4}}", 4);
  expect_stated(usage, Form::Json,
                R"({"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":6,"i":{"j":7}}}}}}}}})", 6);
  // What an agent had the provider repeat must not hide what comes behind it.
  for (const auto& [open, close] :
       {std::pair<std::string, std::string>("{\"k\":", "}"), {"[", "]"}, {"[{\"usage\":", "}]"}}) {
    std::string abyss;
    for (int i = 0; i < 100; ++i) abyss += open;
    abyss += "{\"usage\":{\"n\":9}}";
    for (int i = 0; i < 100; ++i) abyss += close;
    expect_stated(usage, Form::Json, "{\"x\":" + abyss + ",\"usage\":{\"n\":4}}", 4);
  }
  const std::string name(500, 'u');
  expect_stated(usage, Form::Json, "{\"" + name + "\":{\"n\":9},\"usage\":{\"n\":4}}", 4);
  std::string abyss;
  for (int i = 0; i < 100'000; ++i) abyss += "[{\"usage\":";
  UsageReader reader;
  reader.start(usage, Form::Json);
  reader.feed(abyss);
  reader.feed("{\"usage\":{\"n\":4}}");
  EXPECT_EQ(reader.stated(), std::nullopt);
}

TEST(UsageReader, events_in_all_their_forms) {
  const auto usage = usage_of({{"n"}});
  expect_stated(usage, Form::Events, "data:{\"n\":1}\n\n", 1);
  expect_stated(usage, Form::Events, "data: {\"n\":\ndata: 2}\n\n", 2);
  expect_stated(usage, Form::Events, "data: {\"n\":3}\r\rdata: [DONE]\r\r", 3);
  expect_stated(usage, Form::Events, ": {\"n\":4}\ndatum: {\"n\":4}\nid: {\"n\":4}\n\n",
                std::nullopt);
  expect_stated(usage, Form::Events, "data: {\"broken\n\ndata: {\"n\":5}\n\n", 5);
  expect_stated(usage, Form::Events, "event: x\ndata: {\"n\":6}", 6);
}

TEST(UsageReader, a_guess_counts_events_or_octets) {
  const auto usage = usage_of({{"n"}});
  UsageReader reader;
  reader.start(usage, Form::Events);
  reader.feed("data: a\n\ndata: b\ndata: c\n\n: pause\n\n\n\nevent: e\n\ndata: d");
  EXPECT_EQ(reader.stated(), std::nullopt);
  EXPECT_EQ(reader.estimate(40), 10U + 3U);
  reader.start(usage, Form::Json);
  reader.feed(std::string(400, ' '));
  EXPECT_EQ(reader.estimate(40), 110U);
  reader.start(usage, Form::Json);
  EXPECT_EQ(reader.estimate(0), 0U) << "a new answer";
  auto spoken = usage;
  spoken.unit = "characters";
  reader.start(spoken, Form::Other);
  reader.feed(std::string(400, ' '));
  EXPECT_EQ(reader.estimate(40), 40U) << "whatever the sound is long";
}

TEST(UsageReader, forms_by_content_type) {
  EXPECT_EQ(UsageReader::form_of("application/json; charset=UTF-8", ""), Form::Json);
  EXPECT_EQ(UsageReader::form_of("Application/JSON", "identity"), Form::Json);
  EXPECT_EQ(UsageReader::form_of("application/problem+json", ""), Form::Json);
  EXPECT_EQ(UsageReader::form_of("text/event-stream;charset=utf-8", ""), Form::Events);
  EXPECT_EQ(UsageReader::form_of("application/json", "gzip"), Form::Other);
  EXPECT_EQ(UsageReader::form_of("audio/mpeg", ""), Form::Other);
  EXPECT_EQ(UsageReader::form_of("", ""), Form::Other);
}

TEST(UsageReader, any_octets_are_survived) {
  const auto usage = usage_of({{"a.b"}, {"b"}});
  std::mt19937 random(3);
  const std::string_view alphabet = "{}[]\",:\\ab019.-e \n\rdt";
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (unsigned n = random() % 64; n > 0; --n) text += alphabet[random() % alphabet.size()];
    const Form form = round % 2 == 0 ? Form::Json : Form::Events;
    const auto whole = read(usage, form, text, text.size() + 1);
    ASSERT_EQ(read(usage, form, text, 1), whole) << text;
    ASSERT_EQ(read(usage, form, text, 3), whole) << text;
  }
}

}  // namespace
}  // namespace strongroom::gateway
