// SPDX-License-Identifier: Apache-2.0
#include "api/admission.h"

#include <algorithm>

#include "http/head.h"

namespace strongroom::api {
namespace {

bool is_local_socket(const http::ServerRequest& request) {
  return request.peer.unix_uid.has_value();
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
  return host.substr(0, host.find(':'));
}

bool is_own_name(std::string_view host, const ControlOptions& options) {
  const std::string_view name = without_port(host);
  for (const std::string_view loopback : {"localhost", "127.0.0.1", "[::1]"})
    if (http::equals_ignoring_case(name, loopback)) return true;
  return std::ranges::any_of(options.allowed_hosts, [name](const std::string& own) {
    return http::equals_ignoring_case(name, own);
  });
}

/// Fetch metadata and Origin: browsers say truthfully where a request comes from.
bool is_cross_site(const http::ServerRequest& request) {
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return true;
  if (request.count_headers("origin") == 0) return false;
  const std::string own =
      (request.is_tls ? "https://" : "http://") + std::string(request.header("host"));
  return request.count_headers("origin") > 1 ||
         !http::equals_ignoring_case(request.header("origin"), own);
}

/// Empty: none, or not one alone.
std::string_view bearer(const http::ServerRequest& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view text = request.header("authorization");
  if (request.count_headers("authorization") != 1 || text.size() <= kScheme.size()) return {};
  if (!http::starts_ignoring_case(text, kScheme)) return {};
  return text.substr(kScheme.size());
}

bool has_operator_token(const http::ServerRequest& request, const ControlOptions& options) {
  return !bearer(request).empty() && equal_constant_time(bearer_hash(request), options.token_hash);
}

}  // namespace

crypto::Digest bearer_hash(const http::ServerRequest& request) {
  return crypto::sha256(bytes_of(bearer(request)));
}

bool has_runner_credential(const http::ServerRequest& request) {
  return bearer(request).starts_with(vault::kRunnerCredentialStart);
}

Status check_site(const http::ServerRequest& request) {
  if (is_local_socket(request) || !is_cross_site(request)) return {};
  return fail(Code::Refused, "calls from another site's page are refused", "cross_site_refused");
}

Status check_host(const http::ServerRequest& request, const ControlOptions& options) {
  if (is_local_socket(request)) return {};
  if (!request.is_private && !options.plain_http_from_afar)
    return fail(Code::Refused, "this server is spoken to over TLS from other machines: https://",
                "tls_required");
  if (is_own_name(request.header("host"), options)) return {};
  return fail(Code::Refused, "this server does not go by that name", "host_refused");
}

Status check_operator(const http::ServerRequest& request, const ControlOptions& options) {
  STRONGROOM_CHECKED(check_site(request));
  if (is_local_socket(request)) {
    const int uid = *request.peer.unix_uid;
    if (uid == 0 || (uid > 0 && static_cast<unsigned>(uid) == options.owner_uid)) return {};
  }
  if (has_operator_token(request, options)) return {};
  return fail(Code::Unauthorized, "no or unknown credential");
}

std::string_view cookie(const http::ServerRequest& request, std::string_view name) {
  if (request.count_headers("cookie") != 1) return {};
  std::string_view found;
  std::string_view rest = request.header("cookie");
  while (!rest.empty()) {
    std::string_view each = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(each.size() + 1, rest.size()));
    each.remove_prefix(std::min(each.find_first_not_of(' '), each.size()));
    if (!each.starts_with(name) || each.substr(name.size(), 1) != "=") continue;
    if (!found.empty()) return {};
    found = each.substr(name.size() + 1);
  }
  return found;
}

Credential credential_of(const http::ServerRequest& request) {
  Credential out;
  out.bearer = bearer_hash(request);
  const std::string_view half = cookie(request, kSignInCookie);
  if (request.count_headers("authorization") == 0 && half.starts_with(vault::kSignInStart))
    out.sign_in = vault::SignInHalves{crypto::sha256(bytes_of(half)),
                                      crypto::sha256(bytes_of(request.header("x-csrf-token")))};
  return out;
}

Result<vault::Actor> find_again(const Credential& credential, vault::Vault& vault) {
  return credential.sign_in ? vault.actor_of_sign_in(*credential.sign_in)
                            : vault.actor_of_token(credential.bearer);
}

Result<vault::Actor> find_caller(const http::ServerRequest& request, const ControlOptions& options,
                                 vault::Vault& vault) {
  if (bearer(request).starts_with(vault::kTokenStart)) {
    STRONGROOM_CHECKED(check_site(request));
    return vault.actor_of_token(bearer_hash(request));
  }
  if (const Credential credential = credential_of(request); credential.sign_in) {
    STRONGROOM_CHECKED(check_site(request));
    return find_again(credential, vault);
  }
  STRONGROOM_CHECKED(check_operator(request, options));
  return vault::Actor::installation("operator");
}

}  // namespace strongroom::api
