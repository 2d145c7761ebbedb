// SPDX-License-Identifier: Apache-2.0
#include "workroom/environment.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"

namespace strongroom::workroom {
namespace {

constexpr std::string_view kInherited[] = {"PATH", "HOME", "LANG", "TERM", "TZ", "USER", "LOGNAME", "SHELL", "TMPDIR", "COLORTERM", "NO_COLOR"};

bool is_inherited(std::string_view name) {
  return name.starts_with("LC_") || std::find(std::begin(kInherited), std::end(kInherited), name) != std::end(kInherited);
}

/// What the templates may name. `value` is the pass or the key.
struct Filling {
  const catalog::Service& service;
  const Settings& settings;
  const Secret* value = nullptr;
  std::string base;

  /// The setting, its default, or nothing when it is optional and absent.
  [[nodiscard]] std::optional<std::string> setting(std::string_view name) const {
    for (const auto& [key, given] : settings)
      if (key == name && !given.empty()) return given;
    for (const auto& known : service.settings)
      if (known.name == name && !known.default_value.empty()) return known.default_value;
    return std::nullopt;
  }
};

/// A growing text in memory that is wiped: templates mix the key with plain text.
class Text {
 public:
  Text() { octets_.reserve(kRoom); }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;
  ~Text() { wipe(octets_.data(), octets_.size()); }
  bool add(ByteView more) {
    if (more.size() > kRoom - octets_.size()) return false;
    octets_.insert(octets_.end(), more.begin(), more.end());
    return true;
  }
  [[nodiscard]] ByteView view() const { return octets_; }

 private:
  static constexpr std::size_t kRoom = Secret::kMaxSize;
  ByteVector octets_;
};

bool add_percent_encoded(ByteView value, Text& out) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const std::uint8_t c : value) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    const std::uint8_t escaped[] = {'%', static_cast<std::uint8_t>(kHex[c >> 4U]), static_cast<std::uint8_t>(kHex[c & 15U])};
    if (!out.add(is_plain ? ByteView(&c, 1) : ByteView(escaped))) return false;
  }
  return true;
}

enum class Filled : std::uint8_t { Yes, LeftOut, TooLarge };

Filled fill_one(std::string_view name, const Filling& filling, Text& out) {
  const auto fits = [](bool did) { return did ? Filled::Yes : Filled::TooLarge; };
  if (name == "pass" || name == "value") return fits(filling.value->reveal([&](ByteView plain) { return out.add(plain); }));
  if (name == "url:value") return fits(filling.value->reveal([&](ByteView plain) { return add_percent_encoded(plain, out); }));
  if (name == "base") return fits(out.add(bytes_of(filling.base)));
  const bool is_url = name.starts_with("url:");
  const auto value = filling.setting(name.substr(name.find(':') + 1));
  if (!value) return Filled::LeftOut;
  return fits(is_url ? add_percent_encoded(bytes_of(*value), out) : out.add(bytes_of(*value)));
}

Filled fill(std::string_view text, const Filling& filling, Text& out) {
  while (!text.empty()) {
    const auto open = text.find('{');
    if (!out.add(bytes_of(text.substr(0, open)))) return Filled::TooLarge;
    if (open == std::string_view::npos) break;
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) break;
    const Filled filled = fill_one(text.substr(open + 1, close - open - 1), filling, out);
    if (filled != Filled::Yes) return filled;
    text = text.substr(close + 1);
  }
  return Filled::Yes;
}

/// A template of settings alone (a variable's name, a git host).
std::optional<std::string> plain(const std::string& text, const Filling& filling) {
  Text out;
  if (fill(text, filling, out) != Filled::Yes) return std::nullopt;
  return std::string(text_of(out.view()));
}

}  // namespace

Environment::Environment(const char* const* inherited) {
  for (; inherited != nullptr && *inherited != nullptr; ++inherited) {
    const std::string_view entry(*inherited);
    const auto equals = entry.find('=');
    if (equals != std::string_view::npos && is_inherited(entry.substr(0, equals))) set(std::string(entry.substr(0, equals)), std::string(entry.substr(equals + 1)));
  }
}

void Environment::put(const std::string& name, Secret value) {
  std::erase_if(variables_, [&](const Variable& each) { return each.name == name; });
  variables_.push_back({name, std::move(value)});
}

void Environment::set(const std::string& name, const std::string& value) { put(name, Secret(bytes_of(value))); }

Status Environment::add_proxied(const catalog::Service& service, const Settings& settings, const std::string& pass, const std::string& gateway) {
  const Secret value(bytes_of(pass));
  const Filling filling{service, settings, &value, gateway + "/" + service.id};
  for (const auto& variable : service.variables) {
    const auto name = plain(variable.name, filling);
    Text text;
    const Filled filled = fill(variable.value, filling, text);
    if (!name || filled == Filled::LeftOut) continue;
    if (filled == Filled::TooLarge) return fail(Code::TooLarge, "the variable " + *name + " would be over 64 KiB");
    put(*name, Secret(text.view()));
  }
  return {};
}

Status Environment::add_injected(const catalog::Service& service, const Settings& settings, const Secret& value) {
  const Filling filling{service, settings, &value, {}};
  std::string holder;
  for (const auto& variable : service.variables) {
    const auto name = plain(variable.name, filling);
    Text text;
    const Filled filled = fill(variable.value, filling, text);
    if (!name || filled == Filled::LeftOut) continue;
    if (filled == Filled::TooLarge) return fail(Code::TooLarge, "the variable " + *name + " would be over 64 KiB");
    if (variable.value == "{value}" && holder.empty()) holder = *name;
    put(*name, Secret(text.view()));
  }
  if (service.git_host.empty() || holder.empty()) return {};
  const auto host = plain(service.git_host, filling);
  const auto user = plain(service.git_user, filling);
  if (!host || !user) return {};
  // Both become part of a shell text.
  if (host->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:") != std::string::npos ||
      user->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+-") != std::string::npos)
    return fail(Code::Invalid, "the git host or user of this key holds a character that is not allowed");
  // Two keys for two hosts under one variable would give one host the other's token.
  for (const auto& other : git_)
    if (other.variable == holder && other.host != *host) return fail(Code::Conflict, "two git keys would share the variable " + holder + ": ask for one of them");
  git_.push_back({*host, *user, holder});
  return {};
}

/// git asks its helper for each host; the helper's text names the variable, never its value. The empty entry drops inherited helpers.
void Environment::finish() {
  if (git_.empty()) return;
  std::size_t index = 0;
  const auto pair = [&](const std::string& key, const std::string& value) {
    set("GIT_CONFIG_KEY_" + std::to_string(index), key);
    set("GIT_CONFIG_VALUE_" + std::to_string(index), value);
    ++index;
  };
  for (const auto& helper : git_) {
    const std::string key = "credential.https://" + helper.host + ".helper";
    pair(key, "");
    pair(key, "!f() { test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' '" + helper.user + "' \"$" + helper.variable + "\"; }; f");
  }
  set("GIT_CONFIG_COUNT", std::to_string(index));
  set("GIT_TERMINAL_PROMPT", "0");
}

}  // namespace strongroom::workroom
