// The rule for names of variables that a tenant chooses. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "catalog/catalog.h"

namespace strongroom::catalog {
namespace {

/// Names that change what programs load, run, trust or write, or that the runtime sets itself. An entry that ends in '*' is a prefix.
constexpr std::array<std::string_view, 96> kRefused = {
    "LD_*", "DYLD_*", "GLIBC_*", "MALLOC_*", "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES", "LOCALDOMAIN", "RES_OPTIONS", "RESOLV_*",
    "PATH", "HOME", "SHELL", "SHELLOPTS", "BASHOPTS", "BASH_*", "ENV", "IFS", "PS1", "PS4", "PROMPT_COMMAND", "CDPATH", "USER", "LOGNAME",
    "PWD", "OLDPWD", "TMPDIR", "TERM", "TERMINFO*", "LANG", "LC_*", "TZ", "MAIL*", "EDITOR", "VISUAL", "PAGER", "BROWSER", "LESS*", "MANPAGER",
    "NODE_*", "NPM_CONFIG_*", "YARN_*", "PYTHON*", "PIP_*", "UV_*", "PERL*", "RUBY*", "GEM_*", "BUNDLE_*", "JAVA_*", "JDK_*", "_JAVA_*",
    "CLASSPATH", "MAVEN_*", "GRADLE_*", "GO*", "CARGO_*", "RUST*", "DENO_*", "BUN_*", "PHP*", "LUA_*", "R_*", "DOTNET_*", "CORECLR_*",
    "GIT_*", "SSH_*", "GPG_*", "GNUPGHOME", "DOCKER_*", "KUBECONFIG", "SUDO_*", "SYSTEMD_*", "DBUS_*", "XDG_*", "DISPLAY", "WAYLAND_*",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY", "SSL_*", "CURL_*", "REQUESTS_*", "OPENSSL_*", "AWS_CA_BUNDLE",
    "STRONGROOM*", "CC", "CXX", "CFLAGS", "MAKE*"};

bool is_refused(std::string_view name) {
  return std::any_of(kRefused.begin(), kRefused.end(), [&](std::string_view refused) {
    if (refused.ends_with('*')) return name.starts_with(refused.substr(0, refused.size() - 1));
    return !refused.empty() && name == refused;
  });
}

bool is_shaped_right(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] >= 'A' && name[0] <= 'Z' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Variables that carry a provider's key: those keys are proxied, never injected (threats.md J3).
bool belongs_to_proxied(std::string_view name) {
  for (const auto& source : built_in_sources()) {
    const auto service = parse_service(source);
    if (!service || service->delivery != Delivery::Proxied || !service->host_setting.empty()) continue;
    for (const auto& variable : service->variables)
      if (variable.name == name) return true;
    if (std::find(service->unset.begin(), service->unset.end(), name) != service->unset.end()) return true;
  }
  return false;
}

}  // namespace

Status check_variable_name(std::string_view name) {
  if (!is_shaped_right(name)) return fail(Code::Invalid, "a variable's name has 1 to 64 characters of A-Z, 0-9 and '_' and starts with a letter");
  if (is_refused(name))
    return fail(Code::Invalid, "the variable " + std::string(name) + " is not allowed: it changes what programs load, run or trust");
  if (belongs_to_proxied(name))
    return fail(Code::Invalid, "the variable " + std::string(name) + " belongs to a proxied service: add its key under that service");
  return {};
}

}  // namespace strongroom::catalog
