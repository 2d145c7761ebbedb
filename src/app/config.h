// Configuration of `strongroom serve`: flags, then strongroom.toml, then defaults.
//
// Used by: serve. Every member can be set in both places; a flag wins. An unknown member is an
// error that names it. Documented in docs/configuration.md. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/webhook.h"
#include "base/result.h"
#include "external_seal/job.h"
#include "lease/messages.h"
#include "sinks/settings.h"

namespace strongroom::app {

struct ServeFlags {
  std::optional<std::string> data;
  std::optional<std::string> config;
  std::optional<std::string> listen;
  std::optional<std::string> gateway;
  std::optional<std::string> metrics;
  std::optional<std::string> seal;
  std::optional<std::string> extra_ca;
  std::optional<std::string> gateway_certificate;
  std::optional<std::string> gateway_private_key;
  std::vector<std::string> names;
  std::vector<std::string> gateway_names;
  std::optional<std::string> gateway_url;
  std::optional<std::string> gateway_plain_http;
  std::optional<std::string> upstream_proxy;
  std::vector<std::string> no_proxy;
  std::optional<int> gateway_processes;
  std::optional<int> drain_seconds;
  std::optional<int> grace_seconds;
  std::optional<std::string> log_level;
  std::optional<std::string> anchor;
  bool accept_rollback = false;
};

struct Config {
  std::string data_directory;
  std::string listen = "127.0.0.1:8700";
  std::string gateway = "127.0.0.1:8701";
  std::string metrics = "127.0.0.1:8702";
  std::string seal = "file";
  std::string extra_ca_pem;  ///< content of [gateway] extra_ca
  std::vector<lease::Dial> dials;
  std::string gateway_certificate;  ///< file with the operator's own chain; empty: one is made
  std::string gateway_private_key;  ///< its key's file
  std::vector<std::string> gateway_names;  ///< of the certificate that is made, beside its own
  std::string gateway_url;     ///< how workrooms reach it; empty: by the address it listens on
  std::string upstream_proxy;  ///< http://[USER:PASSWORD@]HOST:PORT; empty: none
  std::vector<std::string> no_proxy;  ///< hosts, or ".domain"
  lease::PlainHttp plain_http = lease::PlainHttp::FromThisMachine;
  int gateway_processes = 1;
  int tenant_exchanges = 0;  ///< a tenant's requests at once in one gateway; 0: as many as leave
                             ///< a quarter of its descriptors to others
  std::vector<std::string> names;  ///< of this machine: hosts of the control API's URL, and of the
                                   ///< certificate that is made
  std::string console_url;  ///< where people reach the console; empty: the listener's own
  std::chrono::seconds check_every{6 * 3600};  ///< from one check of a key to the next; 0: none
  std::vector<Webhook> hooks;
  std::chrono::seconds drain{10};   ///< how long streams may go on after SIGTERM
  std::chrono::seconds grace{2};    ///< TERM to KILL of processes that hold a revoked injected key
  std::chrono::seconds making{60};  ///< a credential's making that was cut short is over by then
  std::string log_level = "info";
  std::string anchor_file;  ///< where the newest state of the database is told
  std::string anchor_tpm;   ///< the TPM whose counter it names, by its TCTI; empty: none
  std::string anchor_tpm_index = "0x01A57300";  ///< of that counter
  std::string anchor_witness;    ///< who is asked whether the record is the newest; empty: nobody
  ServeFlags flags;              ///< it was read with
  bool accept_rollback = false;  ///< of a database older than that; once, so a flag only
  std::vector<external_seal::Settings> external_seals;
  std::vector<sinks::Settings> sinks;             ///< where the record goes besides the disk
  std::vector<sinks::WitnessSettings> witnesses;  ///< of its checkpoints

  [[nodiscard]] std::string path(const std::string& name) const {
    return data_directory + "/" + name;
  }
};

/// `--data`, STRONGROOM_DATA, ./strongroom-data; made absolute.
[[nodiscard]] std::string data_directory(const std::optional<std::string>& flag);
/// Reads and checks everything. Relative file names are relative to the configuration file's
/// folder.
[[nodiscard]] Result<Config> load_config(const ServeFlags& flags);

}  // namespace strongroom::app
