// The messages between the vault and the holders of leases (gateways, workroom runners).
//
// A frame is a 32-bit big-endian length (of what follows, at most 1 MiB), one octet of type and the
// fields in order, in the form of base/encoding.h. The channel is private: a socket pair to a
// child, the control socket to a local runner, mutual TLS in a fleet. Decoding is fuzzed; anything
// unknown, short or long is a Protocol error and ends the channel. Format:
// docs/formats/lease-protocol.md. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/policy.h"

namespace strongroom::lease {

inline constexpr std::uint16_t kProtocol = 8;
/// A lease not renewed for this long is dead for its holder; the vault waits kMargin longer before
/// it calls it run out.
inline constexpr std::chrono::milliseconds kLeaseTime{2000};
inline constexpr std::chrono::milliseconds kMargin{500};
inline constexpr std::chrono::milliseconds kRenewEvery{600};
inline constexpr std::size_t kMaxFrame = 1UL << 20U;

using PassHash = std::array<std::uint8_t, 32>;  ///< SHA-256 of the pass's characters
using Settings = std::vector<std::pair<std::string, std::string>>;

/// In the place of a service's name, before a blank and the source of who shows it: the session
/// behind a proxy credential (Acquire::pass_hash holds the credential itself). The lease has no
/// key; its settings say where the session may go. The first source is the only one
/// ("proxy_elsewhere").
inline constexpr std::string_view kProxyService = "@proxy";

enum class HolderRole : std::uint8_t { Gateway = 1, Runner = 2 };

/// First frame from a holder.
struct HolderHello {
  std::uint16_t protocol = kProtocol;
  HolderRole role = HolderRole::Gateway;
  std::uint32_t pid = 0;
  std::string name;              ///< for receipts: "gateway 1", "runner on host x"
  SessionId session;             ///< a runner's session; none for a gateway
  std::uint32_t supervisor = 0;  ///< pid of who speaks for a runner that was killed; 0: nobody
};

/// From where the gateway takes requests without TLS, passes and all.
enum class PlainHttp : std::uint8_t { FromThisMachine = 1, FromAnywhere = 2 };

struct Dial {
  std::string authority;  ///< "host:port" as matched and verified
  std::string to;         ///< "address:port" dialled
};

/// An organisation's proxy between the gateway and providers.
struct UpstreamProxy {
  std::string host;  ///< empty: none
  std::uint16_t port = 0;
  Secret basic_credentials;           ///< base64 of "user:password"; empty: none
  std::vector<std::string> no_proxy;  ///< hosts, or ".domain" for all below
};

/// First frame from the vault: all that a gateway needs to know; it reads no file.
struct VaultHello {
  std::uint16_t protocol = kProtocol;
  HolderId holder;
  std::vector<std::pair<std::string, std::string>> catalog_sources;  ///< file name, text
  std::string extra_ca_pem;
  std::vector<Dial> dials;
  std::string certificate_chain_pem;  ///< the gateway listener's own TLS certificate
  Secret certificate_private_key_pem;
  Secret link_key;  ///< 32 octets; authenticates gateway URLs made from upstream ones, same for all
                    ///< gateways
  std::uint32_t drain_ms = 10'000;
  std::uint32_t tenant_exchanges = 0;  ///< a tenant's requests at once in one gateway; 0: by the
                                       ///< gateway's own means
  std::string console_url;             ///< where a person connects a service, for refusals; may be
                                       ///< empty
  PlainHttp plain_http = PlainHttp::FromThisMachine;
  UpstreamProxy upstream_proxy;
  std::string report_credential;  ///< a runner's: with which its supervisor tells of its end
};

/// The gateway listener's certificate was renewed.
struct ServerCertificate {
  std::string chain_pem;
  Secret private_key_pem;
};

/// Whose limit it is.
enum class PolicyScope : std::uint8_t { Tenant = 1, Service = 2, Key = 3 };
/// Octets and units of a budget on one day (days since 1970, UTC).
struct SpentToday {
  std::int64_t day = 0;
  std::uint64_t bytes = 0;
  std::uint64_t units = 0;
};
/// A policy that holds for a lease's key. Rates are this gateway's share of them.
struct GrantedPolicy {
  PolicyId id;
  PolicyScope scope = PolicyScope::Key;
  catalog::Policy policy;
  SpentToday by_others;  ///< by all but this gateway
};

/// What is known of a pass: enough to tell it from other text of its shape.
struct SessionPass {
  static constexpr std::size_t kSecretCharacters = 43;  ///< of base64url, behind the prefix
  std::string prefix;
  PassHash hash{};
};

/// The right to use one key version's plaintext until renewed.
struct GrantedLease {
  LeaseId lease;
  TenantId tenant;
  MemberId member;
  SessionId session;
  GrantId grant;
  KeyId key;
  std::uint32_t key_version = 0;
  std::string service;
  std::string label;
  Settings settings;
  bool key_is_rejected = false;         ///< a later success is then reported back
  std::vector<GrantedPolicy> policies;  ///< of each scope one at most, the widest first
  std::vector<SessionPass> passes;      ///< all of the session, its proxy credential with them
  Secret value;
};

/// A gateway asks for the lease behind a pass.
struct Acquire {
  std::uint64_t request = 0;
  PassHash pass_hash{};
  std::string service;
};
/// A runner asks for all injected keys of its session; answered by Granted for each, then
/// AllGranted.
struct AcquireSession {
  std::uint64_t request = 0;
  SessionId session;
};
struct Granted {
  std::uint64_t request = 0;
  GrantedLease lease;
};
struct AllGranted {
  std::uint64_t request = 0;
};
struct Denied {
  std::uint64_t request = 0;
  Code code = Code::Refused;
  std::string reason;
  std::string message;
  SessionId session;  ///< whose pass it is; none for one that nobody has
};
/// Leases still in use. `round` lets the holder date the answer by when it asked.
struct Renew {
  std::uint64_t round = 0;
  std::vector<LeaseId> leases;
};
/// Those still good; the others are gone.
struct Renewed {
  std::uint64_t round = 0;
  std::vector<LeaseId> leases;
};
struct Release {
  std::vector<LeaseId> leases;
};

enum class FenceKind : std::uint8_t { Key = 1, Session = 2 };
/// Stop using it now: drop its leases, close every connection (or end every process) that carries
/// it, then answer.
struct Fence {
  std::uint64_t order = 0;
  FenceKind kind = FenceKind::Key;
  IdBytes id{};
  std::string reason;  ///< "key_revoked", "session_ended", "member_removed", "tenant_removed"
  std::uint32_t grace_ms = 0;  ///< processes: between TERM and KILL
};
struct ProcessOutcome {
  std::uint32_t pid = 0;
  std::string name;
  bool is_dead = false;
};
struct FenceDone {
  std::uint64_t order = 0;
  std::uint32_t connections_closed = 0;
  std::vector<ProcessOutcome> processes;
};
/// The key has a newer version, or other policies hold for it: forget cached leases of it, let
/// running streams end by themselves.
struct Refresh {
  KeyId key;
  std::uint64_t order = 0;  ///< RefreshDone is waited for; 0: it is not
};
/// From here on no use begins with what was granted before that Refresh, and those before it.
struct RefreshDone {
  std::uint64_t order = 0;
};

/// A use that is about to happen; the answer's first octet waits until the vault says that it is
/// durable.
struct UseIntent {
  std::uint64_t sequence = 0;  ///< counts up by one per holder
  LeaseId lease;
  std::string host;
  std::string method;
  std::string path;  ///< canonical, without query
};
struct Intents {
  std::vector<UseIntent> intents;
};
struct IntentsDurable {
  std::uint64_t up_to = 0;
};
/// Not recorded, and never will be: their leases have been over for too long to say whose they
/// were.
struct IntentsRefused {
  std::vector<std::uint64_t> sequences;
};
enum class UseOutcome : std::uint8_t {
  Completed = 1,
  UpstreamFailed = 2,
  ClientLeft = 3,
  Revoked = 4,
  TimedOut = 5,
  OverLimit = 6,  ///< cut: a policy's octets of the day were spent
  Unknown = 7     ///< the vault's own word: its holder went away before it said
};
struct UseSettled {
  std::uint64_t sequence = 0;
  std::uint16_t status = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  std::uint64_t micros = 0;
  UseOutcome outcome = UseOutcome::Completed;
  std::string unit;  ///< what the answer stated of its cost; empty: nothing, or nobody asked
  std::uint64_t units = 0;
};
struct Settled {
  std::vector<UseSettled> settled;
};
/// Something the gateway refused that a person should know of (counted and recorded, never with the
/// value).
struct Finding {
  SessionId session;
  std::string service;
  std::string what;
  std::string host;
  std::string path;
};

enum class Verdict : std::uint8_t { Accepted = 1, Rejected = 2, Unknown = 3 };
/// What the provider said of a key.
struct Observed {
  KeyId key;
  std::uint32_t key_version = 0;
  Verdict verdict = Verdict::Unknown;
  std::uint16_t status = 0;
};
/// The vault asks a gateway to try a key by its service's check.
struct CheckKey {
  std::uint64_t request = 0;
  GrantedLease lease;
};
struct CheckDone {
  std::uint64_t request = 0;
  Verdict verdict = Verdict::Unknown;
  std::uint16_t status = 0;
  std::string message;
};

/// Stop accepting, let streams end for `within_ms`, then leave.
struct Drain {
  std::uint32_t within_ms = 0;
};
/// A runner says that its command has ended.
struct SessionOver {
  SessionId session;
  std::int32_t exit_status = 0;
};

/// A runner says that its command has put something out or taken something in.
struct SessionActive {
  SessionId session;
};

/// To gateways that share a policy with others: what those have spent.
struct SpentByOthers {
  struct Entry {
    PolicyId policy;
    SpentToday spent;
  };
  std::vector<Entry> entries;
};
/// How often a gateway refused since it said so last, by the refusal's code.
struct Refusals {
  std::vector<std::pair<std::string, std::uint32_t>> counts;
};

using Message =
    std::variant<HolderHello, VaultHello, Acquire, AcquireSession, Granted, AllGranted, Denied,
                 Renew, Renewed, Release, Fence, FenceDone, Refresh, Intents, IntentsDurable,
                 Settled, Finding, Observed, CheckKey, CheckDone, Drain, SessionOver, SpentByOthers,
                 Refusals, ServerCertificate, SessionActive, RefreshDone, IntentsRefused>;

/// Appends the whole frame (octet of type: the place in Message, from 1). Texts over their limit
/// are cut. The buffer holds plaintext for messages that carry a Secret: the caller wipes it.
void encode(const Message& message, ByteVector& out);
/// `body` is a frame without its length. Secrets are copied straight into locked memory.
[[nodiscard]] Result<Message> decode(ByteView body);

// For the channel's batches, which are encoded as they come: a frame's length and type, its
// elements, its end.
inline constexpr std::uint8_t kIntentsType = 14;
inline constexpr std::uint8_t kSettledType = 16;
std::size_t begin_frame(std::uint8_t type, ByteVector& out);
void end_frame(std::size_t start, ByteVector& out);
void encode_intent(std::uint64_t sequence, const LeaseId& lease, std::string_view host,
                   std::string_view method, std::string_view path, ByteVector& out);
void encode_settled(const UseSettled& settled, ByteVector& out);

/// Overwrites the content, keeps the capacity.
void wipe_and_clear(ByteVector& buffer) noexcept;
/// Room for `more` octets without leaving an unwiped copy behind.
void reserve_wiping(ByteVector& buffer, std::size_t more);

}  // namespace strongroom::lease
