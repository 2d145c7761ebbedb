// SPDX-License-Identifier: Apache-2.0
#include "catalog/parse_parts.h"

#include <array>

#include "catalog/catalog.h"
#include "catalog/rules.h"

namespace strongroom::catalog {
namespace {

/// `status` as a mistake at `name`: "'name' must be ...".
Status at(const Section& section, std::string_view name, const Status& status) {
  if (status) return {};
  return section.mistake(name, Section::quoted(name) + " " + status.error().message);
}

/// The same for a template, whose own text is in the error.
Status checked_template(const Section& section, std::string_view name, const Service& service,
                        TemplateUse use, std::string_view text) {
  const Status status = check_template(service, use, text);
  if (status) return {};
  return section.mistake(name, status.error().message);
}

Result<Slot> slot_of(const Section& section) {
  std::string slot;
  STRONGROOM_CHECKED(section.required_text("slot", slot));
  if (slot == "header") return Slot::Header;
  if (slot == "query") return Slot::Query;
  if (slot == "basic") return Slot::Basic;
  if (slot == "subprotocol") return Slot::Subprotocol;
  return section.mistake("slot", "'slot' is header, query, basic or subprotocol");
}

Status check_host(const Section& section, const Service& service, const std::string& host) {
  const bool is_ours =
      host.empty() || std::ranges::find(service.hosts, host) != service.hosts.end();
  if (is_ours) return {};
  return section.mistake("host", "'host' is not one of the service's hosts");
}

/// "next", "urls.get": as deep as the gateway looks (gateway/member_rewriter.h).
bool is_member(std::string_view text) {
  return is_printable(text) && text.find('"') == std::string_view::npos && !text.empty() &&
         !text.starts_with('.') && !text.ends_with('.') && !text.contains("..") &&
         std::ranges::count(text, '.') < 4;
}

bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= 16 &&
         std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

Status read_check_request(const Section& section, Service& service) {
  Check& check = service.check;
  STRONGROOM_CHECKED(section.required_text("method", check.method));
  STRONGROOM_CHECKED(section.text("host", check.host));
  STRONGROOM_CHECKED(section.required_text("path", check.path));
  if (check.method != "GET" && check.method != "POST")
    return section.mistake("method", "'method' is GET or POST");
  STRONGROOM_CHECKED(check_host(section, service, check.host));
  STRONGROOM_CHECKED(check_target(section, check.path));
  if (service.hosts.empty() && service.host_setting.empty())
    return section.mistake("path", "a check needs 'hosts' or a 'host_setting' to ask");
  return section.text_members(
      "headers", [&](const Section& headers, std::string name, std::string value) -> Status {
        STRONGROOM_CHECKED(at(headers, name, check_header_name(name)));
        if (!is_printable(value))
          return headers.mistake(name, "a header's value must be printable");
        check.headers.emplace_back(std::move(name), std::move(value));
        return {};
      });
}

}  // namespace

Status check_target(const Section& section, const std::string& target) {
  const std::string path = target.substr(0, target.find('?'));
  const auto canonical = canonical_path(path);
  if (canonical && *canonical == path && is_plain(target)) return {};
  return section.mistake("path", "'path' must be a plain path from a slash on, with its query");
}

Status read_placement(const Section& section, const Service& service, Placement& into) {
  STRONGROOM_CHECKED(section.only({"slot", "name", "scheme"}));
  STRONGROOM_TRY(into.slot, slot_of(section));
  STRONGROOM_CHECKED(section.text("name", into.name));
  STRONGROOM_CHECKED(section.text("scheme", into.scheme));
  constexpr auto kUse = TemplateUse::Placement;
  STRONGROOM_CHECKED(checked_template(section, "name", service, kUse, into.name));
  STRONGROOM_CHECKED(checked_template(section, "scheme", service, kUse, into.scheme));
  if (!is_plain(into.scheme)) return section.mistake("scheme", "'scheme' must be one word");
  if (!into.scheme.empty() && into.slot != Slot::Header)
    return section.mistake("scheme", "only a header has a 'scheme'");
  const bool is_template = into.name.starts_with('{');
  switch (into.slot) {
    case Slot::Header:
      return is_template ? Status() : at(section, "name", check_header_name(into.name));
    case Slot::Query:
      if (!into.name.empty() && is_plain(into.name) &&
          into.name.find_first_of("&=#%") == into.name.npos)
        return {};
      return section.mistake("name", "'name' must be a query parameter");
    case Slot::Basic:
      if (into.name.find(':') == into.name.npos || is_template) return {};
      return section.mistake("name", "'name' is the user name: it holds no colon");
    case Slot::Subprotocol:
      if (is_plain(into.name) && into.name.find(',') == into.name.npos) return {};
      return section.mistake("name", "'name' is what stands before the key: it holds no comma");
  }
  return {};
}

Status read_denied(const Section& section, Service& service) {
  STRONGROOM_CHECKED(
      section.only({"method", "host", "path", "why", "unless_opened", "only_noted"}));
  DeniedPath denied;
  bool is_opened = false;
  bool is_noted = false;
  STRONGROOM_CHECKED(section.flag("unless_opened", is_opened));
  STRONGROOM_CHECKED(section.flag("only_noted", is_noted));
  if (is_opened && is_noted)
    return section.mistake("only_noted", "what is only noted is not closed: leave one out");
  if (is_opened) denied.action = PathAction::DenyUnlessOpened;
  if (is_noted) denied.action = PathAction::Note;
  denied.method = "*";
  STRONGROOM_CHECKED(section.text("method", denied.method));
  STRONGROOM_CHECKED(section.text("host", denied.host));
  STRONGROOM_CHECKED(section.required_text("path", denied.path));
  STRONGROOM_CHECKED(section.required_text("why", denied.why));
  if (denied.method != "*" && !is_method(denied.method))
    return section.mistake("method", "'method' is an HTTP method in capitals, WS or *");
  STRONGROOM_CHECKED(check_host(section, service, denied.host));
  STRONGROOM_CHECKED(at(section, "path", check_pattern(denied.path)));
  service.denied.push_back(std::move(denied));
  return {};
}

Status read_only_for(const Section& section, const Service& service,
                     std::vector<std::pair<std::string, std::string>>& into) {
  return section.text_members(
      "only_for", [&](const Section& wanted, std::string name, std::string value) -> Status {
        if (std::ranges::find(service.settings, name, &Setting::name) == service.settings.end())
          return wanted.mistake(name, "'" + name + "' is not one of the service's settings");
        into.emplace_back(std::move(name), std::move(value));
        return {};
      });
}

Status read_check(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"method", "host", "path", "headers", "invalid_status",
                                   "invalid_body", "valid_despite_body", "only_for"}));
  STRONGROOM_CHECKED(read_check_request(section, service));
  Check& check = service.check;
  STRONGROOM_CHECKED(section.texts("invalid_body", check.invalid_body));
  STRONGROOM_CHECKED(section.texts("valid_despite_body", check.valid_despite_body));
  STRONGROOM_CHECKED(section.numbers("invalid_status", 200, 599, check.invalid_status));
  if (check.invalid_status.empty())
    return section.mistake("invalid_status", "'invalid_status' must name a status");
  return read_only_for(section, service, check.only_for);
}

Status read_variable(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"name", "value"}));
  Variable variable;
  STRONGROOM_CHECKED(section.required_text("name", variable.name));
  STRONGROOM_CHECKED(section.required_text("value", variable.value));
  STRONGROOM_CHECKED(
      checked_template(section, "name", service, TemplateUse::VariableName, variable.name));
  STRONGROOM_CHECKED(
      checked_template(section, "value", service, TemplateUse::VariableValue, variable.value));
  const bool is_template = variable.name.starts_with('{');
  if (!is_template && !is_variable_name(variable.name))
    return section.mistake("name", "'name' must have 1 to 64 characters of A-Z, 0-9 and '_'");
  if (changes_programs(variable.name))
    return section.mistake("name", "the variable " + variable.name +
                                       " is not allowed: it changes what programs load, run or "
                                       "trust");
  if (std::ranges::find(service.variables, variable.name, &Variable::name) !=
      service.variables.end())
    return section.mistake("name", "the variable " + variable.name + " is set twice");
  service.variables.push_back(std::move(variable));
  return {};
}

Status read_setting(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"name", "kind", "required", "default", "help"}));
  Setting setting;
  STRONGROOM_CHECKED(section.required_text("name", setting.name));
  STRONGROOM_CHECKED(section.required_text("kind", setting.kind));
  STRONGROOM_CHECKED(section.flag("required", setting.required));
  STRONGROOM_CHECKED(section.text("default", setting.default_value));
  STRONGROOM_CHECKED(section.text("help", setting.help));
  const bool is_named_right =
      setting.name.size() <= 32 &&
      setting.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos;
  if (!is_named_right) return section.mistake("name", "'name' must have a-z, 0-9 and '_'");
  if (std::ranges::find(service.settings, setting.name, &Setting::name) != service.settings.end())
    return section.mistake("name", "the setting '" + setting.name + "' is there twice");
  constexpr std::array<std::string_view, 10> kKinds = {"host",       "port",     "header", "text",
                                                       "user",       "variable", "path",   "flag",
                                                       "statements", "ssh_keys"};
  if (std::ranges::find(kKinds, setting.kind) == kKinds.end())
    return section.mistake(
        "kind",
        "'kind' is host, port, header, text, user, variable, path, flag, statements or ssh_keys");
  STRONGROOM_CHECKED(at(section, "default", check_default(setting)));
  service.settings.push_back(std::move(setting));
  return {};
}

Status read_rewrites(const Section& root, Service& service) {
  STRONGROOM_CHECKED(root.tables("rewrite_header", [&](const Section& each) -> Status {
    STRONGROOM_CHECKED(each.only({"header"}));
    HeaderRewrite rewrite;
    STRONGROOM_CHECKED(each.required_text("header", rewrite.header));
    STRONGROOM_CHECKED(at(each, "header", check_header_name(rewrite.header)));
    service.rewrite_headers.push_back(std::move(rewrite));
    return {};
  }));
  return root.tables("rewrite_body", [&](const Section& each) -> Status {
    STRONGROOM_CHECKED(each.only({"path", "field", "alone"}));
    BodyRewrite rewrite;
    STRONGROOM_CHECKED(each.flag("alone", rewrite.alone));
    STRONGROOM_CHECKED(each.required_text("path", rewrite.path_pattern));
    STRONGROOM_CHECKED(each.required_text("field", rewrite.field));
    STRONGROOM_CHECKED(at(each, "path", check_pattern(rewrite.path_pattern)));
    if (!is_member(rewrite.field))
      return each.mistake(
          "field", "'field' must be the name of a JSON member, or up to four joined by dots");
    service.rewrite_body.push_back(std::move(rewrite));
    return {};
  });
}

Status read_redaction(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"path", "fields"}));
  Redaction redaction;
  STRONGROOM_CHECKED(section.required_text("path", redaction.path));
  STRONGROOM_CHECKED(section.texts("fields", redaction.fields));
  STRONGROOM_CHECKED(at(section, "path", check_pattern(redaction.path)));
  if (redaction.fields.empty())
    return section.mistake("fields", "'fields' must name a member of the JSON answer");
  service.redactions.push_back(std::move(redaction));
  return {};
}

Status read_ranges(const Section& root, Service& service) {
  STRONGROOM_CHECKED(root.texts("range_paths", service.range_paths));
  for (const auto& path : service.range_paths)
    STRONGROOM_CHECKED(at(root, "range_paths", check_pattern(path)));
  return {};
}

}  // namespace strongroom::catalog
