// SPDX-License-Identifier: Apache-2.0
#include "gateway/verdict.h"

#include "http/coding/content_coding.h"

namespace strongroom::gateway {

lease::Verdict to_lease(catalog::KeyVerdict verdict) {
  switch (verdict) {
    case catalog::KeyVerdict::Accepted:
      return lease::Verdict::Accepted;
    case catalog::KeyVerdict::Refused:
      return lease::Verdict::Rejected;
    case catalog::KeyVerdict::Unknown:
      return lease::Verdict::Unknown;
  }
  return lease::Verdict::Unknown;
}

lease::Verdict verdict_of(const catalog::Check& check, int status,
                          std::string_view content_encoding, ByteView body) {
  if (!catalog::may_refuse_key(check, status))
    return to_lease(catalog::verdict_of(check, status, std::nullopt));
  const auto text = http::decode_start(content_encoding, body, http::kMaxDecodedStart);
  return to_lease(catalog::verdict_of(
      check, status, text ? std::optional<std::string_view>(*text) : std::nullopt));
}

bool says_rejected(const catalog::Check& check, const lease::GrantedLease* granted, int status) {
  return granted != nullptr && granted->key_is_rejected && catalog::may_refuse_key(check, status);
}

}  // namespace strongroom::gateway
