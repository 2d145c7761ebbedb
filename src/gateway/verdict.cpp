// SPDX-License-Identifier: Apache-2.0
#include "gateway/verdict.h"

#include <algorithm>

#include "http/coding/content_coding.h"

namespace strongroom::gateway {
namespace {

bool holds_any(std::string_view text, const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return text.find(word) != std::string_view::npos;
  });
}

}  // namespace

bool may_refuse_key(const catalog::Check& check, int status) {
  return std::find(check.invalid_status.begin(), check.invalid_status.end(), status) !=
         check.invalid_status.end();
}

lease::Verdict verdict_of_check(const catalog::Check& check, int status, ByteView body) {
  const bool is_error_by_words = status >= 200 && status < 300 && may_refuse_key(check, status) &&
                                 holds_any(text_of(body), check.invalid_body) &&
                                 !holds_any(text_of(body), check.valid_despite_body);
  return is_error_by_words ? lease::Verdict::Rejected : verdict_of(check, status, {}, body);
}

lease::Verdict verdict_of(const catalog::Check& check, int status,
                          std::string_view content_encoding, ByteView body) {
  if (status >= 200 && status < 300) return lease::Verdict::Accepted;
  if (!may_refuse_key(check, status)) return lease::Verdict::Unknown;
  const auto text = http::decode_start(content_encoding, body, http::kMaxDecodedStart);
  if (!text) return lease::Verdict::Unknown;
  if (holds_any(*text, check.valid_despite_body)) return lease::Verdict::Accepted;
  const bool is_refused = check.invalid_body.empty() || holds_any(*text, check.invalid_body);
  return is_refused ? lease::Verdict::Rejected : lease::Verdict::Unknown;
}

}  // namespace strongroom::gateway
