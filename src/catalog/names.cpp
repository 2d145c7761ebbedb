// The rule for names of variables. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>

#include "catalog/catalog.h"
#include "catalog/rules.h"

namespace strongroom::catalog {
namespace {

/// Names that change what programs load, run, trust or write, or that the runtime sets itself
/// (threats.md J4). An entry that ends in '*' is a prefix.
// clang-format off
constexpr auto kRefused = std::to_array<std::string_view>({
    // the dynamic loader and the C library
    "LD_*", "DYLD_*", "GLIBC_*", "MALLOC_*", "GCONV_PATH", "LOCPATH", "NLSPATH", "HOSTALIASES",
    "LOCALDOMAIN", "RES_OPTIONS", "RESOLV_*", "TZDIR", "GETCONF_DIR", "ASAN_*", "UBSAN_*", "TSAN_*",
    "MSAN_*", "LSAN_*",
    // shells and the terminal
    "PATH", "HOME", "SHELL", "SHELLOPTS", "BASHOPTS", "BASH_*", "ENV", "IFS", "PS1", "PS2", "PS3",
    "PS4", "PROMPT_COMMAND", "CDPATH", "FPATH", "ZDOTDIR", "ZSH*", "HISTFILE", "INPUTRC", "FCEDIT",
    "USER", "LOGNAME", "PWD", "OLDPWD", "TMP", "TEMP", "TMPDIR", "TERM", "TERMCAP", "TERMINFO*",
    "LANG", "LANGUAGE", "LC_*", "TZ", "MAIL", "MAILPATH", "MAILCHECK", "EDITOR", "VISUAL", "PAGER",
    "BROWSER", "LESS", "LESSOPEN", "LESSCLOSE", "LESSKEY*", "LESSEDIT", "MANPAGER", "MANOPT",
    "MANPATH", "VIM", "VIMINIT", "VIMRUNTIME", "EXINIT", "EMACS*", "GREP_*",
    // language runtimes and package managers
    "NODE_*", "ELECTRON_*", "NPM_CONFIG_*", "YARN_*", "COREPACK_*", "DENO_*", "BUN_*", "PYTHON*",
    "IPYTHON*", "JUPYTER_*", "PIP_*", "UV_*", "VIRTUAL_ENV*", "CONDA_*", "PERL*", "RUBY*", "GEM_*",
    "BUNDLE_*", "JAVA_*", "JDK_*", "_JAVA_*", "CLASSPATH", "MAVEN_*", "GRADLE_*", "KOTLIN_*",
    "SCALA_*", "SBT_*", "GOPATH", "GOROOT", "GOFLAGS", "GOPROXY", "GONOPROXY", "GOSUMDB",
    "GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GOINSECURE", "GOENV", "GOBIN", "GOCACHE*",
    "GOMODCACHE", "GOTOOL*", "GOWORK", "GOAUTH", "GOVCS", "GODEBUG", "GOEXPERIMENT", "GOOS",
    "GOARCH", "GOTMPDIR", "GOTRACEBACK", "GOCOVERDIR", "CARGO_*", "RUST*", "PHP*", "COMPOSER_*",
    "LUA_*", "TCL*", "R_HOME", "R_LIBS*", "R_PROFILE*", "R_ENVIRON*", "JULIA_*", "ERL_*",
    "ELIXIR_*", "MIX_*", "GUILE_*", "OCAML*", "GHC*", "DOTNET_*", "CORECLR_*", "COMPLUS_*",
    "NUGET_*", "NIX_*",
    // compilers and build tools
    "CC", "CXX", "CPP", "AR", "AS", "LD", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CPATH",
    "LIBRARY_PATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "COMPILER_PATH", "GCC_*", "CMAKE_*",
    "MAKEFLAGS", "MAKEFILES", "MFLAGS", "CUDA_INJECTION*", "OMP_TOOL_LIBRARIES",
    // tools that run what a variable names
    "GIT_*", "SSH_*", "GPG_*", "GNUPGHOME", "DOCKER_*", "KUBECONFIG", "KUBERNETES_*",
    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "CLOUDSDK_PYTHON*", "CLOUDSDK_CONFIG",
    "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "ANSIBLE_*", "TF_CLI_*", "RSYNC_*", "CVS_*",
    "SVN_*",
    // the desktop and the system
    "SUDO_*", "SYSTEMD_*", "DBUS_*", "XDG_*", "DISPLAY", "XAUTHORITY", "WAYLAND_*", "QT_*", "GTK_*",
    "GDK_*", "GIO_*", "GST_*", "LIBGL_*", "VK_*",
    // where traffic goes, and whom it trusts
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY", "SSL_*", "SSLKEYLOGFILE",
    "CURL_*", "WGETRC", "WGET_*", "SYSTEM_WGETRC", "REQUESTS_*", "OPENSSL_*", "GNUTLS_*",
    "AWS_CA_BUNDLE", "GRPC_*",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "HEX_CACERTS_PATH",
    // ours
    "STRONGROOM*",
});
// clang-format on

/// These carry a credential and nothing else, whatever the prefix says.
constexpr auto kHarmless =
    std::to_array<std::string_view>({"GIT_TOKEN", "NODE_AUTH_TOKEN", "UV_PUBLISH_TOKEN"});
/// It may name programs that fetch credentials, too: harmless as a service's file writes it, not
/// with whatever a tenant stores.
constexpr std::string_view kWrittenByServices = "DOCKER_AUTH_CONFIG";

/// Variables that carry a provider's key: those keys are proxied, never injected (threats.md J3).
std::set<std::string, std::less<>> proxied_names() {
  std::set<std::string, std::less<>> names;
  for (const auto& source : built_in_sources()) {
    const auto service = parse_service(source);
    if (!service || service->delivery != Delivery::Proxied) continue;
    for (const auto& variable : service->variables)
      if (is_variable_name(variable.name)) names.insert(variable.name);
    names.insert(service->unset.begin(), service->unset.end());
  }
  return names;
}

bool belongs_to_proxied(std::string_view name) {
  static const auto kNames = proxied_names();
  return kNames.contains(name);
}

}  // namespace

bool changes_programs(std::string_view name) {
  if (name == kWrittenByServices) return false;
  if (std::ranges::find(kHarmless, name) != kHarmless.end()) return false;
  return std::ranges::any_of(kRefused, [&](std::string_view refused) {
    if (refused.ends_with('*')) return name.starts_with(refused.substr(0, refused.size() - 1));
    return name == refused;
  });
}

Status check_variable_name(std::string_view name) {
  if (!is_variable_name(name))
    return fail(Code::Invalid,
                "a variable's name has 1 to 64 characters of A-Z, 0-9 and '_' and starts with a "
                "letter");
  if (changes_programs(name) || name == kWrittenByServices)
    return fail(Code::Invalid, "the variable " + std::string(name) +
                                   " is not allowed: it changes what programs load, run or trust");
  if (belongs_to_proxied(name))
    return fail(Code::Invalid, "the variable " + std::string(name) +
                                   " belongs to a proxied service: add its key under that service");
  return {};
}

}  // namespace strongroom::catalog
