// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "api/console_files.h"
#include "base/encoding.h"
#include "crypto/crypto.h"

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

std::string tag_of(std::string_view content) {
  const crypto::Digest digest = crypto::sha256(bytes_of(content));
  return "\"" + to_hex(ByteView(digest).first(16)) + "\"";
}

}  // namespace

http::ServerResponse serve_console(const http::ServerRequest& request) {
  const std::string_view path =
      request.path == "/" ? std::string_view("/index.html") : std::string_view(request.path);
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
  const std::string tag = tag_of(file->content);
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("Content-Type", std::string(type_of(path)));
  add_protection(response.headers);
  if (request.header("if-none-match") == tag)
    response.status = 304;
  else
    response.body = file->content;
  return response;
}

}  // namespace strongroom::api
