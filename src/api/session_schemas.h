// Documents about sessions, their tickets and what a runner is given. For schemas.cpp alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "api/schema.h"

namespace strongroom::api {

inline constexpr std::array kGrant = {
    Member{"id", Kind::Text, Need::Required, "grt_..."},
    Member{"service", Kind::Text, Need::Required, "Id of the service"},
    Member{"label", Kind::Text, Need::Required, "Label of the key that serves"},
    Member{"key", Kind::Text, Need::Required, "The key that serves"},
    Member{"delivery", Kind::Text, Need::Required, "How it is delivered", "proxied|injected"}};
inline constexpr std::array kSessionCredential = {
    Member{"id", Kind::Text, Need::Required, "dyn_..."},
    Member{"key", Kind::Text, Need::Required, "Id of the key that made it"},
    Member{"name", Kind::Text, Need::Required, "Of the role or user at the source"},
    Member{"state", Kind::Text, Need::Required, "still_exposed: to be destroyed, and not yet",
           "minting|live|still_exposed|destroyed"},
    Member{"changed", Kind::Time, Need::Required, "Since when"},
    Member{"why", Kind::Text, Need::Required, "Why it is still exposed, else empty"}};
inline constexpr std::array kSession = {
    Member{"id", Kind::Text, Need::Required, "ses_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Required, "On whose behalf it runs"},
    Member{"state", Kind::Text, Need::Required, "Whether passes are good", "open|ended"},
    Member{"runtime", Kind::Text, Need::Required, "What runs the workroom"},
    Member{"started", Kind::Time, Need::Required, "When it began"},
    Member{"ended", Kind::Time, Need::Nullable, "When it ended"},
    Member{"expires", Kind::Time, Need::Required, "When it ends by itself"},
    Member{"ended_why", Kind::Text, Need::Required, "Why it ended, else empty"},
    Member{"idle_limit_seconds", Kind::Integer, Need::Required,
           "It ends when nothing has happened for so long; 0: never for that"},
    Member{"last_active", Kind::Time, Need::Nullable, "Of an open one: when something happened"},
    Member{"labels", Kind::TextMap, Need::Required, "As they were given"},
    Member{"traffic", Kind::Object, Need::Optional, "Of an open one, where it is shown alone",
           "Traffic"},
    Member{"holders", Kind::ObjectList, Need::Optional,
           "Who has something of it at this moment, where it is shown alone", "SessionHolder"},
    Member{"grants", Kind::ObjectList, Need::Required, "Keys that serve it", "Grant"},
    Member{"credentials", Kind::ObjectList, Need::Required, "What was made for it alone",
           "SessionCredential"}};
inline constexpr std::array kTraffic = {
    Member{"uses", Kind::Integer, Need::Required, "Of proxied keys and tunnels, begun"},
    Member{"under_way", Kind::Integer, Need::Required, "Of these, not yet over"},
    Member{"bytes_up", Kind::Integer, Need::Required, "Octets sent by those that are over"},
    Member{"bytes_down", Kind::Integer, Need::Required, "Octets received by those that are over"}};
inline constexpr std::array kSessionHolder = {
    Member{"holder", Kind::Text, Need::Required, "hld_..."},
    Member{"name", Kind::Text, Need::Required, "Which gateway or runner"},
    Member{"role", Kind::Text, Need::Required, "What it is", "gateway|runner"},
    Member{"since", Kind::Time, Need::Required,
           "Since when it has a lease; a runner: since when it is there"},
    Member{"keys", Kind::TextList, Need::Required, "Keys of which it has a lease"}};
inline constexpr std::array kSessionEvent = {
    Member{"id", Kind::Text, Need::Optional,
           "For Last-Event-ID; none of what nobody can go on after"},
    Member{"event", Kind::Text, Need::Required,
           "What happened; missed: what lies between is not kept any more",
           "started|attached|key_revoked|ending|ended|key_state|missed"},
    Member{"at", Kind::Time, Need::Optional, "When"},
    Member{"session", Kind::Text, Need::Optional, "ses_..."},
    Member{"tenant", Kind::Text, Need::Optional, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Optional, "started: on whose behalf"},
    Member{"runtime", Kind::Text, Need::Optional, "started: where it runs"},
    Member{"expires", Kind::Time, Need::Optional, "started: when it ends by itself"},
    Member{"labels", Kind::TextMap, Need::Optional, "started: as they were given"},
    Member{"key", Kind::Text, Need::Optional, "key_revoked, key_state: key_..."},
    Member{"service", Kind::Text, Need::Optional, "key_revoked, key_state: of which service"},
    Member{"label", Kind::Text, Need::Optional, "key_revoked, key_state: the key's label"},
    Member{"owner", Kind::Text, Need::Optional, "key_state: the member whose it is, else empty"},
    Member{"state", Kind::Text, Need::Optional, "key_state: how it does now, as Key says"},
    Member{"why", Kind::Text, Need::Optional, "ending, ended: why"},
    Member{"receipt", Kind::Any, Need::Optional,
           "key_revoked, ended: rcp_..., or null where there is none for this"},
    Member{"withdrawn", Kind::Any, Need::Optional,
           "ended: every process that was given a value is dead (R2); null where no receipt says"}};
inline constexpr std::array kTicket = {
    Member{"id", Kind::Text, Need::Required, "tkt_..."},
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Required, "On whose behalf"},
    Member{"state", Kind::Text, Need::Required, "What became of it", "unused|used|expired"},
    Member{"services", Kind::TextList, Need::Required, "As they were asked for"},
    Member{"skills", Kind::TextList, Need::Required, "As they were asked for"},
    Member{"created", Kind::Time, Need::Required, "When it was made"},
    Member{"expires", Kind::Time, Need::Required, "From then on it is useless"},
    Member{"used", Kind::Time, Need::Nullable, "When it was used"},
    Member{"session", Kind::Text, Need::Nullable, "ses_...: what was started with it"},
    Member{"ticket", Kind::Text, Need::Optional, "Itself, shown once, where it was made"}};
inline constexpr std::array kNewTicket = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Required, "On whose behalf"},
    Member{"services", Kind::TextList, Need::Optional, "SERVICE or SERVICE:LABEL"},
    Member{"skills", Kind::TextList, Need::Optional, "Names of skills"},
    Member{"time_limit_seconds", Kind::Integer, Need::Optional,
           "Of the session: 1 to 604800 (7 days); 12 hours when missing"},
    Member{"idle_limit_seconds", Kind::Integer, Need::Optional, "Of the session"},
    Member{"labels", Kind::TextMap, Need::Optional, "Of the session"},
    Member{"valid_seconds", Kind::Integer, Need::Optional,
           "Of the ticket: 1 to 3600; 60 when missing"}};
inline constexpr std::array kNewSession = {
    Member{"tenant", Kind::Text, Need::Required, "Name of the tenant"},
    Member{"member", Kind::Text, Need::Required, "On whose behalf"},
    Member{"services", Kind::TextList, Need::Optional, "service or service:label"},
    Member{"skills", Kind::TextList, Need::Optional, "Names of the tenant's skills"},
    Member{"runtime", Kind::Text, Need::Optional, "external when missing: no runner is waited for"},
    Member{"time_limit_seconds", Kind::Integer, Need::Optional,
           "1 to 604800 (7 days); 12 hours when missing"},
    Member{"idle_limit_seconds", Kind::Integer, Need::Optional,
           "1 to 604800: it ends when nothing has happened for so long; 0 or missing: never"},
    Member{"labels", Kind::TextMap, Need::Optional, "At most 16, for whoever lists sessions"},
    Member{"socket", Kind::Flag, Need::Optional, "With a Unix socket of its own to the gateway"},
    Member{"socket_owner", Kind::Integer, Need::Optional,
           "Number of the user whose it is; the server's own when missing"}};
inline constexpr std::array kPass = {
    Member{"grant", Kind::Text, Need::Required, "grt_..."},
    Member{"service", Kind::Text, Need::Required, "Id of the service"},
    Member{"label", Kind::Text, Need::Required, "Label of the key that serves"},
    Member{"pass", Kind::Text, Need::Required,
           "What the agent's SDK is given as its key. Shown this once"},
    Member{"settings", Kind::TextMap, Need::Required, "Of the key"}};
inline constexpr std::array kInjected = {
    Member{"grant", Kind::Text, Need::Required, "grt_..."},
    Member{"service", Kind::Text, Need::Required, "Id of the service"},
    Member{"label", Kind::Text, Need::Required, "Label of the key that serves"},
    Member{"settings", Kind::TextMap, Need::Required, "Of the key"},
    Member{"is_login", Kind::Flag, Need::Required, "Its value is renewed while the session runs"}};
inline constexpr std::array kSessionProxy = {
    Member{"credential", Kind::Text, Need::Required,
           "The password of the proxy's URL, http://session:CREDENTIAL@GATEWAY. Shown this once"},
    Member{"authority", Kind::Text, Need::Required,
           "PEM: what the workroom trusts beside the public roots"}};
inline constexpr std::array kUseTicket = {
    Member{"runner", Kind::Flag, Need::Optional,
           "Whoever uses it attaches to the session at once, and leases its injected keys"}};
inline constexpr std::array kRunner = {
    Member{"credential", Kind::Text, Need::Optional,
           "Of the call that attaches to this session, and of no other, for a runner that has no "
           "other right. Shown this once"},
    Member{"gateway", Kind::Text, Need::Required, "Where the gateway is"},
    Member{"gateway_authority", Kind::Text, Need::Required,
           "PEM: who signed its certificate, where that is its own; else empty"},
    Member{"provider_authorities", Kind::Text, Need::Required,
           "PEM: whom the operator trusts beside the public roots; may be empty"}};
inline constexpr std::array kStartedSession = {
    Member{"session", Kind::Object, Need::Required, "The session", "Session"},
    Member{"proxy", Kind::Object, Need::Required, "For tools that take a proxy", "SessionProxy"},
    Member{"passes", Kind::ObjectList, Need::Required, "One for each proxied service", "Pass"},
    Member{"injected", Kind::ObjectList, Need::Required, "What the runner leases by attaching",
           "Injected"},
    Member{"socket", Kind::Text, Need::Optional, "Path of the session's own socket, if wanted"},
    Member{"runner", Kind::Object, Need::Optional, "For whoever attaches to it", "Runner"}};
inline constexpr std::array kEndSession = {
    Member{"why", Kind::Text, Need::Optional, "ended by operator when missing"}};

}  // namespace strongroom::api
