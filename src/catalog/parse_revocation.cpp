// The [revoke] of a service's file. SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "catalog/parse_parts.h"

namespace strongroom::catalog {
namespace {

constexpr std::string_view kValue = "\"{value}\"";

/// JSON in which the key is one text.
bool is_body(const std::string& text) {
  const auto at = text.find(kValue);
  return at != text.npos && text.find(kValue, at + 1) == text.npos && parse_json(text).has_value();
}

}  // namespace

Status read_revocation(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"method", "path", "body", "shows_key", "value_starts"}));
  Revocation& revocation = service.revocation;
  STRONGROOM_CHECKED(section.required_text("method", revocation.method));
  STRONGROOM_CHECKED(section.required_text("path", revocation.path));
  STRONGROOM_CHECKED(section.text("body", revocation.body));
  STRONGROOM_CHECKED(section.flag("shows_key", revocation.shows_key));
  STRONGROOM_CHECKED(section.texts("value_starts", revocation.value_starts));
  if (revocation.method != "POST" && revocation.method != "DELETE")
    return section.mistake("method", "'method' is POST or DELETE");
  STRONGROOM_CHECKED(check_target(section, revocation.path));
  if (!revocation.body.empty() && !is_body(revocation.body))
    return section.mistake("body", "'body' is JSON that holds the text \"{value}\" once");
  if (!revocation.shows_key && revocation.body.empty())
    return section.mistake("shows_key", "a key that is shown nowhere cannot be ended");
  if (service.check.method.empty())
    return section.mistake("method", "a [check] has to tell whether the key is ended");
  const Placement& inject = service.inject;
  if (inject.slot != Slot::Header || inject.name.starts_with('{'))
    return section.mistake("method", "'inject' must name the header that shows the key");
  return {};
}

}  // namespace strongroom::catalog
