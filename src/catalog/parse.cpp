// One TOML file to one Service, with file and line of each mistake. docs/catalog.md describes the
// members. SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"
#include "catalog/catalog.h"
#include "catalog/parse_parts.h"
#include "catalog/rules.h"
#include "catalog/section.h"
#include "catalog/templates.h"

namespace strongroom::catalog {
namespace {

constexpr std::size_t kMaxFile = 256UL << 10U;
constexpr std::string_view kOrdinaryPrefix = "srp_";

/// Part of gateway paths (SERVICE@HOST) and of the command line (SERVICE:LABEL).
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 32 && text[0] >= 'a' && text[0] <= 'z' &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Status read_identity(const Section& root, Service& service) {
  std::string delivery;
  std::vector<std::string> homes;
  STRONGROOM_CHECKED(root.required_text("id", service.id));
  STRONGROOM_CHECKED(root.required_text("title", service.title));
  STRONGROOM_CHECKED(root.required_text("delivery", delivery));
  STRONGROOM_CHECKED(root.texts("homes", homes));
  if (!is_id(service.id))
    return root.mistake(
        "id", "'id' must have 1 to 32 characters of a-z, 0-9 and '-' and start with a letter");
  if (service.title.size() > 100 || !is_printable(service.title))
    return root.mistake("title", "'title' must have at most 100 printable characters");
  if (delivery != "proxied" && delivery != "injected")
    return root.mistake("delivery", "'delivery' is proxied or injected");
  service.delivery = delivery == "proxied" ? Delivery::Proxied : Delivery::Injected;
  if (root.has("homes") && homes.empty()) return root.mistake("homes", "'homes' is empty");
  if (homes.empty()) homes = {"skill", "integration"};
  for (const auto& text : homes) {
    const auto home = parse_home(text);
    if (!home) return root.mistake("homes", home.error().message);
    service.homes.push_back(*home);
  }
  return {};
}

Status read_hosts(const Section& root, Service& service) {
  long port = 443;
  STRONGROOM_CHECKED(root.texts("hosts", service.hosts));
  STRONGROOM_CHECKED(root.text("host_setting", service.host_setting));
  STRONGROOM_CHECKED(root.number("port", 1, 65535, port));
  service.port = static_cast<std::uint16_t>(port);
  for (const auto& host : service.hosts)
    if (const auto checked = checked_host(host); !checked)
      return root.mistake("hosts", "'" + host + "' is " + checked.error().message);
  if (!service.hosts.empty() && !service.host_setting.empty())
    return root.mistake("host_setting", "there is either 'hosts' or a 'host_setting'");
  if (service.delivery == Delivery::Proxied && service.hosts.empty() &&
      service.host_setting.empty())
    return root.mistake("hosts", "a proxied service needs 'hosts' or a 'host_setting'");
  if (service.host_setting.empty()) return {};
  const auto setting = std::ranges::find(service.settings, service.host_setting, &Setting::name);
  const bool is_host = setting != service.settings.end() && setting->kind == "host" &&
                       (setting->required || !setting->default_value.empty());
  if (is_host) return {};
  return root.mistake(
      "host_setting",
      "'host_setting' must name a setting of the kind host that is required or has a default");
}

/// The one place for the real key, and every place where a pass may arrive.
Status read_placements(const Section& root, Service& service) {
  const bool is_proxied = service.delivery == Delivery::Proxied;
  if (is_proxied && !root.has("inject"))
    return root.mistake("inject", "a proxied service needs 'inject': the one place for the key");
  const bool has_check = !service.check.method.empty();
  if (!is_proxied && root.has("inject") != has_check)
    return root.mistake("inject", "an injected service has 'inject' for its check, and only then");
  if (!is_proxied && root.has("accept"))
    return root.mistake("accept", "an injected service takes no pass: it has no 'accept'");
  STRONGROOM_CHECKED(root.table("inject", [&](const Section& each) {
    return read_placement(each, service, service.inject);
  }));
  if (service.inject.slot == Slot::Subprotocol)
    return root.mistake("inject", "a key is never sent as a subprotocol: its answer would show it");
  STRONGROOM_CHECKED(root.tables("accept", [&](const Section& each) -> Status {
    Placement placement;
    STRONGROOM_CHECKED(read_placement(each, service, placement));
    service.accept.push_back(std::move(placement));
    return {};
  }));
  if (is_proxied) service.accept.push_back(service.inject);
  return {};
}

Status read_pass(const Section& root, Service& service) {
  STRONGROOM_CHECKED(root.text("pass_prefix", service.pass_prefix));
  STRONGROOM_CHECKED(root.texts("first_message_fields", service.first_message_fields));
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  if (service.delivery == Delivery::Proxied && !root.has("pass_prefix"))
    service.pass_prefix = kOrdinaryPrefix;
  // Passes are told from other text by it.
  const bool prefix_fits = service.pass_prefix.size() >= 3 && service.pass_prefix.size() <= 32 &&
                           service.pass_prefix.find_first_not_of(kAllowed) == std::string::npos;
  if (service.delivery == Delivery::Proxied && !prefix_fits)
    return root.mistake("pass_prefix",
                        "'pass_prefix' has 3 to 32 characters of A-Z, a-z, 0-9, '_' and '-'");
  // Gemini's SDKs behave differently for such a key.
  if (service.pass_prefix.starts_with("auth_tokens"))
    return root.mistake("pass_prefix", "'pass_prefix' must not start with auth_tokens");
  if (service.delivery == Delivery::Proxied) return {};
  for (const auto* name : {"pass_prefix", "first_message_fields", "rewrite_header", "rewrite_body",
                           "redact", "range_paths", "denied", "usage"})
    if (root.has(name))
      return root.mistake(name, Section::quoted(name) + " is for proxied services");
  return {};
}

Status read_git(const Section& root, Service& service) {
  STRONGROOM_CHECKED(root.text("git_host", service.git_host));
  STRONGROOM_CHECKED(root.text("git_user", service.git_user));
  STRONGROOM_CHECKED(root.text("git_path", service.git_path));
  for (const auto& [name, text] :
       {std::pair("git_host", &service.git_host), std::pair("git_user", &service.git_user),
        std::pair("git_path", &service.git_path)}) {
    const auto status = check_template(service, TemplateUse::Git, *text);
    if (!status) return root.mistake(name, status.error().message);
    if (!text->empty() && service.delivery == Delivery::Proxied)
      return root.mistake(name, Section::quoted(name) + " is for injected services");
  }
  if (service.git_host.empty() != service.git_user.empty())
    return root.mistake(service.git_host.empty() ? "git_user" : "git_host",
                        "'git_host' and 'git_user' go together");
  if (service.git_host.empty() && !service.git_path.empty())
    return root.mistake("git_path", "'git_path' is a part of a 'git_host'");
  return {};
}

Status read_ssh(const Section& root, Service& service) {
  STRONGROOM_CHECKED(root.flag("ssh_agent", service.ssh_agent));
  if (!service.ssh_agent) return {};
  if (service.delivery == Delivery::Proxied)
    return root.mistake("ssh_agent", "'ssh_agent' is for injected services");
  for (const char* name : {"host", "port", "user"})
    if (std::ranges::find(service.settings, name, &Setting::name) == service.settings.end())
      return root.mistake("ssh_agent", "'ssh_agent' needs the settings host, port and user");
  const auto shows_it = [](const Variable& each) { return holds_value(each.value); };
  if (std::ranges::any_of(service.variables, shows_it))
    return root.mistake("ssh_agent", "what an 'ssh_agent' holds is in no variable");
  return {};
}

Status read_rest(const Section& root, Service& service) {
  long show = 0;
  STRONGROOM_CHECKED(root.texts("unset", service.unset));
  STRONGROOM_CHECKED(root.number("show_last_characters", 0, 4, show));
  STRONGROOM_CHECKED(root.text("console_url", service.console_url));
  STRONGROOM_CHECKED(root.text("forbidden_value", service.forbidden_value));
  service.show_last_characters = static_cast<std::size_t>(show);
  for (const auto& name : service.unset)
    if (!is_variable_name(name))
      return root.mistake("unset", "'" + name + "' is not a variable's name");
  if (!service.console_url.empty() &&
      (!service.console_url.starts_with("https://") || !is_plain(service.console_url)))
    return root.mistake("console_url", "'console_url' must start with https://");
  return {};
}

Result<Service> read_service(const std::string& file, const toml::table& table) {
  const Section root(file, table);
  STRONGROOM_CHECKED(root.only({"id",
                                "title",
                                "delivery",
                                "homes",
                                "hosts",
                                "host_setting",
                                "port",
                                "inject",
                                "accept",
                                "pass_prefix",
                                "denied",
                                "check",
                                "revoke",
                                "key_kind",
                                "variable",
                                "unset",
                                "setting",
                                "rewrite_header",
                                "rewrite_body",
                                "redact",
                                "range_paths",
                                "usage",
                                "first_message_fields",
                                "show_last_characters",
                                "console_url",
                                "git_host",
                                "git_user",
                                "git_path",
                                "ssh_agent",
                                "oauth",
                                "forbidden_value"}));
  Service service;
  const auto with = [&](auto read) {
    return [&service, read](const Section& each) { return read(each, service); };
  };
  STRONGROOM_CHECKED(read_identity(root, service));
  STRONGROOM_CHECKED(root.tables("setting", with(read_setting)));
  STRONGROOM_CHECKED(read_hosts(root, service));
  STRONGROOM_CHECKED(root.table("check", with(read_check)));
  STRONGROOM_CHECKED(read_placements(root, service));
  STRONGROOM_CHECKED(root.table("revoke", with(read_revocation)));
  STRONGROOM_CHECKED(root.tables("denied", with(read_denied)));
  STRONGROOM_CHECKED(root.tables("variable", with(read_variable)));
  STRONGROOM_CHECKED(read_rewrites(root, service));
  STRONGROOM_CHECKED(root.tables("redact", with(read_redaction)));
  STRONGROOM_CHECKED(read_ranges(root, service));
  STRONGROOM_CHECKED(root.tables("usage", with(read_usage)));
  STRONGROOM_CHECKED(read_pass(root, service));
  STRONGROOM_CHECKED(read_git(root, service));
  STRONGROOM_CHECKED(root.tables("key_kind", with(read_key_kind)));
  STRONGROOM_CHECKED(read_ssh(root, service));
  STRONGROOM_CHECKED(read_rest(root, service));
  STRONGROOM_CHECKED(root.table("oauth", with(read_oauth)));
  return service;
}

}  // namespace

Result<Service> parse_service(const SourceFile& file) {
  if (file.text.size() > kMaxFile)
    return fail(Code::TooLarge, file.name + ":1: longer than 256 KiB");
  try {
    const toml::table table = toml::parse(file.text, file.name);
    return read_service(file.name, table);
  } catch (const toml::parse_error& error) {
    return fail(Code::Invalid, file.name + ":" + std::to_string(error.source().begin.line) + ": " +
                                   std::string(error.description()));
  }
}

}  // namespace strongroom::catalog
