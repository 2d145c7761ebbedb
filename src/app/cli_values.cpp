// What the values of flags and arguments are: their names in help, and what completion offers for
// them. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "app/cli_options.h"

namespace strongroom::app {
namespace {

/// By the command's path and the flag ("token add --member"), else by the flag alone. In braces:
/// one of these.
using Kinds = std::map<std::string, std::string, std::less<>>;

const Kinds& kinds() {
  static const Kinds all{{"--allow", "'METHODS PATH'"},
                         {"--anchor", "FILE"},
                         {"--budget", "UNIT=NUMBER"},
                         {"--bytes-per-day", "OCTETS"},
                         {"--concurrent", "NUMBER"},
                         {"--config", "FILE"},
                         {"--data", "FOLDER"},
                         {"--deny", "'METHODS PATH'"},
                         {"--docker-socket", "FILE"},
                         {"--drain-seconds", "SECONDS"},
                         {"--env", "NAME=VALUE"},
                         {"--exec-user", "UID[:GID]"},
                         {"--expires", "DATE"},
                         {"--extra-ca", "FILE"},
                         {"--gateway", "ADDRESS:PORT"},
                         {"--gateway-certificate", "FILE"},
                         {"--gateway-name", "NAME"},
                         {"--gateway-plain-http", "{local,anywhere}"},
                         {"--gateway-private-key", "FILE"},
                         {"--gateway-processes", "NUMBER"},
                         {"--finding", "CODE"},
                         {"--gateway-url", "URL"},
                         {"--grace-seconds", "SECONDS"},
                         {"--grant-role", "ROLE"},
                         {"--idle", "DURATION"},
                         {"--image", "IMAGE"},
                         {"--domain", "DOMAIN"},
                         {"--everybody-else", "{owner,admin,member,auditor}"},
                         {"--group", "GROUP=ROLE"},
                         {"--groups-claim", "CLAIM"},
                         {"--id", "ID"},
                         {"--issuer", "URL"},
                         {"--key", "KEY"},
                         {"--label", "LABEL=VALUE"},
                         {"--limit", "NUMBER"},
                         {"--listen", "ADDRESS:PORT"},
                         {"--log-level", "{debug,info,warning,error}"},
                         {"--machine", "{admin,member,auditor}"},
                         {"--max-size", "GIB"},
                         {"--max-time", "SECONDS"},
                         {"--member", "MEMBER"},
                         {"--memory", "SIZE"},
                         {"--metrics", "ADDRESS:PORT"},
                         {"--mount", "FROM:TO[:ro]"},
                         {"--name", "NAME"},
                         {"--network", "{none,host}"},
                         {"--no-proxy", "HOST"},
                         {"--open", "'METHODS PATH'"},
                         {"--owned", "{reassign,drop}"},
                         {"--path", "FILE"},
                         {"--pids-limit", "NUMBER"},
                         {"--public-key", "BASE64"},
                         {"--role", "{owner,admin,member,auditor}"},
                         {"--rpm", "NUMBER"},
                         {"--runtime", "{process,docker,runc}"},
                         {"--scan-on-end", "FOLDER"},
                         {"--scope", "{all,read,sessions}"},
                         {"--scratch-size", "SIZE"},
                         {"--seal", "SEAL"},
                         {"--seal-file", "FILE"},
                         {"--service", "SERVICE[:LABEL]"},
                         {"--session", "SESSION"},
                         {"--set", "NAME=VALUE"},
                         {"--share", "HUNDREDTHS"},
                         {"--shares", "NUMBER"},
                         {"--skill", "SKILL"},
                         {"--since", "TIME"},
                         {"--socket", "FILE"},
                         {"--socket-owner", "UID"},
                         {"--template", "FILE"},
                         {"--tenant", "TENANT"},
                         {"--threshold", "NUMBER"},
                         {"--ticket-file", "FILE"},
                         {"--tiles", "FOLDER"},
                         {"--tunnel", "HOST:PORT"},
                         {"--ttl", "DURATION"},
                         {"--until", "TIME"},
                         {"--upstream-proxy", "URL"},
                         {"--user", "USER"},
                         {"--valid", "DURATION"},
                         {"--wait", "SECONDS"},
                         {"--witness", "KEY"},
                         {"--workdir", "FOLDER"},
                         {"--after", "EVENT"},
                         {"--program", "FILE"},
                         {"file", "FILE"},
                         {"folder", "FOLDER"},
                         {"name", "NAME"},
                         {"path", "FILE"},
                         {"service", "SERVICE"},
                         {"strongroom key add --label", "LABEL"},
                         {"strongroom key connect --label", "LABEL"},
                         {"strongroom oauth client set --scope", "SCOPE"},
                         {"strongroom identity-provider add --scope", "SCOPE"},
                         {"strongroom identity remove id", "IDENTITY"},
                         {"strongroom oauth client set --service", "SERVICE"},
                         {"strongroom key show id", "KEY"},
                         {"strongroom key rotate id", "KEY"},
                         {"strongroom key check id", "KEY"},
                         {"strongroom key checks id", "KEY"},
                         {"strongroom key revoke id", "KEY"},
                         {"strongroom member remove name", "MEMBER"},
                         {"strongroom policy list --service", "SERVICE"},
                         {"strongroom policy remove --service", "SERVICE"},
                         {"strongroom policy set --service", "SERVICE"},
                         {"strongroom policy show --service", "SERVICE"},
                         {"strongroom receipt show id", "RECEIPT"},
                         {"strongroom seal remove id", "SEAL"},
                         {"strongroom session end id", "SESSION"},
                         {"strongroom session events id", "SESSION"},
                         {"strongroom session show id", "SESSION"},
                         {"strongroom skill remove name", "SKILL"},
                         {"strongroom tenant checks name", "TENANT"},
                         {"strongroom tenant remove name", "TENANT"},
                         {"strongroom token revoke id", "TOKEN"}};
  return all;
}

/// The flag's first long name, else an argument's own.
std::string name_of(const CLI::Option& option) {
  const auto& names = option.get_lnames();
  return names.empty() ? option.get_name(true) : "--" + names.front();
}

std::string kind_of(const std::string& path, const std::string& name) {
  for (const auto& key : {path + " " + name, name})
    if (const auto found = kinds().find(key); found != kinds().end()) return found->second;
  std::string in_capitals = name.starts_with("--") ? "VALUE" : name;
  std::ranges::transform(in_capitals, in_capitals.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return in_capitals;
}

}  // namespace

std::string value_of(const CLI::Option& option, const std::string& path) {
  return kind_of(path, name_of(option));
}

}  // namespace strongroom::app
