// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "catalog/catalog.h"

namespace strongroom::catalog {
namespace {

TEST(Names, J4_dangerous_variables_are_refused) {
  for (const char* name : {"LD_PRELOAD",
                           "LD_LIBRARY_PATH",
                           "LD_AUDIT",
                           "PATH",
                           "NODE_OPTIONS",
                           "NODE_EXTRA_CA_CERTS",
                           "BASH_ENV",
                           "ENV",
                           "IFS",
                           "SHELLOPTS",
                           "PS4",
                           "PROMPT_COMMAND",
                           "GIT_SSH_COMMAND",
                           "GIT_SSH",
                           "GIT_CONFIG_COUNT",
                           "GIT_EXEC_PATH",
                           "GIT_ASKPASS",
                           "SSH_ASKPASS",
                           "PYTHONPATH",
                           "PYTHONSTARTUP",
                           "PERL5LIB",
                           "PERL5OPT",
                           "RUBYOPT",
                           "JAVA_TOOL_OPTIONS",
                           "CLASSPATH",
                           "GOFLAGS",
                           "RUSTC_WRAPPER",
                           "CARGO_HOME",
                           "HOME",
                           "SHELL",
                           "EDITOR",
                           "PAGER",
                           "LESSOPEN",
                           "BROWSER",
                           "KUBECONFIG",
                           "DOCKER_HOST",
                           "DOCKER_AUTH_CONFIG",
                           "AWS_CONFIG_FILE",
                           "CLOUDSDK_PYTHON",
                           "HTTPS_PROXY",
                           "NO_PROXY",
                           "SSL_CERT_FILE",
                           "SSLKEYLOGFILE",
                           "CURL_CA_BUNDLE",
                           "WGETRC",
                           "WGET_ASKPASS",
                           "OPENSSL_CONF",
                           "TMPDIR",
                           "XDG_CONFIG_HOME",
                           "ELECTRON_RUN_AS_NODE",
                           "MAKEFLAGS",
                           "CC",
                           "ZDOTDIR",
                           "STRONGROOM_SESSION",
                           "STRONGROOM",
                           "QT_PLUGIN_PATH",
                           "CUDA_INJECTION64_PATH"})
    EXPECT_FALSE(check_variable_name(name)) << name;
}

TEST(Names, J4_names_have_one_shape) {
  for (const char* name : {"", "lower", "Mixed", "1A", "_A", "A-B", "A B", "A=B", "A.B", "A\n",
                           "BASH_FUNC_x%%", "\xc3\x84"})
    EXPECT_FALSE(check_variable_name(name)) << name;
  EXPECT_FALSE(check_variable_name(std::string(65, 'A')));
  EXPECT_FALSE(check_variable_name(std::string_view("A\0B", 3)));
  EXPECT_TRUE(check_variable_name(std::string(64, 'A')));
}

TEST(Names, J3_variables_of_proxied_services_are_refused) {
  for (const char* name :
       {"GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GEMINI_BASE_URL", "OPENAI_API_KEY",
        "OPENAI_BASE_URL", "OPENAI_ADMIN_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN",
        "FIRECRAWL_API_KEY", "FIRECRAWL_API_URL", "ELEVENLABS_API_KEY", "HEYGEN_API_KEY",
        "HEYGEN_API_BASE", "HEYGEN_ALLOW_HTTP"})
    EXPECT_FALSE(check_variable_name(name)) << name;
}

TEST(Names, ordinary_variables_are_allowed) {
  for (const char* name :
       {"MY_SERVICE_TOKEN", "SENTRY_DSN",      "STRIPE_KEY",           "A",
        "MAILGUN_API_KEY",  "GOOGLE_MAPS_KEY", "GOCARDLESS_TOKEN",     "LANGSMITH_API_KEY",
        "MAKE_API_KEY",     "NPM_TOKEN",       "NODE_AUTH_TOKEN",      "AWS_SECRET_ACCESS_KEY",
        "SLACK_BOT_TOKEN",  "ASANA_TOKEN",     "TWINE_PASSWORD",       "GIT_TOKEN",
        "REDISCLI_AUTH",    "MONGODB_URI",     "GENERIC_HTTP_API_KEY", "UV_PUBLISH_TOKEN"})
    EXPECT_TRUE(check_variable_name(name)) << name;
}

}  // namespace
}  // namespace strongroom::catalog
