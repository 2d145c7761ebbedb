// SPDX-License-Identifier: Apache-2.0
#include "workroom/environment.h"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/encoding.h"
#include "catalog/templates.h"
#include "workroom/exec_wire.h"
#include "workroom/git_helpers.h"
#include "workroom/proxy_environment.h"
#include "workroom/templates.h"

namespace strongroom::workroom {
namespace {

constexpr std::array<std::string_view, 11> kInherited = {"PATH",   "HOME",      "LANG",    "TERM",
                                                         "TZ",     "USER",      "LOGNAME", "SHELL",
                                                         "TMPDIR", "COLORTERM", "NO_COLOR"};
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

bool is_shaped_right(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

class Builder {
 public:
  explicit Builder(const SessionFacts& facts) : facts_(facts) {}

  Status add_key(const SessionKey& key) {
    const TemplateInputs inputs{key, facts_.gateway + "/" + key.service->id};
    std::string value_variable;
    for (const auto& variable : key.service->variables) {
      STRONGROOM_TRY(const std::optional<std::string> wanted, expand_plain(variable.name, inputs));
      if (!wanted) continue;
      if (!is_shaped_right(*wanted))
        return fail(Code::Invalid,
                    "the service " + key.service->id + " names a variable that cannot be set");
      STRONGROOM_TRY(const std::string name, free_name(*wanted, key));
      if (variable.value == "{value}" && value_variable.empty()) value_variable = name;
      STRONGROOM_CHECKED(add(name, *wanted, variable.value, inputs));
    }
    unset_.insert(key.service->unset.begin(), key.service->unset.end());
    return git_.add(inputs, value_variable, source_for_git(key), facts_.init_program);
  }

  Status finish() {
    for (auto& variable : git_.variables())
      set(std::move(variable.name), std::move(variable.value));
    for (const auto& variable : facts_.ssh) set(variable.name, variable.value);
    const std::string gateway_host = host_of(facts_.gateway);
    set("STRONGROOM_SESSION", facts_.session);
    set("STRONGROOM_GATEWAY", facts_.gateway);
    if (!facts_.socket.empty()) set("STRONGROOM_SOCKET", facts_.socket);
    if (!facts_.exec_socket.empty()) {
      set(kExecVariable, facts_.exec_socket);
      set(kInitVariable, facts_.init_program);
    }
    // A proxy that the command sets for itself must not stand between it and the gateway; tools
    // differ in which spelling they read.
    const std::string direct =
        facts_.proxy.empty() ? gateway_host : gateway_host + ",localhost,127.0.0.1,::1";
    set("NO_PROXY", direct);
    set("no_proxy", direct);
    // Which proxy and whom to trust is the caller's to say otherwise: no key hangs on it.
    for (const auto& variable : facts_.proxy)
      if (is_shared_variable(variable.name) || !is_said_by_caller(variable.name))
        set(variable.name, variable.value);
    if (!facts_.proxy.empty() && !is_said_by_caller("SSL_CERT_DIR")) unset_.insert("SSL_CERT_DIR");
    for (const auto& variable : facts_.added) STRONGROOM_CHECKED(add_by_caller(variable));
    for (const auto& variable : facts_.inherited)
      if (is_wanted(variable.name) && !taken_.contains(variable.name) &&
          !unset_.contains(variable.name))
        set(variable.name, variable.value);
    if (!facts_.is_container && !taken_.contains("PATH")) set("PATH", std::string(kDefaultPath));
    out_.unset.assign(unset_.begin(), unset_.end());
    return {};
  }

  Environment take() { return std::move(out_); }

 private:
  [[nodiscard]] GitHelpers::Source source_for_git(const SessionKey& key) const {
    using Source = GitHelpers::Source;
    if (facts_.exec_socket.empty()) return Source::Environment;
    if (key.is_login) return Source::ExecAlways;
    return facts_.has_values ? Source::Environment : Source::ExecOrOwn;
  }
  [[nodiscard]] bool is_wanted(std::string_view name) const {
    return facts_.is_container ? is_inherited_by_container(name) : is_inherited(name);
  }
  void set(std::string name, std::string value) {
    taken_.insert(name);
    out_.plain.push_back({std::move(name), std::move(value)});
  }

  Status add(const std::string& name, const std::string& wanted, const std::string& text,
             const TemplateInputs& inputs) {
    const SessionKey& key = inputs.key;
    if (catalog::holds_value(text)) {
      STRONGROOM_TRY(std::optional<Secret> value, expand_secret(text, inputs));
      if (!value) return {};
      taken_.insert(name);
      out_.secret.push_back({name, std::move(*value), key.service->id, key.label, wanted});
      return {};
    }
    STRONGROOM_TRY(std::optional<std::string> value, expand_plain(text, inputs));
    if (value && key.pass.empty())
      out_.of_keys.push_back({name, *value, key.service->id, key.label, wanted});
    if (value) set(name, std::move(*value));
    return {};
  }

  /// The name itself, or with what tells this key from the one that has it already.
  Result<std::string> free_name(const std::string& wanted, const SessionKey& key) const {
    if (!taken_.contains(wanted)) return wanted;
    const std::string other =
        wanted + "_" + variable_suffix(key.label.empty() ? key.service->id : key.label);
    if (!taken_.contains(other)) return other;
    return fail(Code::Conflict, "two keys of this session want the variable " + wanted +
                                    " and have the same label; name one of them only");
  }

  /// In either spelling, as those of proxies have two.
  [[nodiscard]] bool is_said_by_caller(std::string_view name) const {
    return std::ranges::any_of(facts_.added, [&](const PlainVariable& each) {
      return variable_suffix(each.name) == variable_suffix(name);
    });
  }

  Status add_by_caller(const PlainVariable& variable) {
    if (!is_shaped_right(variable.name))
      return fail(Code::Invalid, "'" + variable.name + "' is not a variable's name");
    if (is_shared_variable(variable.name) && taken_.contains(variable.name)) {
      add_before(variable);
      return {};
    }
    if (variable.name.starts_with("STRONGROOM_") || taken_.contains(variable.name) ||
        unset_.contains(variable.name))
      return fail(Code::Invalid, "the variable " + variable.name +
                                     " belongs to the session and cannot be set beside it");
    set(variable.name, variable.value);
    return {};
  }

  /// The last of two options of a kind counts: trust and proxy stay the session's.
  void add_before(const PlainVariable& part) {
    for (auto& variable : out_.plain)
      if (variable.name == part.name && !part.value.empty())
        variable.value = part.value + " " + variable.value;
  }

  const SessionFacts& facts_;
  Environment out_;
  std::set<std::string, std::less<>> taken_;
  std::set<std::string, std::less<>> unset_;
  GitHelpers git_;
};

}  // namespace

std::string variable_suffix(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c >= 'a' && c <= 'z'                               ? static_cast<char>(c - 'a' + 'A')
           : (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c
                                                              : '_';
  return out;
}

std::string host_of(std::string_view url) {
  const auto start = url.find("://");
  std::string_view rest = start == std::string_view::npos ? url : url.substr(start + 3);
  rest = rest.substr(0, rest.find('/'));
  if (rest.starts_with('[')) return std::string(rest.substr(1, rest.find(']') - 1));
  return std::string(rest.substr(0, rest.rfind(':')));
}

bool is_inherited(std::string_view name) {
  return name.starts_with("LC_") ||
         std::find(kInherited.begin(), kInherited.end(), name) != kInherited.end();
}

bool is_inherited_by_container(std::string_view name) {
  static constexpr std::string_view kNames[] = {"TERM", "COLORTERM", "NO_COLOR", "LANG", "TZ"};
  return name.starts_with("LC_") || std::ranges::find(kNames, name) != std::end(kNames);
}

void add_of_image(Environment& environment, std::string_view name, std::string_view value) {
  const auto is_it = [&](const auto& each) { return each.name == name; };
  if (std::ranges::any_of(environment.plain, is_it) ||
      std::ranges::any_of(environment.secret, is_it) ||
      std::ranges::find(environment.unset, name) != environment.unset.end())
    return;
  environment.plain.push_back({std::string(name), std::string(value)});
}

std::optional<PlainVariable> parse_variable(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  return PlainVariable{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

std::vector<PlainVariable> own_environment() {
  std::vector<PlainVariable> out;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each)
    if (auto variable = parse_variable(*each)) out.push_back(std::move(*variable));
  return out;
}

Result<Environment> build_environment(const SessionFacts& facts, std::vector<SessionKey> keys) {
  Builder builder(facts);
  for (const auto& key : keys) STRONGROOM_CHECKED(builder.add_key(key));
  STRONGROOM_CHECKED(builder.finish());
  return builder.take();
}

}  // namespace strongroom::workroom
