// Gateway: the data plane of one process: what all its connections share. SPDX-License-Identifier:
// Apache-2.0
#pragma once

#include <sys/types.h>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/mid_page.h"
#include "catalog/catalog.h"
#include "gateway/authority.h"
#include "gateway/burst_watch.h"
#include "gateway/free_list.h"
#include "gateway/head_buffer.h"
#include "gateway/limits/fair_share.h"
#include "gateway/limits/notices.h"
#include "gateway/limits/quotas.h"
#include "gateway/limits/tenant_gate.h"
#include "gateway/links.h"
#include "gateway/session_authorities.h"
#include "gateway/upstream/kept_body.h"
#include "gateway/upstream/pool.h"
#include "http/coding/decoder_memory.h"
#include "http/head.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/tls/tls.h"
#include "lease/holder_side.h"

namespace strongroom::gateway {

class Connection;

/// Time limits of each phase.
struct Limits {
  std::chrono::seconds head{15};           ///< a request's head, from its first octet
  std::chrono::seconds idle{75};           ///< between requests
  std::chrono::seconds body{600};          ///< silence while a body or websocket goes either way
  std::chrono::seconds first_answer{600};  ///< until the provider's head
  std::chrono::seconds durable{10};        ///< until the use is recorded
  std::chrono::milliseconds turn{5000};    ///< in the queue of a tenant that has too many at once
};

/// Memory for one exchange's heads; pooled, because it is large and only needed until the answer's
/// head is through.
struct Workspace {
  http::RequestHead request;
  http::ResponseHead response;
  HeadBuffer out;
  static constexpr std::size_t kAnswerCapacity = 40UL << 10U;
  std::array<std::uint8_t, kAnswerCapacity> answer;
  [[nodiscard]] std::string_view answer_text(std::size_t begin, std::size_t end) const {
    return text_of(ByteView(answer).subspan(begin, end - begin));
  }
};

/// The longest answer that is held back to be rewritten.
inline constexpr std::size_t kMaxRewritten = 1UL << 20U;

/// Memory for all answers that are being decoded: fifty with the widest windows there are, or ten
/// thousand of gzip. Whoever chooses both ends of many answers takes no more.
inline constexpr std::size_t kDecoding = 512UL << 20U;

/// Memory for all bodies that may have to be sent again: a thousand of the longest.
inline constexpr std::size_t kKept = 64UL << 20U;

/// Memory for octets on their way through.
inline constexpr std::size_t kRelayBlock = 64UL << 10U;
using RelayBlock = MidPageBlock<kRelayBlock>;

/// What VaultHello brings.
struct Setup {
  catalog::Catalog catalog;
  std::optional<io::TlsServer> tls;
  io::TlsClient upstream_tls;
  io::TlsServer undecided_tls;
  std::vector<lease::Dial> dials;
  Secret link_key;
  std::size_t tenant_exchanges = 0;  ///< of one tenant at once; 0: by the descriptors there are
  std::size_t connections = 0;       ///< of all agents; 0: by the descriptors there are
  std::string console_url = {};      ///< for refusals that a person mends there
  Limits limits = {};
  lease::PlainHttp plain_http = lease::PlainHttp::FromThisMachine;
  lease::UpstreamProxy upstream_proxy = {};
};

class Gateway {
 public:
  Gateway(io::Loop& loop, lease::HolderLink& link, Setup setup);
  ~Gateway();
  /// Takes connections from this listening socket on (from several, one after the other named).
  void listen(int fd);
  /// Takes connections of this user from a socket that leads to one session, and no other.
  void listen_for(SessionId session, uid_t owner, int fd);
  /// Its connections end as well.
  void close_socket_of(SessionId session);
  /// One stream of an HTTP/2 connection, as a connection of its own: in a tunnel to `place`, or,
  /// when that is null, to the gateway itself, by the socket of a session or (none) another. Its
  /// tenant is noted in `tenant` once it is known.
  void accept_inner(io::Stream stream, std::shared_ptr<const Inspected> place, SessionId session,
                    std::shared_ptr<TenantId> tenant);
  /// What comes through a tunnel to `place` that was opened inside a TLS connection, without that.
  void accept_tunnelled(io::Stream stream, std::shared_ptr<const Inspected> place);
  /// No new connections; idle ones end; the rest may go on for `within`, then `on_drained` is
  /// called.
  void drain(std::chrono::milliseconds within, std::function<void()> on_drained);
  /// What others have spent under policies that are shared.
  void learn(const lease::SpentByOthers& spent);
  /// Asks the provider about a key (check.cpp).
  [[nodiscard]] io::Task<lease::CheckDone> check_key(LeaseId id);

  // Shared by the connections.
  [[nodiscard]] io::Loop& loop() { return loop_; }
  [[nodiscard]] lease::HolderLink& link() { return link_; }
  [[nodiscard]] const Destinations& destinations() const { return destinations_; }
  [[nodiscard]] Pool& pool() { return pool_; }
  [[nodiscard]] const Links& links() const { return links_; }
  [[nodiscard]] const io::TlsServer& undecided_tls() const { return setup_.undecided_tls; }
  [[nodiscard]] SessionAuthorities& authorities() { return authorities_; }
  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] const std::optional<io::TlsServer>& tls() const { return setup_.tls; }
  /// The listener's certificate from now on; connections there are keep theirs.
  [[nodiscard]] Status show(const io::Certificate& certificate);
  [[nodiscard]] lease::PlainHttp plain_http() const { return setup_.plain_http; }
  [[nodiscard]] bool is_draining() const { return is_draining_; }
  [[nodiscard]] Quotas& quotas() { return quotas_; }
  [[nodiscard]] TenantGate& tenants() { return tenants_; }
  [[nodiscard]] RefusalCounter& refusals() { return refusals_; }
  /// To the vault, unless it was said moments ago.
  void report(const lease::Finding& finding);
  /// Why a provider failed, as a finding says it (without a session where a key was checked): to
  /// the log, unless it was said moments ago.
  void log_failure(const lease::Finding& failure);
  /// TLS for this host under the session's authority, good until the next call; why there is none
  /// is in the log as well, unless it was said moments ago.
  [[nodiscard]] Result<const io::TlsServer*> server_for(SessionId session, std::string_view host);
  /// Where a person connects the service that a route names; empty when no console is known.
  [[nodiscard]] std::string connect_link(const Route& route) const;
  FreeObjects<Workspace> workspaces;
  FreeObjects<RelayBlock> blocks;
  FreeInputs inputs;
  http::DecoderBudget decoding{kDecoding};
  KeptBudget kept{kKept};

 private:
  void accept(io::Stream stream, SessionId session);
  void begin(std::unique_ptr<Connection> connection);
  void make_room();
  void tell_of_refusals();
  void give_memory_back();
  io::Task<void> serve(std::list<std::unique_ptr<Connection>>::iterator place);
  void drained_when_empty();
  io::Loop& loop_;
  lease::HolderLink& link_;
  Setup setup_;
  Destinations destinations_;
  Pool pool_;
  SessionAuthorities authorities_;
  Links links_;
  Limits limits_;
  Quotas quotas_;
  TenantGate tenants_;
  RefusalCounter refusals_;
  FindingFilter findings_;
  LogFilter failures_;
  LogFilter unmade_;              ///< certificates
  std::size_t most_connections_;  ///< with descriptors of their own
  bool has_no_room_ = false;      ///< nothing could be closed; looked at again in the next second
  std::vector<std::unique_ptr<io::Acceptor>> acceptors_;
  std::map<SessionId, std::unique_ptr<io::Acceptor>> session_acceptors_;
  std::list<std::unique_ptr<Connection>> connections_;
  BurstWatch bursts_;
  std::size_t streams_ = 0;  ///< of HTTP/2, among them: they take no descriptor
  std::unique_ptr<io::Loop::Ticker> sweeper_;
  std::unique_ptr<io::Loop::Ticker> each_second_;
  std::unique_ptr<io::Loop::Ticker> drain_limit_;
  std::function<void()> on_drained_;
  bool is_draining_ = false;
};

}  // namespace strongroom::gateway
