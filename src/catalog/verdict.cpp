// SPDX-License-Identifier: Apache-2.0
#include "catalog/verdict.h"

#include <algorithm>

namespace strongroom::catalog {
namespace {

bool is_success(int status) {
  return status >= 200 && status < 300;
}

bool holds_any(std::string_view text, const std::vector<std::string>& words) {
  return std::ranges::any_of(words, [&](const std::string& word) { return text.contains(word); });
}

}  // namespace

bool may_refuse_key(const Check& check, int status) {
  return std::ranges::find(check.invalid_status, status) != check.invalid_status.end();
}

KeyVerdict verdict_of(const Check& check, int status, std::optional<std::string_view> body) {
  if (is_success(status)) return KeyVerdict::Accepted;
  if (!may_refuse_key(check, status)) return KeyVerdict::Unknown;
  if (!body) return KeyVerdict::Unknown;
  if (holds_any(*body, check.valid_despite_body)) return KeyVerdict::Accepted;
  const bool is_refused = check.invalid_body.empty() || holds_any(*body, check.invalid_body);
  return is_refused ? KeyVerdict::Refused : KeyVerdict::Unknown;
}

KeyVerdict verdict_of_check(const Check& check, int status, std::string_view body) {
  const bool is_error_by_words = is_success(status) && may_refuse_key(check, status) &&
                                 holds_any(body, check.invalid_body) &&
                                 !holds_any(body, check.valid_despite_body);
  return is_error_by_words ? KeyVerdict::Refused : verdict_of(check, status, body);
}

}  // namespace strongroom::catalog
