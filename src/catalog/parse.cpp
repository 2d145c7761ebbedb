// One TOML file to one Service, with the file and line of each mistake. docs/catalog.md describes the members.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <initializer_list>
#include <toml++/toml.h>

#include "base/utf8.h"
#include "catalog/catalog.h"

namespace strongroom::catalog {
namespace {

/// A table with its place, so that errors can name it.
class Section {
 public:
  Section(const std::string& file, const toml::table& table) : file_(file), table_(table) {}

  [[nodiscard]] Error mistake(const toml::node* node, const std::string& what) const {
    const auto line = node != nullptr ? node->source().begin.line : table_.source().begin.line;
    return {Code::Invalid, file_ + ":" + std::to_string(line == 0 ? 1 : line) + ": " + what};
  }

  Status only(std::initializer_list<std::string_view> known) const {
    for (const auto& [name, node] : table_)
      if (std::find(known.begin(), known.end(), name.str()) == known.end())
        return std::unexpected(mistake(&node, "unknown member '" + std::string(name.str()) + "'"));
    return {};
  }

  Status text(std::string_view name, std::string& into) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_string()) return std::unexpected(mistake(node, "'" + std::string(name) + "' must be text"));
    into = node->as_string()->get();
    return {};
  }
  Status required_text(std::string_view name, std::string& into) const {
    if (table_.get(name) == nullptr) return std::unexpected(mistake(nullptr, "'" + std::string(name) + "' is missing"));
    return text(name, into);
  }
  Status texts(std::string_view name, std::vector<std::string>& into) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    const auto wrong = [&] { return std::unexpected(mistake(node, "'" + std::string(name) + "' must be a list of texts")); };
    if (!node->is_array()) return wrong();
    for (const auto& item : *node->as_array()) {
      if (!item.is_string()) return wrong();
      into.push_back(item.as_string()->get());
    }
    return {};
  }
  Status number(std::string_view name, long least, long most, long& into) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_integer() || node->as_integer()->get() < least || node->as_integer()->get() > most)
      return std::unexpected(mistake(node, "'" + std::string(name) + "' must be a number from " + std::to_string(least) + " to " + std::to_string(most)));
    into = node->as_integer()->get();
    return {};
  }
  Status flag(std::string_view name, bool& into) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_boolean()) return std::unexpected(mistake(node, "'" + std::string(name) + "' must be true or false"));
    into = node->as_boolean()->get();
    return {};
  }
  /// Calls `each(Section)` for every table of an array of tables.
  template <class Each>
  Status tables(std::string_view name, Each&& each) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_array()) return std::unexpected(mistake(node, "write [[" + std::string(name) + "]]"));
    for (const auto& item : *node->as_array()) {
      if (!item.is_table()) return std::unexpected(mistake(&item, "'" + std::string(name) + "' must hold tables"));
      STRONGROOM_CHECKED(each(Section(file_, *item.as_table())));
    }
    return {};
  }
  template <class Each>
  Status table(std::string_view name, Each&& each) const {
    const auto* node = table_.get(name);
    if (node == nullptr) return {};
    if (!node->is_table()) return std::unexpected(mistake(node, "'" + std::string(name) + "' must be a table"));
    return each(Section(file_, *node->as_table()));
  }
  [[nodiscard]] const toml::node* node(std::string_view name) const { return table_.get(name); }
  [[nodiscard]] const toml::table& raw() const { return table_; }

 private:
  const std::string& file_;
  const toml::table& table_;
};

bool is_header_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Status read_placement(const Section& section, Placement& into) {
  STRONGROOM_CHECKED(section.only({"slot", "name", "scheme"}));
  std::string slot;
  STRONGROOM_CHECKED(section.required_text("slot", slot));
  STRONGROOM_CHECKED(section.text("name", into.name));
  STRONGROOM_CHECKED(section.text("scheme", into.scheme));
  if (slot == "header") into.slot = Slot::Header;
  else if (slot == "query") into.slot = Slot::Query;
  else if (slot == "basic") into.slot = Slot::Basic;
  else if (slot == "subprotocol") into.slot = Slot::Subprotocol;
  else return std::unexpected(section.mistake(section.node("slot"), "'slot' is header, query, basic or subprotocol"));
  const bool needs_name = into.slot == Slot::Header || into.slot == Slot::Query;
  const bool is_template = into.name.starts_with("{setting:");
  if (needs_name && !is_template && (into.slot == Slot::Header ? !is_header_name(into.name) : into.name.empty() || !is_plain(into.name)))
    return std::unexpected(section.mistake(section.node("name"), "'name' must be a header name in lower case, or a query parameter"));
  if (!is_plain(into.scheme)) return std::unexpected(section.mistake(section.node("scheme"), "'scheme' must be one word"));
  return {};
}

Status read_denied(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"method", "host", "path", "why"}));
  DeniedPath denied;
  denied.method = "*";
  STRONGROOM_CHECKED(section.text("method", denied.method));
  STRONGROOM_CHECKED(section.text("host", denied.host));
  STRONGROOM_CHECKED(section.required_text("path", denied.path));
  STRONGROOM_CHECKED(section.required_text("why", denied.why));
  const bool is_ours = denied.host.empty() || std::find(service.hosts.begin(), service.hosts.end(), denied.host) != service.hosts.end();
  if (!is_ours) return std::unexpected(section.mistake(section.node("host"), "'host' is not one of the service's hosts"));
  if (!denied.path.starts_with('/')) return std::unexpected(section.mistake(section.node("path"), "'path' must start with a slash"));
  service.denied.push_back(std::move(denied));
  return {};
}

Status read_check(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"method", "host", "path", "headers", "invalid_status", "invalid_body", "valid_despite_body"}));
  Check& check = service.check;
  STRONGROOM_CHECKED(section.text("method", check.method));
  STRONGROOM_CHECKED(section.text("host", check.host));
  STRONGROOM_CHECKED(section.text("path", check.path));
  STRONGROOM_CHECKED(section.texts("invalid_body", check.invalid_body));
  STRONGROOM_CHECKED(section.texts("valid_despite_body", check.valid_despite_body));
  if (!check.method.empty() && check.method != "GET" && check.method != "POST")
    return std::unexpected(section.mistake(section.node("method"), "'method' is GET or POST"));
  if (!check.method.empty() && !check.path.starts_with('/')) return std::unexpected(section.mistake(section.node("path"), "'path' must start with a slash"));
  STRONGROOM_CHECKED(section.table("headers", [&](const Section& headers) -> Status {
    for (const auto& [name, node] : headers.raw()) {
      if (!node.is_string() || !is_header_name(name.str())) return std::unexpected(headers.mistake(&node, "a header is a lower-case name and a text"));
      check.headers.emplace_back(std::string(name.str()), node.as_string()->get());
    }
    return {};
  }));
  if (const auto* statuses = section.node("invalid_status"); statuses != nullptr) {
    if (!statuses->is_array()) return std::unexpected(section.mistake(statuses, "'invalid_status' must be a list of numbers"));
    for (const auto& item : *statuses->as_array()) {
      if (!item.is_integer() || item.as_integer()->get() < 200 || item.as_integer()->get() > 599)
        return std::unexpected(section.mistake(&item, "a status is a number from 200 to 599"));
      check.invalid_status.push_back(static_cast<int>(item.as_integer()->get()));
    }
  }
  return {};
}

/// Templates may name {pass}, {base}, {value}, {url:value}, {setting:NAME}, {url:NAME}.
Status check_template(const Section& section, const Service& service, const std::string& text) {
  for (std::size_t at = text.find('{'); at != std::string::npos; at = text.find('{', at + 1)) {
    const auto end = text.find('}', at);
    const std::string name = end == std::string::npos ? "" : text.substr(at + 1, end - at - 1);
    const bool is_proxied = service.delivery == Delivery::Proxied;
    if ((name == "pass" || name == "base") && is_proxied) continue;
    if ((name == "value" || name == "url:value") && !is_proxied) continue;
    const auto colon = name.find(':');
    const std::string kind = name.substr(0, colon == std::string::npos ? 0 : colon);
    const bool is_setting = (kind == "setting" || kind == "url") && std::any_of(service.settings.begin(), service.settings.end(), [&](const Setting& setting) {
      return setting.name == name.substr(colon + 1);
    });
    if (!is_setting) return std::unexpected(section.mistake(nullptr, "the template '" + text + "' names what this service has not: {" + name + "}"));
  }
  return {};
}

Status read_variable(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.only({"name", "value"}));
  Variable variable;
  STRONGROOM_CHECKED(section.required_text("name", variable.name));
  STRONGROOM_CHECKED(section.required_text("value", variable.value));
  STRONGROOM_CHECKED(check_template(section, service, variable.name));
  STRONGROOM_CHECKED(check_template(section, service, variable.value));
  if (variable.name.find('{') == std::string::npos && (variable.name.empty() || variable.name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != std::string::npos))
    return std::unexpected(section.mistake(section.node("name"), "a variable's name has A-Z, 0-9 and '_'"));
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
  constexpr std::string_view kKinds[] = {"host", "port", "header", "text", "variable", "path"};
  if (std::find(std::begin(kKinds), std::end(kKinds), setting.kind) == std::end(kKinds))
    return std::unexpected(section.mistake(section.node("kind"), "'kind' is host, port, header, text, variable or path"));
  service.settings.push_back(std::move(setting));
  return {};
}

Status read_rewrites(const Section& section, Service& service) {
  STRONGROOM_CHECKED(section.tables("rewrite_header", [&](const Section& each) -> Status {
    STRONGROOM_CHECKED(each.only({"header"}));
    HeaderRewrite rewrite;
    STRONGROOM_CHECKED(each.required_text("header", rewrite.header));
    if (!is_header_name(rewrite.header)) return std::unexpected(each.mistake(each.node("header"), "'header' must be a header name in lower case"));
    service.rewrite_headers.push_back(std::move(rewrite));
    return {};
  }));
  return section.tables("rewrite_body", [&](const Section& each) -> Status {
    STRONGROOM_CHECKED(each.only({"path", "field"}));
    BodyRewrite rewrite;
    STRONGROOM_CHECKED(each.required_text("path", rewrite.path_pattern));
    STRONGROOM_CHECKED(each.required_text("field", rewrite.field));
    service.rewrite_body.push_back(std::move(rewrite));
    return {};
  });
}

Status read_identity(const Section& root, Service& service) {
  std::string delivery;
  std::vector<std::string> homes;
  STRONGROOM_CHECKED(root.required_text("id", service.id));
  STRONGROOM_CHECKED(root.required_text("title", service.title));
  STRONGROOM_CHECKED(root.required_text("delivery", delivery));
  STRONGROOM_CHECKED(root.texts("homes", homes));
  if (const auto name = checked_name("id", service.id); !name) return std::unexpected(root.mistake(root.node("id"), name.error().message));
  if (delivery == "proxied") service.delivery = Delivery::Proxied;
  else if (delivery == "injected") service.delivery = Delivery::Injected;
  else return std::unexpected(root.mistake(root.node("delivery"), "'delivery' is proxied or injected"));
  if (homes.empty()) homes = {"skill", "integration"};
  for (const auto& text : homes) {
    const auto home = parse_home(text);
    if (!home) return std::unexpected(root.mistake(root.node("homes"), home.error().message));
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
    if (const auto checked = checked_host(host); !checked) return std::unexpected(root.mistake(root.node("hosts"), "'" + host + "' is " + checked.error().message));
  if (service.delivery == Delivery::Proxied && service.hosts.empty() == service.host_setting.empty())
    return std::unexpected(root.mistake(nullptr, "a proxied service has either 'hosts' or a 'host_setting'"));
  return {};
}

Status read_placements(const Section& root, Service& service) {
  if (service.delivery == Delivery::Injected) {
    if (root.node("inject") != nullptr && service.check.method.empty())
      return std::unexpected(root.mistake(root.node("inject"), "an injected service has an 'inject' only for its check"));
  } else if (root.node("inject") == nullptr) {
    return std::unexpected(root.mistake(nullptr, "a proxied service needs 'inject': the one place for the key"));
  }
  STRONGROOM_CHECKED(root.table("inject", [&](const Section& each) { return read_placement(each, service.inject); }));
  STRONGROOM_CHECKED(root.tables("accept", [&](const Section& each) -> Status {
    Placement placement;
    STRONGROOM_CHECKED(read_placement(each, placement));
    service.accept.push_back(std::move(placement));
    return {};
  }));
  if (service.delivery == Delivery::Proxied) service.accept.push_back(service.inject);
  return {};
}

Status read_rest(const Section& root, Service& service) {
  long show = 0;
  STRONGROOM_CHECKED(root.text("pass_prefix", service.pass_prefix));
  STRONGROOM_CHECKED(root.texts("unset", service.unset));
  STRONGROOM_CHECKED(root.texts("first_message_fields", service.first_message_fields));
  STRONGROOM_CHECKED(root.number("show_last_characters", 0, 4, show));
  service.show_last_characters = static_cast<std::size_t>(show);
  STRONGROOM_CHECKED(root.text("console_url", service.console_url));
  STRONGROOM_CHECKED(root.text("git_host", service.git_host));
  STRONGROOM_CHECKED(root.text("git_user", service.git_user));
  STRONGROOM_CHECKED(root.text("forbidden_value", service.forbidden_value));
  STRONGROOM_CHECKED(check_template(root, service, service.git_host));
  const bool prefix_fits = service.pass_prefix.size() <= 32 && !service.pass_prefix.starts_with("auth_tokens") &&
                           service.pass_prefix.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
  if (!prefix_fits) return std::unexpected(root.mistake(root.node("pass_prefix"), "'pass_prefix' has at most 32 characters of A-Z, a-z, 0-9, '_' and '-'"));
  return {};
}

Result<Service> read_service(const std::string& file, const toml::table& table) {
  const Section root(file, table);
  STRONGROOM_CHECKED(root.only({"id", "title", "delivery", "homes", "hosts", "host_setting", "port", "inject", "accept", "pass_prefix", "denied", "check",
                                "variable", "unset", "setting", "rewrite_header", "rewrite_body", "first_message_fields", "show_last_characters",
                                "console_url", "git_host", "git_user", "forbidden_value"}));
  Service service;
  STRONGROOM_CHECKED(read_identity(root, service));
  STRONGROOM_CHECKED(root.tables("setting", [&](const Section& each) { return read_setting(each, service); }));
  STRONGROOM_CHECKED(read_hosts(root, service));
  STRONGROOM_CHECKED(root.table("check", [&](const Section& each) { return read_check(each, service); }));
  STRONGROOM_CHECKED(read_placements(root, service));
  STRONGROOM_CHECKED(root.tables("denied", [&](const Section& each) { return read_denied(each, service); }));
  STRONGROOM_CHECKED(root.tables("variable", [&](const Section& each) { return read_variable(each, service); }));
  STRONGROOM_CHECKED(read_rewrites(root, service));
  STRONGROOM_CHECKED(read_rest(root, service));
  return service;
}

}  // namespace

Result<Service> parse_service(const SourceFile& file) {
  if (file.text.size() > (256UL << 10U)) return fail(Code::TooLarge, file.name + ": longer than 256 KiB");
  try {
    const toml::table table = toml::parse(file.text, file.name);
    return read_service(file.name, table);
  } catch (const toml::parse_error& error) {
    return fail(Code::Invalid, file.name + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
  }
}

}  // namespace strongroom::catalog
