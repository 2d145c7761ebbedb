// The built-in services: what they are, what they deny, and what their SDKs must be able to reach.
// SPDX-License-Identifier: Apache-2.0
#include "catalog/catalog.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "catalog/kinds.h"

namespace strongroom::catalog {
namespace {

const Catalog& built_in() {
  static const Catalog kCatalog = [] {
    auto catalog = Catalog::from_sources(built_in_sources());
    EXPECT_TRUE(catalog) << catalog.error().message;
    return catalog ? std::move(*catalog) : Catalog();
  }();
  return kCatalog;
}
const Service& service(const std::string& id) {
  const auto* found = built_in().find(id);
  EXPECT_NE(found, nullptr) << id;
  static const Service kNone;
  return found == nullptr ? kNone : *found;
}

bool is_denied(const Service& service, const std::string& method, const std::string& path,
               const std::string& host = {}) {
  return std::ranges::any_of(service.denied, [&](const DeniedPath& denied) {
    return denied.action != PathAction::Note && (denied.method == "*" || denied.method == method) &&
           (denied.host.empty() || denied.host == (host.empty() ? service.hosts.front() : host)) &&
           path_matches(denied.path, *canonical_path(path));
  });
}

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

TEST(Catalog, every_built_in_service_is_there_with_its_delivery) {
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

TEST(Catalog, no_proxied_service_puts_a_value_into_a_workroom) {
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

TEST(Catalog, keys_go_where_the_providers_want_them) {
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

TEST(Catalog, E10_passes_are_taken_in_every_place_where_a_key_is) {
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

TEST(Catalog, workrooms_get_what_the_sdks_read) {
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

TEST(Catalog, kinds_of_keys_go_where_the_providers_want_each) {
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

struct Call {
  const char* service;
  const char* method;
  const char* path;
  const char* host = "";
};

TEST(Catalog, routes_that_leak_or_mint_are_denied) {
  for (const auto& [id, method, path, host] : std::vector<Call>{
           {"gemini", "POST", "/v1alpha/auth_tokens"},
           {"gemini", "POST", "/v1beta/auth_tokens/"},
           {"gemini", "POST", "/v1alpha/auth_tokens:create"},
           {"gemini", "POST", "/v1beta/webhooks"},
           {"gemini", "POST", "/v1beta/webhooks:ping"},
           {"gemini", "POST", "/v1beta/agents:run"},
           {"gemini", "PATCH", "/v1beta/webhooks/7"},
           {"gemini", "POST", "/v1beta/webhooks/7:rotateSigningSecret"},
           {"gemini", "POST", "/v1beta/webhooks/7%3ArotateSigningSecret"},
           {"gemini", "GET", "/v1/triggers/1"},
           {"gemini", "GET",
            "//ws/"
            "google.ai.generativelanguage.v1alpha.GenerativeService."
            "BidiGenerateContentConstrained"},
           {"gemini", "POST", "/batch"},
           {"gemini", "POST",
            "/$rpc/google.ai.generativelanguage.v1alpha.AuthTokenService/CreateToken"},
           {"gemini", "POST", "/google.ai.generativelanguage.v1alpha.AuthTokenService/CreateToken"},
           {"elevenlabs", "POST", "/v1/service-accounts/x/api-keys"},
           {"elevenlabs", "POST", "/v1/single-use-token/tts_websocket"},
           {"elevenlabs", "GET", "/v1/convai/conversation/get_signed_url"},
           {"elevenlabs", "GET", "/v1/convai/conversation/get-signed-url"},
           {"elevenlabs", "GET", "/v1/convai/agents/a1/link"},
           {"elevenlabs", "POST", "/v1/workspaces/api-keys/disable"},
           {"elevenlabs", "POST", "/v1/convai/twilio/outbound-call"},
           {"elevenlabs", "POST", "/v1/convai/whatsapp/outbound-message"},
           {"elevenlabs", "POST", "/v1/convai/batch-calling/submit"},
           {"elevenlabs", "PATCH", "/v1/convai/settings"},
           {"heygen", "POST", "/v1/streaming.create_token"},
           {"heygen", "POST", "/v3/webhooks/endpoints/7/rotate-secret"},
           {"heygen", "POST", "/v1/webhook/endpoint.add"},
           {"heygen", "PATCH", "/v1/webhook/endpoint.update"},
           {"heygen", "GET", "/v1/webhook/endpoint.list"},
           {"heygen", "POST", "/v1/sessions/token", "api.liveavatar.com"},
           {"heygen", "POST", "/v1/sessions/token", "api.heygen.com"},
           {"heygen", "POST", "/v1/oauth/token", "api2.heygen.com"},
           {"heygen", "POST", "/v1/oauth/token", "api.heygen.com"},
           {"firecrawl", "PUT", "/v2/team/threat-protection"},
           {"firecrawl", "POST", "/v2/monitor"},
           {"firecrawl", "POST", "/v1/scrape/7/interact"},
           {"openai", "POST", "/v1/organization/admin_api_keys"},
           {"openai", "POST", "/v1/realtime/client_secrets"},
           {"openai", "POST", "/v1/chatkit/sessions"},
           {"openai", "POST", "/v1/realtime"},
           {"microsoft", "POST", "/v1.0/myorganization/$batch"},
           {"microsoft", "POST", "/v1.0/applications/a/addPassword"},
           {"microsoft", "POST", "/beta/applications(appId='a')/microsoft.graph.addPassword"},
           {"microsoft", "POST", "/v1.0/myorganization/servicePrincipals/s/addPassword"},
           {"microsoft", "POST",
            "/v1.0/users/u/ownedObjects/a/microsoft.graph.application/addPassword"},
           {"microsoft", "POST", "/v1.0/users/u/authentication/temporaryAccessPassMethods"},
           {"slack", "POST", "/api/openid.connect.token"},
           {"slack", "GET", "/api/apps.auth.external.get"},
           {"anthropic", "GET", "/v1/organizations/api_keys"},
           {"anthropic", "POST", "/v1/tunnels/1/reveal_token"},
           {"anthropic", "GET", "/v1/environments/e/work/1"},
           {"vertex", "POST", "/v1/projects/p/locations/l/endpoints/e:setIamPolicy"},
           {"vertex", "POST", "/google.cloud.aiplatform.v1.PredictionService/GenerateContent"},
           {"mistral", "POST", "/v1/admin/api-keys"},
           {"mistral", "GET", "/v1/files/f/url"},
           {"mistral", "GET", "/v1/libraries/l/documents/d/extracted-text-signed-url"},
           {"replicate", "GET", "/v1/webhooks/default/secret"},
           {"replicate", "POST", "/v1/deployments"},
           {"deepgram", "POST", "/v1/auth/grant"},
           {"deepgram", "POST", "/v1/projects/p/keys"},
           {"deepgram", "DELETE", "/v1/projects/p"},
           {"assemblyai", "GET", "/v3/token", "streaming.assemblyai.com"},
           {"assemblyai", "POST", "/v2/realtime/token"},
           {"runway", "POST", "/v1/realtime_sessions"},
           {"fal", "POST", "/tokens/", "rest.fal.ai"},
           {"fal", "POST", "/tokens/", "rest.alpha.fal.ai"},
           {"fal", "POST", "/v1/keys", "api.fal.ai"},
           {"perplexity", "POST", "/generate_auth_token"},
           {"perplexity", "POST", "/revoke_auth_token"},
           {"tavily", "POST", "/generate-keys"},
           {"exa", "POST", "/websets/v0/webhooks"},
           {"cohere", "POST", "/v1/connectors"},
           {"together", "POST", "/v1/deployments/secrets"},
           {"openrouter", "POST", "/api/v1/keys"},
           {"openrouter", "POST", "/api/v1/auth/keys"},
           {"xai", "POST", "/v1/realtime/client_secrets"},
       })
    EXPECT_TRUE(is_denied(service(id), method, path, host)) << id << " " << method << " " << path;
}

TEST(Catalog, uses_of_routes_that_lead_past_the_gateway_are_noted) {
  const auto is_noted = [](const std::string& path) {
    return std::ranges::any_of(service("heygen").denied, [&](const DeniedPath& denied) {
      return denied.action == PathAction::Note && path_matches(denied.path, path);
    });
  };
  EXPECT_TRUE(is_noted("/v3/assets/direct-uploads"));
  EXPECT_TRUE(is_noted("/v3/assets/direct-uploads/batches"));
}

TEST(Catalog, what_mints_credentials_outright_nobody_can_open) {
  for (const auto& [id, path] :
       std::vector<std::pair<std::string, std::string>>{{"gemini", "/v1beta/auth_tokens"},
                                                        {"elevenlabs", "/v1/single-use-token/x"},
                                                        {"elevenlabs", "/v1/service-accounts/x"},
                                                        {"openai", "/v1/realtime/client_secrets"},
                                                        {"anthropic", "/v1/vaults/x"},
                                                        {"heygen", "/v1/streaming.create_token"},
                                                        {"mistral", "/v1/admin/api-keys"},
                                                        {"deepgram", "/v1/auth/grant"},
                                                        {"assemblyai", "/v3/token"},
                                                        {"fal", "/tokens/"},
                                                        {"perplexity", "/generate_auth_token"},
                                                        {"tavily", "/generate-keys"},
                                                        {"openrouter", "/api/v1/keys"},
                                                        {"xai", "/v1/realtime/client_secrets"}})
    for (const auto& denied : service(id).denied)
      if (path_matches(denied.path, path)) EXPECT_EQ(denied.action, PathAction::Deny) << path;
}

TEST(Catalog, routes_that_the_sdks_need_are_open) {
  for (const auto& [id, method, path, host] : std::vector<Call>{
           {"gemini", "POST", "/v1/models/gemini-2.5-flash:generateContent"},
           {"gemini", "POST", "/v1beta/models/gemini-2.5-flash:streamGenerateContent"},
           {"gemini", "POST", "/v1/models/gemini-embedding-001:batchEmbedContents"},
           {"gemini", "POST", "/upload/v1beta/files"},
           {"gemini", "GET", "/v1beta/files/x:download"},
           {"gemini", "POST", "/v1beta/openai/chat/completions"},
           {"gemini", "GET",
            "//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"},
           {"elevenlabs", "GET", "/v1/voices"},
           {"elevenlabs", "GET", "/v1/user/subscription"},
           {"elevenlabs", "POST", "/v1/text-to-speech/v/stream"},
           {"elevenlabs", "GET", "/v1/text-to-speech/v/stream-input"},
           {"elevenlabs", "GET", "/v1/convai/conversation"},
           {"elevenlabs", "GET", "/v1/user"},
           {"heygen", "POST", "/v3/assets/direct-uploads"},
           {"heygen", "POST", "/v2/video/generate"},
           {"heygen", "GET", "/v3/users/me"},
           {"heygen", "POST", "/v1/asset", "upload.heygen.com"},
           {"firecrawl", "POST", "/v2/scrape"},
           {"firecrawl", "GET", "/v2/crawl/7"},
           {"firecrawl", "GET", "/v2/team/credit-usage"},
           {"openai", "POST", "/v1/chat/completions"},
           {"openai", "POST", "/v1/files"},
           {"openai", "GET", "/v1/realtime"},
           {"microsoft", "GET", "/v1.0/me/messages"},
           {"microsoft", "PATCH", "/v1.0/applications/a"},
           {"anthropic", "POST", "/v1/messages"},
           {"anthropic", "GET", "/v1/messages/batches/b/results"},
           {"anthropic", "POST", "/v1/files"},
           {"vertex", "POST", "/v1beta1/publishers/google/models/gemini-2.5:generateContent"},
           {"mistral", "POST", "/v1/chat/completions"},
           {"mistral", "GET", "/v1/files/f/content"},
           {"replicate", "POST", "/v1/models/o/m/predictions"},
           {"replicate", "GET", "/v1/stream/x", "stream.replicate.com"},
           {"deepgram", "GET", "/v1/projects/p"},
           {"deepgram", "GET", "/v1/agent/converse", "agent.deepgram.com"},
           {"assemblyai", "GET", "/v3/ws", "streaming.assemblyai.com"},
           {"runway", "POST", "/v1/uploads"},
           {"fal", "POST", "/fal-ai/flux/dev", "queue.fal.run"},
           {"fal", "POST", "/storage/upload/initiate", "rest.fal.ai"},
           {"perplexity", "POST", "/chat/completions"},
           {"exa", "POST", "/websets/v0/websets"},
           {"openrouter", "GET", "/api/v1/credits"},
           {"xai", "GET", "/v1/realtime"},
       })
    EXPECT_FALSE(is_denied(service(id), method, path, host)) << id << " " << method << " " << path;
}

TEST(Catalog, urls_of_the_provider_that_lead_back_are_named) {
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

TEST(Catalog, every_check_could_be_asked_and_is_not_denied) {
  for (const auto& [id, each] : built_in().services()) {
    if (each.check.method.empty()) continue;
    const std::string path = each.check.path.substr(0, each.check.path.find('?'));
    EXPECT_FALSE(is_denied(each, each.check.method, path, each.check.host + "x")) << id;
    EXPECT_FALSE(each.check.invalid_body.empty()) << id << ": a status alone proves nothing";
  }
  EXPECT_EQ(service("gitlab").host_setting, "host") << "a token is shown to its own host only";
  for (const char* id : {"npm", "pypi"}) EXPECT_EQ(service(id).host_setting, "host") << id;
  for (const char* id : {"github", "docker"})
    EXPECT_EQ(service(id).check.only_for.size(), 1U) << id;
}

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

TEST(Catalog, usage_says_where_answers_state_their_cost) {
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
