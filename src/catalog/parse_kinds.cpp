// The [[key_kind]] of a service's file. SPDX-License-Identifier: Apache-2.0
#include "catalog/parse_parts.h"
#include "catalog/rules.h"

namespace strongroom::catalog {
namespace {

/// What tells such keys from the others: what they are given with, or how they start.
Status read_mark(const Section& section, const Service& service, KeyKind& kind) {
  STRONGROOM_CHECKED(section.text("setting", kind.setting));
  STRONGROOM_CHECKED(section.texts("value_starts", kind.value_starts));
  if (kind.setting.empty() == kind.value_starts.empty())
    return section.mistake("setting", "there is either a 'setting' or 'value_starts'");
  if (kind.setting.empty()) return {};
  const auto setting = std::ranges::find(service.settings, kind.setting, &Setting::name);
  const bool may_be_absent =
      setting != service.settings.end() && !setting->required && setting->default_value.empty();
  if (may_be_absent) return {};
  return section.mistake("setting",
                         "'setting' must name one that is not required and has no default");
}

/// What is stripped from requests, and where an answer may not repeat the key, stays the same.
bool is_same_header(const Placement& usual, const Placement& other) {
  if (usual.slot != Slot::Header) return false;
  return other.slot == Slot::Header ? other.name == usual.name
                                    : other.slot == Slot::Basic && usual.name == "authorization";
}

}  // namespace

Status read_key_kind(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"setting", "value_starts", "inject", "git_user"}));
  KeyKind kind;
  STRONGROOM_CHECKED(read_mark(section, service, kind));
  if (!section.has("inject")) return section.mistake("inject", "'inject' is missing");
  STRONGROOM_CHECKED(section.table(
      "inject", [&](const Section& each) { return read_placement(each, service, kind.inject); }));
  if (!is_same_header(service.inject, kind.inject))
    return section.mistake("inject", "'inject' must be of the same header as the service's own");
  if (!service.revocation.method.empty())
    return section.mistake("inject", "a [revoke] shows keys in one form only");
  STRONGROOM_CHECKED(section.text("git_user", kind.git_user));
  // Who answers git may not have the value at hand.
  if (!kind.git_user.empty() && (service.git_host.empty() || kind.setting.empty()))
    return section.mistake("git_user", "'git_user' needs a 'git_host' and a 'setting'");
  if (const auto status = check_template(service, TemplateUse::Git, kind.git_user); !status)
    return section.mistake("git_user", status.error().message);
  service.kinds.push_back(std::move(kind));
  return {};
}

}  // namespace strongroom::catalog
