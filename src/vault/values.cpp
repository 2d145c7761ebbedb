// SPDX-License-Identifier: Apache-2.0
#include "vault/values.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/small_letters.h"
#include "base/utf8.h"
#include "catalog/catalog.h"
#include "crypto/ssh_key.h"
#include "crypto/ssh_public_keys.h"

namespace strongroom::vault {
namespace {

constexpr std::size_t kShortestShown = 20;
constexpr std::size_t kShown = 4;
constexpr std::size_t kShortestProxied = 12;
constexpr std::size_t kMaxSetting = 1024;
constexpr std::size_t kMaxStatements = 8192;

void trim_line_end(Secret& value) {
  const auto ends_with = [&](std::uint8_t octet) {
    return value.reveal([&](ByteView plain) { return !plain.empty() && plain.back() == octet; });
  };
  if (!ends_with('\n')) return;
  value.shrink(value.size() - 1);
  if (ends_with('\r')) value.shrink(value.size() - 1);
}

/// Does any placement, check or credential helper write the value on a line of its own protocol?
bool travels_in_lines(const catalog::Service& service) {
  return service.delivery == catalog::Delivery::Proxied || !service.inject.name.empty() ||
         !service.git_host.empty();
}

bool is_control(std::uint8_t c) {
  return c < 0x20 || c == 0x7f;
}

std::string in_quotes(std::string_view text) {
  return "'" + std::string(text) + "'";
}

bool is_header_name(std::string_view name) {
  static constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != std::string_view::npos;
  });
}

/// Headers that frame or route a request: a key in one of them would change where the request goes.
bool is_reserved_header(std::string_view name) {
  static const std::set<std::string_view> kReserved = {"host",
                                                       "content-length",
                                                       "content-type",
                                                       "transfer-encoding",
                                                       "connection",
                                                       "upgrade",
                                                       "te",
                                                       "trailer",
                                                       "expect",
                                                       "keep-alive",
                                                       "proxy-authorization",
                                                       "proxy-connection",
                                                       "via",
                                                       "forwarded",
                                                       "content-encoding",
                                                       "accept-encoding",
                                                       "range"};
  return kReserved.contains(name) || name.starts_with("x-forwarded-") || name.starts_with("sec-");
}

Result<std::string> checked_setting(const catalog::Setting& setting, const std::string& value) {
  const auto wrong = [&](std::string_view what) {
    return fail(Code::Invalid,
                "The setting " + in_quotes(setting.name) + " " + std::string(what) + ".");
  };
  if (setting.kind == "flag") {
    if (value != "yes" && value != "no") return wrong("is yes or no");
    return value;
  }
  if (setting.kind == "statements") {
    const auto is_text = [](char c) {
      return c == '\n' || c == '\r' || c == '\t' || !is_control(static_cast<std::uint8_t>(c));
    };
    if (value.size() > kMaxStatements) return wrong("is longer than 8192 characters");
    if (!std::ranges::all_of(value, is_text)) return wrong("holds a control character");
    return value;
  }
  if (value.size() > kMaxSetting) return wrong("is longer than 1024 characters");
  if (std::ranges::any_of(value, [](char c) { return is_control(static_cast<std::uint8_t>(c)); }))
    return wrong("holds a line end or another control character");
  if (setting.kind == "host") {
    auto host = checked_host(value);
    if (!host) return wrong("is not a host name: " + host.error().message);
    return host;
  }
  if (setting.kind == "port") {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
    if (error != std::errc() || end != value.data() + value.size() || port == 0 || port > 65'535)
      return wrong("is not a port: 1 to 65535");
    return std::to_string(port);
  }
  if (setting.kind == "user") {
    if (value.contains(':')) return wrong("holds a colon, which ends a user name");
    return value;
  }
  if (setting.kind == "header") {
    const std::string name = in_small_letters(value);
    if (!is_header_name(name)) return wrong("is not a header name");
    if (is_reserved_header(name)) return wrong("names a header that frames or routes requests");
    return name;
  }
  if (setting.kind == "variable") {
    if (const auto status = catalog::check_variable_name(value); !status)
      return wrong("is refused: " + status.error().message);
    return value;
  }
  if (setting.kind == "ssh_keys") {
    if (!crypto::parse_ssh_public_keys(value))
      return wrong("is not a list of public keys as ssh-keyscan prints them (TYPE KEY, TYPE KEY)");
    return value;
  }
  if (setting.kind == "path") {
    auto path = catalog::canonical_path(value);
    if (!path) return wrong("is not a path: " + path.error().message);
    return path;
  }
  return value;
}

}  // namespace

Status check_value(const catalog::Service& service, Secret& value) {
  trim_line_end(value);
  if (value.is_empty()) return fail(Code::Invalid, "The key is empty: nothing was stored.");
  const bool has_nul =
      value.reveal([](ByteView plain) { return std::ranges::find(plain, 0) != plain.end(); });
  if (has_nul) return fail(Code::Invalid, "The key holds a NUL octet: nothing was stored.");
  const bool has_control =
      value.reveal([](ByteView plain) { return std::ranges::any_of(plain, is_control); });
  if (has_control && travels_in_lines(service))
    return fail(Code::Invalid,
                "The key holds a line end or another control character, which " + service.title +
                    " cannot take: nothing was stored. Give the key alone, on one line.");
  if (service.ssh_agent) {
    const auto key = crypto::SshKey::read(value);
    if (!key) return std::unexpected(key.error());
  }
  const bool has_blank_end =
      value.reveal([](ByteView plain) { return plain.front() == ' ' || plain.back() == ' '; });
  if (has_blank_end && service.delivery == catalog::Delivery::Proxied)
    return fail(
        Code::Invalid,
        "The key begins or ends with a blank, which no provider takes: nothing was stored.");
  // In other letters a key has forms that nobody looks for when it comes back.
  const bool is_ascii = value.reveal([](ByteView plain) {
    return std::ranges::all_of(plain, [](std::uint8_t c) { return c < 0x80; });
  });
  if (!is_ascii && service.delivery == catalog::Delivery::Proxied)
    return fail(
        Code::Invalid,
        "The key holds a character that is not ASCII, which no provider's key does: nothing "
        "was stored.");
  // What is shorter cannot be told from ordinary text when it comes back (guard/guard.h).
  if (service.delivery == catalog::Delivery::Proxied && value.size() < kShortestProxied)
    return fail(Code::Invalid,
                "The key has fewer than 12 characters: nothing was stored. What the "
                "gateway sends for an agent must be long enough to be recognised "
                "when it comes back.");
  const bool is_forbidden = !service.forbidden_value.empty() && value.reveal([&](ByteView plain) {
    const auto is_same = [](std::uint8_t a, char b) {
      return small_letter(static_cast<char>(a)) == small_letter(b);
    };
    return !std::ranges::search(plain, service.forbidden_value, is_same).empty();
  });
  if (is_forbidden)
    return fail(Code::Invalid, "The key holds " + in_quotes(service.forbidden_value) +
                                   ", which would send it to another place: nothing was stored.");
  return {};
}

std::string last_characters_of(const catalog::Service& service, const Secret& value) {
  if (service.show_last_characters == 0 || value.size() < kShortestShown) return {};
  const std::size_t count = std::min(kShown, service.show_last_characters);
  return value.reveal([&](ByteView plain) {
    const auto last = plain.last(count);
    const bool is_printable =
        std::ranges::all_of(last, [](std::uint8_t c) { return c > 0x20 && c < 0x7f; });
    return is_printable ? std::string(text_of(last)) : std::string();
  });
}

Result<Settings> check_settings(const catalog::Service& service, const Settings& given) {
  for (const auto& [name, value] : given) {
    if (std::ranges::count(given, name, &Settings::value_type::first) > 1)
      return fail(Code::Invalid, "The setting " + in_quotes(name.substr(0, 64)) + " is given twice.");
    if (std::ranges::find(service.settings, name, &catalog::Setting::name) ==
        service.settings.end())
      return fail(Code::Invalid, "The service " + in_quotes(service.id) + " has no setting " +
                                     in_quotes(name.substr(0, 64)) + ".");
  }
  Settings checked;
  std::set<std::string> variables;
  for (const auto& setting : service.settings) {
    const auto found = std::ranges::find(given, setting.name, &Settings::value_type::first);
    const std::string& value =
        found == given.end() || found->second.empty() ? setting.default_value : found->second;
    if (value.empty()) {
      if (!setting.required) continue;
      return fail(Code::Invalid,
                  "The service " + in_quotes(service.id) + " needs the setting " +
                      in_quotes(setting.name) + ": " + setting.help + ".",
                  "setting_missing");
    }
    STRONGROOM_TRY(std::string clean, checked_setting(setting, value));
    if (setting.kind == "variable" && !variables.insert(clean).second)
      return fail(Code::Invalid, "Two settings name the same variable " + in_quotes(clean) + ".");
    checked.emplace_back(setting.name, std::move(clean));
  }
  return checked;
}

}  // namespace strongroom::vault
