// SPDX-License-Identifier: Apache-2.0
#include "api/errors.h"

namespace strongroom::api {
namespace {

std::string_view hint_of(const Error& error) {
  if (error.reason == "sign_in_refused") return {};
  if (error.reason == "invitation_unknown") return "an owner, an admin or the operator makes it";
  switch (error.code) {
    case Code::Unauthorized:
      return "send 'Authorization: Bearer' with the content of operator.token, or use control.sock "
             "as the server's user";
    case Code::Sealed:
      return "the server must be started with its seal open";
    case Code::Storage:
      return "look at the disk that holds the data directory";
    case Code::Tampered:
      return "something changed the data behind the server's back; see docs/operations.md";
    default:
      return {};
  }
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::Invalid:
      return 400;
    case Code::NotFound:
      return 404;
    case Code::Conflict:
      return 409;
    case Code::Refused:
    case Code::Revoked:
    case Code::Expired:
      return 403;
    case Code::Unauthorized:
      return 401;
    case Code::TooLarge:
      return 413;
    case Code::Unsupported:
      return 501;
    case Code::Timeout:
      return 504;
    case Code::Network:
    case Code::Protocol:
      return 502;
    case Code::Sealed:
    case Code::Cancelled:
    case Code::Unavailable:
      return 503;
    case Code::Tampered:
    case Code::Storage:
    case Code::Internal:
      return 500;
  }
  return 500;
}

int status_of(const Error& error) {
  return error.reason == "too_many_tries" ? 429 : status_of(error.code);
}

http::ServerResponse to_response(const Error& error) {
  const std::string_view word =
      error.reason.empty() ? name_of(error.code) : std::string_view(error.reason);
  http::ServerResponse response =
      http::error_response(status_of(error), word, error.message, hint_of(error));
  if (error.code == Code::Unauthorized)
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"strongroom\"");
  return response;
}

}  // namespace strongroom::api
