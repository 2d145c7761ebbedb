// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

namespace strongroom {

std::string_view name_of(Code code) noexcept {
  switch (code) {
    case Code::Invalid:
      return "invalid";
    case Code::NotFound:
      return "not_found";
    case Code::Conflict:
      return "conflict";
    case Code::Refused:
      return "refused";
    case Code::Unauthorized:
      return "unauthorized";
    case Code::Revoked:
      return "revoked";
    case Code::Expired:
      return "expired";
    case Code::Sealed:
      return "sealed";
    case Code::Tampered:
      return "tampered";
    case Code::TooLarge:
      return "too_large";
    case Code::Timeout:
      return "timeout";
    case Code::Cancelled:
      return "cancelled";
    case Code::Unavailable:
      return "unavailable";
    case Code::Network:
      return "network";
    case Code::Protocol:
      return "protocol";
    case Code::Storage:
      return "storage";
    case Code::Unsupported:
      return "unsupported";
    case Code::Internal:
      return "internal";
  }
  return "internal";
}

}  // namespace strongroom
