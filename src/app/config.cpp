// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <string_view>

#include "app/config_fields.h"
#include "app/external_seal_settings.h"
#include "app/files.h"
#include "app/sink_settings.h"
#include "app/upstream_proxy_setting.h"
#include "app/witness_settings.h"
#include "base/json.h"
#include "base/small_letters.h"
#include "catalog/toml_json.h"
#include "io/authority/certificate_host.h"
#include "io/net.h"
#include "io/tls/tls.h"

namespace strongroom::app {
namespace {

constexpr Range kProcesses{1, 64};
constexpr Range kDrainSeconds{0, 3600};
constexpr Range kGraceSeconds{0, 60};
constexpr Range kMakingSeconds{1, 3600};
constexpr Range kCheckSeconds{0, 30 * 86'400};
constexpr Range kExchanges{1, 1'000'000};

template <class Number>
Status take_number(std::string_view flag, const std::optional<int>& value, Range range,
                   Number& into) {
  if (!value) return {};
  STRONGROOM_TRY(const int checked, checked_number(std::string(flag), *value, range));
  into = Number(checked);
  return {};
}

/// As requests name it: in lower case, with a port that can be dialled.
Status check_dial(lease::Dial& dial) {
  const auto host = io::parse_endpoint(dial.authority);
  const auto to = io::parse_endpoint(dial.to);
  if (!host || !to)
    return fail(
        Code::Invalid,
        "strongroom.toml: [[gateway.dial]] needs host = \"name:port\" and to = \"address:port\"");
  if (host->port == 0 || to->port == 0)
    return fail(Code::Invalid, "strongroom.toml: [[gateway.dial]] '" + dial.authority +
                                   "': a port is 1 to 65535, in 'host' and in 'to'");
  if (host->host.find('*') != std::string::npos)
    return fail(Code::Invalid, "strongroom.toml: [[gateway.dial]] '" + dial.authority +
                                   "': 'host' is one name; write a table for each");
  dial.authority = in_small_letters(dial.authority);
  return {};
}

Status read_dials(const json::object& gateway, Config& config) {
  const auto* dials = gateway.if_contains("dial");
  if (dials == nullptr) return {};
  if (!dials->is_array())
    return fail(Code::Invalid,
                "strongroom.toml: write [[gateway.dial]] with two pairs of brackets");
  for (const auto& item : dials->get_array()) {
    if (!item.is_object())
      return fail(Code::Invalid, "strongroom.toml: [[gateway.dial]] must be a table");
    const auto& table = item.get_object();
    STRONGROOM_CHECKED(refuse_unknown(table, "[[gateway.dial]]", {"host", "to"}));
    lease::Dial dial;
    STRONGROOM_CHECKED(take_text(table, "host", dial.authority));
    STRONGROOM_CHECKED(take_text(table, "to", dial.to));
    STRONGROOM_CHECKED(check_dial(dial));
    config.dials.push_back(std::move(dial));
  }
  return {};
}

Status read_extra_ca(const std::string& name, const std::filesystem::path& folder, Config& config) {
  if (name.empty()) return {};
  const std::string path = absolute(name, folder);
  STRONGROOM_TRY(config.extra_ca_pem, read_file(path));
  // A gateway that cannot read it would end, and be started again, for ever.
  if (io::end_of_certificate(config.extra_ca_pem)) return {};
  return fail(Code::Invalid, "extra_ca: " + path + " holds no PEM certificate");
}

Status set_plain_http(const std::string& text, Config& config) {
  if (text == "local") {
    config.plain_http = lease::PlainHttp::FromThisMachine;
  } else if (text == "anywhere") {
    config.plain_http = lease::PlainHttp::FromAnywhere;
  } else {
    return fail(Code::Invalid,
                "[gateway] plain_http is \"local\" or \"anywhere\", not '" + text + "'");
  }
  return {};
}

Status read_gateway_tls(const json::object& gateway, const std::filesystem::path& folder,
                        Config& config) {
  STRONGROOM_CHECKED(take_text(gateway, "certificate", config.gateway_certificate));
  STRONGROOM_CHECKED(take_text(gateway, "private_key", config.gateway_private_key));
  config.gateway_certificate = absolute(config.gateway_certificate, folder);
  config.gateway_private_key = absolute(config.gateway_private_key, folder);
  STRONGROOM_CHECKED(take_texts(gateway, "names", config.gateway_names));
  STRONGROOM_CHECKED(take_text(gateway, "url", config.gateway_url));
  std::string plain_http;
  STRONGROOM_CHECKED(take_text(gateway, "plain_http", plain_http));
  return plain_http.empty() ? Status() : set_plain_http(plain_http, config);
}

Status read_gateway(const json::object& gateway, const std::filesystem::path& folder,
                    Config& config) {
  STRONGROOM_CHECKED(
      refuse_unknown(gateway, "[gateway]",
                     {"listen", "extra_ca", "dial", "processes", "tenant_exchanges", "certificate",
                      "private_key", "names", "url", "plain_http", "upstream_proxy", "no_proxy"}));
  STRONGROOM_CHECKED(take_text(gateway, "listen", config.gateway));
  STRONGROOM_CHECKED(take_number(gateway, "processes", kProcesses, config.gateway_processes));
  STRONGROOM_CHECKED(take_number(gateway, "tenant_exchanges", kExchanges, config.tenant_exchanges));
  std::string extra_ca;
  STRONGROOM_CHECKED(take_text(gateway, "extra_ca", extra_ca));
  STRONGROOM_CHECKED(read_extra_ca(extra_ca, folder, config));
  STRONGROOM_CHECKED(read_gateway_tls(gateway, folder, config));
  STRONGROOM_CHECKED(take_text(gateway, "upstream_proxy", config.upstream_proxy));
  STRONGROOM_CHECKED(take_texts(gateway, "no_proxy", config.no_proxy));
  return read_dials(gateway, config);
}

/// Of those that are an owner's to give away.
Status check_counter_index(const std::string& text) {
  constexpr std::uint32_t kFirst = 0x01800000;
  constexpr std::uint32_t kLast = 0x01BFFFFF;
  std::uint32_t index = 0;
  const char* const end = text.data() + text.size();
  const bool is_number =
      text.starts_with("0x") && std::from_chars(text.data() + 2, end, index, 16).ptr == end;
  if (is_number && index >= kFirst && index <= kLast) return {};
  return fail(Code::Invalid,
              "strongroom.toml: [anchor] 'tpm_index' is a number from 0x01800000 to 0x01BFFFFF, as "
              "\"0x01A57300\"");
}

Status read_anchor(const json::object& document, const std::filesystem::path& folder,
                   Config& config) {
  const auto* anchor = document.if_contains("anchor");
  if (anchor == nullptr) return {};
  if (!anchor->is_object()) return fail(Code::Invalid, "strongroom.toml: 'anchor' must be a table");
  const json::object& table = anchor->get_object();
  STRONGROOM_CHECKED(refuse_unknown(table, "[anchor]", {"file", "tpm", "tpm_index", "witness"}));
  STRONGROOM_CHECKED(take_text(table, "file", config.anchor_file));
  config.anchor_file = absolute(config.anchor_file, folder);
  STRONGROOM_CHECKED(take_text(table, "tpm", config.anchor_tpm));
  STRONGROOM_CHECKED(take_text(table, "tpm_index", config.anchor_tpm_index));
  STRONGROOM_CHECKED(check_counter_index(config.anchor_tpm_index));
  return take_text(table, "witness", config.anchor_witness);
}

Status check_anchor_witness(const Config& config) {
  if (config.anchor_witness.empty()) return {};
  const bool is_known = std::ranges::any_of(
      config.witnesses, [&](const auto& each) { return each.place.name == config.anchor_witness; });
  if (is_known) return {};
  return fail(Code::Invalid, "strongroom.toml: [anchor] 'witness' names '" + config.anchor_witness +
                                 "', and there is no [[audit.witness]] of that name");
}

Status read_document(const json::object& document, const std::filesystem::path& folder,
                     Config& config) {
  STRONGROOM_CHECKED(
      refuse_unknown(document, "the top level",
                     {"listen", "metrics", "seal", "drain_seconds", "grace_seconds",
                      "making_seconds", "log_level", "gateway", "console_url", "names", "anchor",
                      "audit", "check_seconds", "notice", "external_seal"}));
  STRONGROOM_CHECKED(take_text(document, "listen", config.listen));
  STRONGROOM_CHECKED(take_text(document, "metrics", config.metrics));
  STRONGROOM_CHECKED(take_text(document, "seal", config.seal));
  STRONGROOM_CHECKED(take_text(document, "log_level", config.log_level));
  STRONGROOM_CHECKED(take_text(document, "console_url", config.console_url));
  STRONGROOM_CHECKED(take_texts(document, "names", config.names));
  STRONGROOM_CHECKED(take_number(document, "drain_seconds", kDrainSeconds, config.drain));
  STRONGROOM_CHECKED(take_number(document, "grace_seconds", kGraceSeconds, config.grace));
  STRONGROOM_CHECKED(take_number(document, "making_seconds", kMakingSeconds, config.making));
  STRONGROOM_CHECKED(read_anchor(document, folder, config));
  if (const auto* audit = document.if_contains("audit")) {
    STRONGROOM_TRY(config.sinks, read_sinks(*audit, folder));
    STRONGROOM_TRY(config.witnesses, read_witnesses(*audit, folder));
  }
  STRONGROOM_CHECKED(take_number(document, "check_seconds", kCheckSeconds, config.check_every));
  if (const auto* notice = document.if_contains("notice")) {
    STRONGROOM_TRY(config.hooks, read_webhooks(*notice, folder));
  }
  if (const auto* seals = document.if_contains("external_seal")) {
    STRONGROOM_TRY(config.external_seals, read_external_seals(*seals, folder));
  }
  STRONGROOM_CHECKED(check_anchor_witness(config));
  const auto* gateway = document.if_contains("gateway");
  if (gateway == nullptr) return {};
  if (!gateway->is_object())
    return fail(Code::Invalid, "strongroom.toml: 'gateway' must be a table");
  return read_gateway(gateway->get_object(), folder, config);
}

Status read_config_file(const ServeFlags& flags, Config& config) {
  const std::string path = flags.config.value_or(config.path("strongroom.toml"));
  auto text = read_file(path, 256UL << 10U);
  if (!text && text.error().code == Code::NotFound && !flags.config) return {};
  if (!text) return std::unexpected(text.error());
  STRONGROOM_TRY(const auto document, catalog::toml_to_json({path, *text}));
  return read_document(document, std::filesystem::path(path).parent_path(), config);
}

Status check_gateway_tls(const Config& config) {
  if (config.gateway_certificate.empty() != config.gateway_private_key.empty())
    return fail(Code::Invalid,
                "[gateway] certificate and private_key belong together: one of them is missing");
  for (const auto* names : {&config.names, &config.gateway_names})
    for (const auto& name : *names)
      if (!io::certificate_host(name))
        return fail(Code::Invalid, "'names': '" + name + "' is no host name or address");
  const std::string& url = config.gateway_url;
  const auto host = url.find("://");
  const bool is_url = url.starts_with("http://") || url.starts_with("https://");
  if (!url.empty() && (!is_url || !io::parse_endpoint(url.substr(host + 3))))
    return fail(
        Code::Invalid,
        "[gateway] url is https://NAME:PORT (or http://), without a path, not '" + url + "'");
  return {};
}

Status check(const Config& config) {
  for (const auto& address : {config.listen, config.gateway, config.metrics})
    if (!io::parse_endpoint(address))
      return fail(Code::Invalid, "'" + address + "' is not ADDRESS:PORT");
  if (!config.console_url.empty() && !config.console_url.starts_with("http://") &&
      !config.console_url.starts_with("https://"))
    return fail(Code::Invalid, "strongroom.toml: 'console_url' begins with https:// or http://");
  STRONGROOM_CHECKED(check_gateway_tls(config));
  if (const auto proxy = upstream_proxy_of(config.upstream_proxy, config.no_proxy); !proxy)
    return std::unexpected(proxy.error());
  const bool is_external =
      std::ranges::find(config.external_seals, config.seal, &external_seal::Settings::name) !=
      config.external_seals.end();
  if (config.seal != "file" && config.seal != "passphrase" && !is_external)
    return fail(Code::Invalid,
                "the seal is 'file', 'passphrase' or the name of an [[external_seal]], not '" +
                    config.seal + "'");
  constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warning", "error"};
  if (std::ranges::find(kLevels, config.log_level) == kLevels.end())
    return fail(Code::Invalid, "the log level is 'debug', 'info', 'warning' or 'error', not '" +
                                   config.log_level + "'");
  return {};
}

Status apply_gateway_flags(const ServeFlags& flags, const std::filesystem::path& here,
                           Config& config) {
  if (flags.gateway_certificate)
    config.gateway_certificate = absolute(*flags.gateway_certificate, here);
  if (flags.gateway_private_key)
    config.gateway_private_key = absolute(*flags.gateway_private_key, here);
  if (!flags.gateway_names.empty()) config.gateway_names = flags.gateway_names;
  if (flags.gateway_url) config.gateway_url = *flags.gateway_url;
  if (flags.upstream_proxy) config.upstream_proxy = *flags.upstream_proxy;
  if (!flags.no_proxy.empty()) config.no_proxy = flags.no_proxy;
  return flags.gateway_plain_http ? set_plain_http(*flags.gateway_plain_http, config) : Status();
}

/// What a flag says wins over the file.
Status apply_flags(const ServeFlags& flags, Config& config) {
  if (flags.listen) config.listen = *flags.listen;
  if (flags.gateway) config.gateway = *flags.gateway;
  if (flags.metrics) config.metrics = *flags.metrics;
  if (!flags.names.empty()) config.names = flags.names;
  if (flags.seal) config.seal = *flags.seal;
  if (flags.log_level) config.log_level = *flags.log_level;
  STRONGROOM_CHECKED(take_number("--gateway-processes", flags.gateway_processes, kProcesses,
                                 config.gateway_processes));
  STRONGROOM_CHECKED(
      take_number("--drain-seconds", flags.drain_seconds, kDrainSeconds, config.drain));
  STRONGROOM_CHECKED(
      take_number("--grace-seconds", flags.grace_seconds, kGraceSeconds, config.grace));
  const auto here = std::filesystem::current_path();
  if (flags.anchor) config.anchor_file = absolute(*flags.anchor, here);
  if (config.anchor_file.empty()) config.anchor_file = config.path("anchor");
  config.accept_rollback = flags.accept_rollback;
  if (flags.extra_ca) STRONGROOM_CHECKED(read_extra_ca(*flags.extra_ca, here, config));
  return apply_gateway_flags(flags, here, config);
}

}  // namespace

std::string data_directory(const std::optional<std::string>& flag) {
  std::string chosen = "strongroom-data";
  if (const char* variable = std::getenv("STRONGROOM_DATA");
      variable != nullptr && *variable != '\0')
    chosen = variable;
  if (flag) chosen = *flag;
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(chosen, ignored).lexically_normal();
  std::string text = absolute.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

Result<Config> load_config(const ServeFlags& flags) {
  Config config;
  config.flags = flags;
  config.data_directory = data_directory(flags.data);
  STRONGROOM_CHECKED(read_config_file(flags, config));
  STRONGROOM_CHECKED(apply_flags(flags, config));
  STRONGROOM_CHECKED(check(config));
  return config;
}

}  // namespace strongroom::app
