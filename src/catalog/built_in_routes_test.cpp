// Routes of the built-in services: what they deny, and what their SDKs must be able to reach.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "catalog/built_in_for_test.h"

namespace strongroom::catalog {
namespace {

bool is_denied(const Service& service, const std::string& method, const std::string& path,
               const std::string& host = {}) {
  return std::ranges::any_of(service.denied, [&](const DeniedPath& denied) {
    return denied.action != PathAction::Note && (denied.method == "*" || denied.method == method) &&
           (denied.host.empty() || denied.host == (host.empty() ? service.hosts.front() : host)) &&
           path_matches(denied.path, *canonical_path(path));
  });
}

struct Call {
  const char* service;
  const char* method;
  const char* path;
  const char* host = "";
};

TEST(BuiltInRoutes, routes_that_leak_or_mint_are_denied) {
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

TEST(BuiltInRoutes, uses_of_routes_that_lead_past_the_gateway_are_noted) {
  const auto is_noted = [](const std::string& path) {
    return std::ranges::any_of(service("heygen").denied, [&](const DeniedPath& denied) {
      return denied.action == PathAction::Note && path_matches(denied.path, path);
    });
  };
  EXPECT_TRUE(is_noted("/v3/assets/direct-uploads"));
  EXPECT_TRUE(is_noted("/v3/assets/direct-uploads/batches"));
}

TEST(BuiltInRoutes, what_mints_credentials_outright_nobody_can_open) {
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

TEST(BuiltInRoutes, routes_that_the_sdks_need_are_open) {
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

TEST(BuiltInRoutes, every_check_could_be_asked_and_is_not_denied) {
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

}  // namespace
}  // namespace strongroom::catalog
