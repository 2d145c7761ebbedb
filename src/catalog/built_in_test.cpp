// The built-in services: what they are, where their keys go, what workrooms get.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "catalog/built_in_for_test.h"
#include "catalog/kinds.h"

namespace strongroom::catalog {
namespace {

bool accepts(const Service& service, Slot slot, const std::string& name,
             const std::string& scheme = {}) {
  return std::ranges::any_of(service.accept, [&](const Placement& place) {
    return place.slot == slot && place.name == name && place.scheme == scheme;
  });
}

std::string variable(const Service& service, const std::string& name) {
  const auto found = std::ranges::find(service.variables, name, &Variable::name);
  return found == service.variables.end() ? "" : found->value;
}

TEST(BuiltIn, every_built_in_service_is_there_with_its_delivery) {
  for (const char* id :
       {"gemini",       "elevenlabs", "heygen",        "firecrawl",  "openai",  "anthropic",
        "generic-http", "google",     "microsoft",     "slack",      "notion",  "atlassian",
        "linear",       "hubspot",    "generic-oauth", "vertex",     "mistral", "groq",
        "replicate",    "stability",  "deepgram",      "assemblyai", "runway",  "luma",
        "fal",          "perplexity", "tavily",        "exa",        "serpapi", "brave",
        "cohere",       "together",   "openrouter",    "xai",        "deepseek"})
    EXPECT_EQ(service(id).delivery, Delivery::Proxied) << id;
  for (const char* id :
       {"github", "gitlab", "git", "postgres", "mysql", "tailscale", "generic-env", "ssh",
        "bitbucket", "redis", "mongodb", "npm", "pypi", "aws", "gcp", "azure", "docker"})
    EXPECT_EQ(service(id).delivery, Delivery::Injected) << id;
  EXPECT_EQ(built_in().services().size(), 52U);
  EXPECT_EQ(built_in().find("nosuch"), nullptr);
  for (const char* id : {"github", "gitlab", "git", "ssh", "npm", "pypi", "docker"})
    EXPECT_EQ(service(id).homes.front(), Home::Integration) << id;
  for (const char* id : {"gemini", "postgres", "generic-env", "tailscale"})
    EXPECT_EQ(service(id).homes.front(), Home::Skill) << id;
}

TEST(BuiltIn, no_proxied_service_puts_a_value_into_a_workroom) {
  for (const auto& [id, each] : built_in().services()) {
    for (const auto& [name, value] : each.variables) {
      const bool has_value = value.find("value}") != std::string::npos;
      if (each.delivery == Delivery::Proxied) EXPECT_FALSE(has_value) << id << name;
    }
    const bool has_places = each.delivery == Delivery::Proxied;
    EXPECT_EQ(!each.accept.empty(), has_places) << id;
    EXPECT_EQ(!each.pass_prefix.empty(), has_places) << id;
  }
}

TEST(BuiltIn, keys_go_where_the_providers_want_them) {
  EXPECT_EQ(service("gemini").inject.name, "x-goog-api-key");
  EXPECT_EQ(service("elevenlabs").inject.name, "xi-api-key");
  EXPECT_EQ(service("heygen").inject.name, "x-api-key");
  EXPECT_EQ(service("anthropic").inject.name, "x-api-key");
  for (const char* id :
       {"openai", "firecrawl", "mistral", "groq", "replicate", "stability", "runway", "luma",
        "perplexity", "tavily", "cohere", "together", "openrouter", "xai", "deepseek"}) {
    EXPECT_EQ(service(id).inject.name, "authorization") << id;
    EXPECT_EQ(service(id).inject.scheme, "Bearer") << id;
  }
  EXPECT_EQ(service("vertex").inject.name, "x-goog-api-key");
  EXPECT_EQ(service("deepgram").inject.scheme, "Token");
  EXPECT_EQ(service("fal").inject.scheme, "Key");
  EXPECT_EQ(service("assemblyai").inject.name, "authorization");
  EXPECT_EQ(service("assemblyai").inject.scheme, "");
  EXPECT_EQ(service("exa").inject.name, "x-api-key");
  EXPECT_EQ(service("brave").inject.name, "x-subscription-token");
  EXPECT_EQ(service("serpapi").inject.slot, Slot::Query);
  EXPECT_EQ(service("serpapi").inject.name, "api_key");
}

TEST(BuiltIn, E10_passes_are_taken_in_every_place_where_a_key_is) {
  EXPECT_TRUE(accepts(service("gemini"), Slot::Query, "key"));
  EXPECT_TRUE(accepts(service("gemini"), Slot::Query, "access_token"));
  EXPECT_TRUE(accepts(service("slack"), Slot::Query, "token"));
  for (const char* id : {"gemini", "google"})
    EXPECT_TRUE(accepts(service(id), Slot::Query, "oauth_token")) << id;
  EXPECT_TRUE(accepts(service("gemini"), Slot::Header, "authorization", "Bearer"));
  EXPECT_TRUE(accepts(service("gemini"), Slot::Header, "authorization", "Token"));
  EXPECT_TRUE(accepts(service("elevenlabs"), Slot::Query, "authorization"));
  EXPECT_TRUE(accepts(service("elevenlabs"), Slot::Query, "single_use_token"));
  EXPECT_TRUE(accepts(service("elevenlabs"), Slot::Query, "xi-api-key"));
  EXPECT_TRUE(accepts(service("heygen"), Slot::Query, "session_token"));
  EXPECT_TRUE(accepts(service("openai"), Slot::Subprotocol, "openai-insecure-api-key."));
  for (const char* id : {"firecrawl", "deepgram"})
    EXPECT_TRUE(accepts(service(id), Slot::Subprotocol, "")) << id;
  EXPECT_TRUE(accepts(service("deepgram"), Slot::Header, "authorization", "Bearer"));
  EXPECT_TRUE(accepts(service("replicate"), Slot::Header, "authorization", "Token"));
  EXPECT_TRUE(accepts(service("assemblyai"), Slot::Query, "token"));
  EXPECT_TRUE(accepts(service("fal"), Slot::Query, "fal_jwt_token"));
  EXPECT_TRUE(accepts(service("exa"), Slot::Header, "authorization", "Bearer"));
  for (const char* id : {"gemini", "elevenlabs", "heygen", "openai", "anthropic", "firecrawl"}) {
    EXPECT_TRUE(accepts(service(id), Slot::Header, "authorization", "Bearer")) << id;
    const auto& inject = service(id).inject;
    EXPECT_TRUE(accepts(service(id), inject.slot, inject.name, inject.scheme)) << id;
  }
  const auto& fields = service("elevenlabs").first_message_fields;
  EXPECT_EQ(fields, (std::vector<std::string>{"xi_api_key", "xi-api-key", "authorization"}));
}

TEST(BuiltIn, workrooms_get_what_the_sdks_read) {
  EXPECT_EQ(variable(service("gemini"), "GEMINI_API_KEY"), "{pass}");
  EXPECT_EQ(variable(service("gemini"), "GOOGLE_GEMINI_BASE_URL"), "{base}");
  EXPECT_EQ(variable(service("gemini"), "GOOGLE_API_KEY"), "");
  EXPECT_EQ(variable(service("openai"), "OPENAI_BASE_URL"), "{base}/v1");
  EXPECT_EQ(variable(service("anthropic"), "ANTHROPIC_BASE_URL"), "{base}");
  EXPECT_EQ(variable(service("firecrawl"), "FIRECRAWL_API_URL"), "{base}");
  EXPECT_EQ(variable(service("elevenlabs"), "ELEVENLABS_BASE_URL"), "{base}");
  EXPECT_EQ(variable(service("heygen"), "HEYGEN_ALLOW_HTTP"), "1");
  for (const char* name : {"NOTION_TOKEN", "NOTION_API_KEY", "NOTION_ACCESS_TOKEN"})
    EXPECT_EQ(variable(service("notion"), name), "{pass}") << name;
  EXPECT_EQ(variable(service("github"), "GH_TOKEN"), "{value}");
  EXPECT_EQ(variable(service("postgres"), "PGPASSWORD"), "{value}");
  EXPECT_EQ(variable(service("mysql"), "MYSQL_PWD"), "{value}");
  EXPECT_EQ(variable(service("tailscale"), "TS_AUTHKEY"), "{value}");
  EXPECT_EQ(service("tailscale").forbidden_value, "baseURL=");
  for (const auto& [id, name] :
       std::vector<std::pair<std::string, std::string>>{{"redis", "REDISCLI_AUTH"},
                                                        {"npm", "NPM_TOKEN"},
                                                        {"npm", "NODE_AUTH_TOKEN"},
                                                        {"pypi", "TWINE_PASSWORD"},
                                                        {"pypi", "UV_PUBLISH_TOKEN"},
                                                        {"pypi", "POETRY_PYPI_TOKEN_PYPI"},
                                                        {"aws", "AWS_SECRET_ACCESS_KEY"},
                                                        {"gcp", "CLOUDSDK_AUTH_ACCESS_TOKEN"},
                                                        {"azure", "AZURE_CLIENT_SECRET"}})
    EXPECT_EQ(variable(service(id), name), "{value}") << id << " " << name;
  const auto is_unset = [](const char* id, const char* name) {
    return std::ranges::find(service(id).unset, name) != service(id).unset.end();
  };
  for (const char* name : {"GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI",
                           "GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_ACCESS_TOKEN"})
    EXPECT_TRUE(is_unset("gemini", name)) << name;
  for (const char* name : {"ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "ANTHROPIC_CUSTOM_HEADERS"})
    EXPECT_TRUE(is_unset("anthropic", name)) << name;
  for (const char* name : {"OPENAI_ADMIN_KEY", "OPENAI_CUSTOM_HEADERS"})
    EXPECT_TRUE(is_unset("openai", name)) << name;
  for (const char* name :
       {"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"})
    EXPECT_TRUE(is_unset("aws", name)) << name;
  EXPECT_TRUE(is_unset("azure", "AZURE_AUTHORITY_HOST"));
  EXPECT_TRUE(is_unset("pypi", "TWINE_REPOSITORY"));
  for (const char* name : {"FAL_KEY_ID", "FAL_KEY_SECRET"})
    EXPECT_TRUE(is_unset("fal", name)) << name;
  for (const char* name : {"TAVILY_HTTP_PROXY", "TAVILY_HTTPS_PROXY"})
    EXPECT_TRUE(is_unset("tavily", name)) << name;
  EXPECT_TRUE(is_unset("deepgram", "DEEPGRAM_ACCESS_TOKEN"));
  EXPECT_TRUE(is_unset("xai", "XAI_MANAGEMENT_KEY"));
  for (const auto& [id, name] :
       std::vector<std::pair<const char*, const char*>>{{"groq", "GROQ_CUSTOM_HEADERS"},
                                                        {"runway", "RUNWAYML_CUSTOM_HEADERS"},
                                                        {"perplexity", "PERPLEXITY_CUSTOM_HEADERS"},
                                                        {"together", "TOGETHER_CUSTOM_HEADERS"}})
    EXPECT_TRUE(is_unset(id, name)) << name;
}

TEST(BuiltIn, kinds_of_keys_go_where_the_providers_want_each) {
  const auto place = [](const char* id, std::string_view value,
                        std::vector<std::pair<std::string, std::string>> settings = {}) {
    const Placement& placement = placement_of(service(id), settings, Secret(bytes_of(value)));
    return std::pair(placement.slot == Slot::Basic, placement.scheme);
  };
  EXPECT_EQ(place("linear", "lin_oauth_1"), std::pair(false, std::string("Bearer")));
  EXPECT_EQ(place("linear", "lin_api_1"), std::pair(false, std::string()));
  EXPECT_EQ(place("bitbucket", "ATCTT3x"), std::pair(false, std::string("Bearer")));
  EXPECT_EQ(place("bitbucket", "ATATT3x", {{"email", ""}}),
            std::pair(false, std::string("Bearer")));
  EXPECT_EQ(place("bitbucket", "ATATT3x", {{"email", "ann@acme.test"}}),
            std::pair(true, std::string()));
  EXPECT_EQ(git_user_of(service("bitbucket"), {}), "x-token-auth");
  EXPECT_EQ(git_user_of(service("bitbucket"), {{"email", "ann@acme.test"}}),
            "x-bitbucket-api-token-auth");
  EXPECT_TRUE(accepts(service("linear"), Slot::Header, "authorization"));
}

TEST(BuiltIn, urls_of_the_provider_that_lead_back_are_named) {
  const auto field_at = [](const char* id, const char* path) -> std::string {
    const auto& rewrites = service(id).rewrite_body;
    const auto found = std::ranges::find_if(
        rewrites, [&](const BodyRewrite& each) { return path_matches(each.path_pattern, path); });
    return found == rewrites.end() ? "" : found->field;
  };
  EXPECT_EQ(field_at("firecrawl", "/v2/crawl"), "url");
  EXPECT_EQ(field_at("firecrawl", "/v1/batch/scrape"), "url");
  EXPECT_EQ(field_at("firecrawl", "/v2/crawl/7"), "next");
  EXPECT_EQ(field_at("anthropic", "/v1/messages/batches/b"), "results_url");
}

TEST(BuiltIn, usage_says_where_answers_state_their_cost) {
  ASSERT_EQ(service("anthropic").usage.size(), 1U);
  const auto& messages = service("anthropic").usage[0];
  EXPECT_EQ(messages.unit, "tokens");
  ASSERT_EQ(messages.fields.size(), 4U);
  EXPECT_EQ(messages.fields[0],
            (Usage::Alternatives{"usage.input_tokens", "message.usage.input_tokens"}));
  EXPECT_TRUE(messages.estimate);
  const auto in_background = std::ranges::find_if(service("openai").usage, [](const Usage& each) {
    return path_matches(each.path, "/v1/responses/resp_1");
  });
  ASSERT_NE(in_background, service("openai").usage.end());
  EXPECT_FALSE(in_background->estimate) << "whoever asks whether it is done pays nothing";
  const auto& eleven = service("elevenlabs").usage;
  ASSERT_EQ(eleven.size(), 3U);
  for (const auto& usage : eleven) EXPECT_EQ(usage.header, "character-cost");
  EXPECT_TRUE(eleven[0].estimate && eleven[1].estimate) << "of speech, which is charged at once";
  EXPECT_EQ(eleven[2].path, "/**");
  EXPECT_FALSE(eleven[2].estimate) << "octets of a recording are no characters";
  const auto& gemini = service("gemini").usage;
  ASSERT_FALSE(gemini.empty());
  for (const auto& usage : gemini) EXPECT_FALSE(usage.hidden_by.empty()) << usage.path;
  for (const char* path :
       {"/v1beta/models/gemini-2.5:generateContent", "/v1/models/gemini-2.5:streamGenerateContent",
        "/v1beta/models/e:embedContent", "/v1beta/tunedModels/x:generateContent"})
    EXPECT_TRUE(path_matches(gemini[0].path, path)) << path;
  for (const char* path :
       {"/v1beta/models", "/v1beta/models/gemini-2.5", "/v1beta/models/gemini-2.5:countTokens"})
    EXPECT_FALSE(path_matches(gemini[0].path, path)) << path;
}

}  // namespace
}  // namespace strongroom::catalog
