// SPDX-License-Identifier: Apache-2.0
#include "catalog/rules.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/utf8.h"
#include "catalog/catalog.h"
#include "catalog/templates.h"

namespace strongroom::catalog {
namespace {

/// Headers that frame or route a request, or belong to the connection (RFC 9110 7.6.1).
constexpr std::array<std::string_view, 22> kReservedHeaders = {"host",
                                                               "content-length",
                                                               "content-type",
                                                               "content-encoding",
                                                               "transfer-encoding",
                                                               "connection",
                                                               "keep-alive",
                                                               "upgrade",
                                                               "te",
                                                               "trailer",
                                                               "expect",
                                                               "range",
                                                               "accept-encoding",
                                                               "via",
                                                               "forwarded",
                                                               "cookie",
                                                               "set-cookie",
                                                               "proxy-connection",
                                                               "http2-settings",
                                                               "x-real-ip",
                                                               "x-http-method",
                                                               "x-http-method-override"};

bool is_token(std::string_view text) {
  constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
  });
}

const Setting* find_setting(const Service& service, std::string_view name) {
  const auto found = std::ranges::find(service.settings, name, &Setting::name);
  return found == service.settings.end() ? nullptr : &*found;
}

bool may_stand(const Service& service, TemplateUse use, std::string_view name) {
  const bool is_proxied = service.delivery == Delivery::Proxied;
  if (use == TemplateUse::VariableValue) {
    if (name == "pass" || name == "base") return is_proxied;
    if (name == "value" || name == "url:value") return !is_proxied;
  }
  const auto colon = name.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view kind = name.substr(0, colon);
  const auto* setting = find_setting(service, name.substr(colon + 1));
  if (setting == nullptr) return false;
  // What names a variable must have passed the rule for names.
  if (use == TemplateUse::VariableName) return kind == "setting" && setting->kind == "variable";
  if (kind == "setting") return true;
  if (use != TemplateUse::VariableValue) return false;
  // A colon in the user name would move where the key begins.
  if (kind == "basic") return !is_proxied && setting->kind == "user";
  return kind == "url" || kind == "json";
}

}  // namespace

Status check_header_name(std::string_view name) {
  if (!is_token(name) || name.size() > 64)
    return fail(Code::Invalid, "must be a header name in lower case");
  const bool is_reserved = std::ranges::find(kReservedHeaders, name) != kReservedHeaders.end() ||
                           name.starts_with("sec-") || name.starts_with("x-forwarded-") ||
                           name.starts_with("proxy-");
  if (is_reserved)
    return fail(Code::Invalid, "must not be a header that frames or routes requests");
  return {};
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f; });
}

Status check_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) return fail(Code::Invalid, "must start with a slash");
  const auto canonical = canonical_path(pattern);
  if (pattern.find('%') != std::string_view::npos || !canonical || *canonical != pattern)
    return fail(Code::Invalid, "must be written plainly: no escapes, '//' or dot segments");
  const auto rest = pattern.find("**");
  const bool is_last =
      rest == std::string_view::npos || (pattern.ends_with("/**") && rest + 2 == pattern.size());
  if (!is_last) return fail(Code::Invalid, "may have '**' only as its last segment");
  return {};
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] >= 'A' && name[0] <= 'Z' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

Status check_default(const Setting& setting) {
  const std::string& value = setting.default_value;
  if (value.empty()) return {};
  if (!is_printable(value)) return fail(Code::Invalid, "holds a character that is not printable");
  // Not check_variable_name: that reads the built-in services, of which this may be one.
  if (setting.kind == "variable" && (!is_variable_name(value) || changes_programs(value)))
    return fail(Code::Invalid, "names a variable that is not allowed");
  if (setting.kind == "header") return check_header_name(value);
  if (setting.kind == "user" && value.contains(':')) return fail(Code::Invalid, "holds a colon");
  Status status;
  if (setting.kind == "host") {
    const auto host = checked_host(value);
    if (!host) status = std::unexpected(host.error());
  }
  if (setting.kind == "path") {
    const auto path = canonical_path(value);
    if (!path) status = std::unexpected(path.error());
  }
  if (setting.kind == "port") {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
    if (error != std::errc() || end != value.data() + value.size() || port == 0 || port > 65'535)
      status = fail(Code::Invalid, "is not a port: 1 to 65535");
  }
  return status;
}

Status check_template(const Service& service, TemplateUse use, std::string_view text) {
  if (!is_printable(text)) return fail(Code::Invalid, "holds a character that is not printable");
  const std::string whole(text);
  const auto wrong = [&](const std::string& why) {
    return fail(Code::Invalid, "the template '" + whole + "' " + why);
  };
  // Where a name or a scheme goes, a setting stands alone or not at all.
  const bool stands_alone = use == TemplateUse::VariableName || use == TemplateUse::Placement;
  while (!text.empty()) {
    const auto piece = take_piece(text);
    if (!piece) return wrong(piece.error().message);
    if (!piece->is_name) {
      // By a brace at the start such a text is told from one that is what it says.
      if (stands_alone && (piece->text == "{" || piece->text == "}"))
        return wrong("holds a brace of no name");
      continue;
    }
    const std::string_view name = piece->text;
    if (!may_stand(service, use, name))
      return wrong("names what it may not, or what this service has not: {" + std::string(name) +
                   "}");
    if (stands_alone && name.size() + 2 != whole.size())
      return wrong("must be one setting alone, or none");
  }
  return {};
}

}  // namespace strongroom::catalog
