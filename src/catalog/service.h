// Service: what is known of one kind of key; one file in catalog/.
//
// Used by: vault (rules, variables), gateway (where the key goes), app. Values only; immutable once
// read. Threads: any. Facts come from catalog/*.toml, never from code. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/oauth.h"

namespace strongroom::catalog {

enum class Delivery : std::uint8_t { Proxied = 1, Injected = 2 };
enum class Home : std::uint8_t { Skill = 1, Integration = 2 };
[[nodiscard]] std::string_view name_of(Delivery delivery);
[[nodiscard]] std::string_view name_of(Home home);
[[nodiscard]] Result<Home> parse_home(std::string_view text);

/// Where a credential travels in a request.
enum class Slot : std::uint8_t { Header, Query, Basic, Subprotocol };

/// One place where the provider takes a key (and so where a pass may arrive, and what is stripped).
struct Placement {
  Slot slot = Slot::Header;
  std::string name;  ///< header name (lower case) or query parameter; for Basic the user name sent
                     ///< upstream; Subprotocol: prefix before the key, may be empty
  std::string scheme;  ///< before the value and one space: "Bearer", "Token"; may be empty
};

enum class PathAction : std::uint8_t {
  Deny,              ///< the strictest comes first
  DenyUnlessOpened,  ///< a tenant's policy may open it; each use is then recorded as such
  Note               ///< allowed, and recorded as such
};
/// A route that would leak or mint credentials, or lead past the gateway. `path`: `*` is one
/// segment (or part of one), `**` any rest; matched after canonicalisation.
struct DeniedPath {
  std::string method;  ///< "*" any, "WS" a websocket upgrade
  std::string host;    ///< empty: all of the service's hosts
  std::string path;
  std::string why;
  PathAction action = PathAction::Deny;
};

/// Members at the top of a JSON answer whose texts are replaced by stars.
struct Redaction {
  std::string path;  ///< pattern of request paths
  std::vector<std::string> fields;
};

/// How the provider says what it thinks of a key.
struct Check {
  std::string method;  ///< "GET", "POST"; empty: cannot be checked over HTTP
  std::string host;    ///< empty: the first host
  std::string path;    ///< with query
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<int> invalid_status;
  std::vector<std::string>
      invalid_body;  ///< any of these in the first 16 KiB, together with the status
  std::vector<std::string>
      valid_despite_body;  ///< any of these means the key is fine although the above matched
  /// Setting and value: the check is for keys with exactly this one ("host", "github.com"); a key
  /// for another host is never sent here.
  std::vector<std::pair<std::string, std::string>> only_for;
};

/// How a key that was pasted is ended at the provider, with nothing but the key itself: by one call
/// of the check's host, for the keys that the check is for. The check says whether it has worked.
struct Revocation {
  std::string method;     ///< "POST", "DELETE"; empty: the provider has no such call
  std::string path;       ///< with query
  std::string body;       ///< JSON, in which the text "{value}" stands for the key; may be empty
  bool shows_key = true;  ///< where `inject` says, as every request does
  std::vector<std::string> value_starts;  ///< it ends keys that start so; empty: all
};

/// Keys that the provider takes in another form than the service's others, and what tells them.
struct KeyKind {
  std::string setting;                    ///< they are those that have this one; or
  std::vector<std::string> value_starts;  ///< those that start so
  Placement inject;                       ///< of the same header as the service's
  std::string git_user;                   ///< empty: as the service's others
};

/// One variable a workroom gets. `value` is a template (templates.h, docs/catalog.md). A variable
/// whose template names an absent optional setting is left out.
struct Variable {
  std::string name;
  std::string value;
};

/// What a tenant fills in when adding a key (host, port, user...); never secret.
struct Setting {
  std::string name;
  std::string kind;  ///< "host", "port", "header", "text", "user", "variable", "path", "ssh_keys"
  bool required = false;
  std::string default_value;
  std::string help;
};

/// An absolute upstream URL in an answer that must come back through the gateway.
struct HeaderRewrite {
  std::string header;  ///< lower case response header
};
struct BodyRewrite {
  std::string path_pattern;  ///< request paths it applies to
  std::string field;   ///< JSON member, "next" or "urls.get" from the root, whose string value
                       ///< starts with https://<one of hosts>
  bool alone = false;  ///< the URL must be good by itself: whoever follows it shows no pass
};

/// Where an answer states what it cost, in the service's own unit: an answer header, or numbers in
/// its JSON (whole, or in the events of a stream). The first whose path matches holds.
struct Usage {
  /// Member names from the root, joined by dots; arrays are passed through.
  using Alternatives = std::vector<std::string>;
  std::string unit;  ///< "tokens", "characters", "credits", "seconds"
  std::string path;  ///< pattern of request paths
  std::string header;
  std::vector<Alternatives> fields;  ///< summed up; of each the last one seen of its alternatives
  bool estimate = false;  ///< where nothing is stated, count by size (tokens and characters only)
  /// Headers and query parameters by which a request leaves the cost out of its answer; with
  /// "name=value", a parameter whose value begins so.
  std::vector<std::string> hidden_by;
};

struct Service {
  std::string id;     ///< "gemini"
  std::string title;  ///< "Google Gemini API"
  Delivery delivery = Delivery::Proxied;
  std::vector<Home> homes;         ///< allowed homes, first is the default
  std::vector<std::string> hosts;  ///< exact names; host[0] is the default. Empty when
                                   ///< `host_setting` names one, or nothing is proxied
  std::string host_setting;        ///< setting that holds the host (generic-http)
  std::uint16_t port = 443;
  Placement inject;               ///< exactly one place for the real key (proxied)
  std::vector<KeyKind> kinds;     ///< of keys for which that place is another; the first counts
  std::vector<Placement> accept;  ///< every place stripped and searched for the pass
  std::string pass_prefix;        ///< what a pass starts with: "AIza", "sk-"
  std::vector<DeniedPath> denied;
  Check check;
  Revocation revocation;
  std::vector<Variable> variables;
  std::vector<std::string> unset;  ///< variables never inherited beside ours
  std::vector<Setting> settings;
  std::vector<HeaderRewrite> rewrite_headers;
  std::vector<BodyRewrite> rewrite_body;
  std::vector<Redaction> redactions;
  std::vector<std::string> range_paths;  ///< where parts of an answer may be asked for
  std::vector<Usage> usage;
  std::vector<std::string> first_message_fields;  ///< JSON members of a websocket's first text
                                                  ///< message that may hold the pass
  std::size_t show_last_characters =
      0;                    ///< 4 where the provider's keys are at least 20 characters long, else 0
  std::string console_url;  ///< where a person manages the key at the provider
  std::string
      git_host;  ///< git credential helper is set for this host ("" none, "{setting:host}" allowed)
  std::string git_user;             ///< "x-access-token", "oauth2"
  std::string git_path;             ///< what of that host ("" all; whole segments, from a slash on)
  bool ssh_agent = false;           ///< a private key that stays with the runner, as an SSH agent's
  OAuth oauth;                      ///< how a member logs in; is_there() where that can be done
  bool oauth_by_discovery = false;  ///< its endpoints are those of the issuer that a client names
  std::string forbidden_value;  ///< substring that a value may not contain (Tailscale's "baseURL=")
};

}  // namespace strongroom::catalog
