// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console_files.h"
#include "http/head.h"

namespace strongroom::api {
namespace {

std::string_view type_of(std::string_view path) {
  if (path.ends_with(".html")) return "text/html; charset=utf-8";
  if (path.ends_with(".css")) return "text/css; charset=utf-8";
  if (path.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (path.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

void add_protection(http::TextPairs& headers) {
  headers.emplace_back("Content-Security-Policy",
                       "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
                       "'none'; object-src 'none'; "
                       "require-trusted-types-for 'script'; trusted-types 'none'");
  headers.emplace_back("X-Content-Type-Options", "nosniff");
  headers.emplace_back("X-Frame-Options", "DENY");
  headers.emplace_back("Referrer-Policy", "no-referrer");
  headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  headers.emplace_back("Permissions-Policy", "camera=(), microphone=(), geolocation=()");
}

/// Names of files below /assets/ hold a hash of their content: they never change.
std::string_view caching_of(std::string_view path) {
  return path.starts_with("/assets/") ? "public, max-age=31536000, immutable" : "no-cache";
}

bool takes_gzip(const http::ServerRequest& request) {
  // With a weight, which may be zero, the plain file is always right.
  return http::list_has(request.header("accept-encoding"), "gzip");
}

}  // namespace

http::ServerResponse serve_console(const http::ServerRequest& request) {
  // Where a login, or a sign-in, at a provider brings a browser back to, and the page itself.
  const bool is_page = request.path == "/" || request.path == "/oauth/callback" ||
                       request.path == "/sign-in/callback";
  const std::string_view path =
      is_page ? std::string_view("/index.html") : std::string_view(request.path);
  const auto file = std::ranges::find(console_files(), path, &ConsoleFile::path);
  if (file == console_files().end()) {
    http::ServerResponse missing = http::error_response(404, "not_found", "there is nothing here");
    add_protection(missing.headers);
    return missing;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    http::ServerResponse refused = http::error_response(405, "method_not_allowed", "only GET here");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  http::ServerResponse response;
  response.headers.emplace_back("ETag", std::string(file->tag));
  response.headers.emplace_back("Cache-Control", std::string(caching_of(path)));
  response.headers.emplace_back("Content-Type", std::string(type_of(path)));
  response.headers.emplace_back("Vary", "Accept-Encoding");
  add_protection(response.headers);
  if (request.header("if-none-match") == file->tag) {
    response.status = 304;
  } else if (!file->gzip.empty() && takes_gzip(request)) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = file->gzip;
  } else {
    response.body = file->content;
  }
  return response;
}

}  // namespace strongroom::api
