// Pool: connections to providers. HTTP/1 ones are kept per authority, HTTP/2 ones per authority and
// lease. TLS with full verification, the address from [[gateway.dial]] or the resolver.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/authority.h"
#include "gateway/http2/backs.h"
#include "gateway/http2/inner_framing.h"
#include "gateway/upstream/known_protocols.h"
#include "gateway/upstream/upstream_proxy.h"
#include "io/dial/known_addresses.h"
#include "io/net.h"
#include "io/stream.h"
#include "io/tls/tls.h"
#include "lease/holder.h"

namespace strongroom::gateway {

class Pool;

/// One connection to a provider, or one stream of an HTTP/2 connection: HTTP/1 either way. While
/// idle it stays attached to the lease whose key it carried last, so that a revoke closes it too.
class Upstream final : public lease::Attachment {
 public:
  Upstream(Pool& pool, const Authority& authority, io::Stream connection)
      : stream(std::move(connection)), pool_(pool), authority_(authority) {}
  Upstream(Pool& pool, const Authority& authority, std::shared_ptr<Http2Back> back,
           Http2Back::Opened opened);
  ~Upstream() override;
  /// What carries a key of this lease ends with it, from here on. False: it has ended already.
  [[nodiscard]] bool bind(lease::Lease& lease) noexcept;
  /// At once: nothing that has not left yet does.
  void abort() noexcept;
  void cut(std::string_view reason) noexcept override;
  /// The provider did nothing with the request: it has said so (RFC 9113 8.7), or was sent nothing.
  [[nodiscard]] bool was_refused() const;
  /// The code with which the provider has reset the stream, where it has.
  [[nodiscard]] std::optional<http::Http2Code> reset_with() const;
  /// The provider did not answer in time.
  void doubt();
  [[nodiscard]] bool is_http2() const { return back_ != nullptr; }
  /// How a body goes over `stream` behind a head that says `stated`.
  [[nodiscard]] http::BodyFraming framing_of(http::BodyFraming stated) const {
    return is_http2() ? framing_inside(stated) : stated;
  }
  [[nodiscard]] const Authority& authority() const { return authority_; }
  io::Stream stream;
  bool is_reused = false;
  SteadyTime idle_since{};

 private:
  friend class Pool;
  Pool& pool_;
  std::list<Upstream*> node_;  ///< its own in the pool's line of idle ones, while it is not there
  std::list<Upstream*>::iterator place_;  ///< of that node, once it was idle
  Authority authority_;
  std::shared_ptr<Http2Back> back_;
  Http2ExchangePointer exchange_;
};

class Pool {
 public:
  static constexpr std::chrono::seconds kMaxIdle{60};
  static constexpr std::chrono::milliseconds kTrustedIdle{
      500};  ///< younger ones are looked at before reuse only when the loop heard of octets
  static constexpr std::chrono::seconds kDialTime{10};
  static constexpr std::chrono::seconds kSettingsTime{10};  ///< of a provider that chose HTTP/2
  static constexpr std::chrono::seconds kAvoided{5};        ///< one that did not use it
  static constexpr std::size_t kMaxIdlePerAuthority = 256;

  /// `silence`: how long a provider may be silent on an HTTP/2 connection that is in use.
  Pool(io::Loop& loop, io::TlsClient tls, std::vector<lease::Dial> dials, UpstreamProxy proxy,
       Duration silence);
  ~Pool();

  /// What there is already: an idle connection that still stands, or a stream of this lease's
  /// HTTP/2 connection.
  [[nodiscard]] std::unique_ptr<Upstream> take_idle(const Authority& authority, ProtocolWish wish,
                                                    const LeaseId& lease);
  /// A new one, connected and verified. HTTP/2 connections are shared by all who ask for one of
  /// the same lease meanwhile.
  [[nodiscard]] io::Task<Result<std::unique_ptr<Upstream>>> dial(Authority authority,
                                                                 ProtocolWish wish, LeaseId lease);
  /// A new one without TLS, for a tunnel that is not looked into.
  [[nodiscard]] io::Task<Result<std::unique_ptr<Upstream>>> dial_plain(Authority authority);
  /// For the next request; `lease` (may be null) is the one whose key it carried.
  void give_back(std::unique_ptr<Upstream> upstream, lease::Lease* lease);
  /// Closes what has been idle for too long.
  void sweep();
  /// Closes all that is idle, for its descriptors. False: there was nothing.
  bool close_idle();
  /// How many are kept idle at once, of each protocol; more close those that are idle longest.
  void keep_at_most(std::size_t idle) { most_idle_ = idle; }
  void close_all();
  /// What dials have learned, by authority.
  [[nodiscard]] const io::KnownAddresses& known() const { return known_; }

 private:
  friend class Upstream;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using Idle = std::vector<std::unique_ptr<Upstream>>;
  /// Out of the line; its place among the idle ones of its authority is the caller's to clear.
  void leave_line(Upstream& upstream) noexcept;
  [[nodiscard]] std::unique_ptr<Upstream> take_out(const Upstream& upstream) noexcept;
  void forget(const Upstream& upstream) noexcept;
  [[nodiscard]] bool leads_to_http2(const Authority& authority, ProtocolWish wish) const;
  [[nodiscard]] io::Task<Result<io::Stream>> dial_tls(Authority authority, io::ProtocolOffer offer);
  [[nodiscard]] io::Task<Result<std::unique_ptr<Upstream>>> dial_http2(Authority authority,
                                                                       Http2Backs::Key key);
  /// A stream; null without a connection.
  [[nodiscard]] std::unique_ptr<Upstream> open(const Authority& authority,
                                               std::shared_ptr<Http2Back> back);
  /// Once more, with what idle ones leave, where descriptors have run out.
  [[nodiscard]] io::Task<Result<io::Stream>> connect(Authority authority, Deadline deadline);
  /// Where a [[gateway.dial]], the upstream proxy or the name itself leads.
  [[nodiscard]] io::Task<Result<io::Stream>> connect_once(Authority authority, Deadline deadline);
  io::Loop& loop_;
  io::TlsClient tls_;
  std::vector<lease::Dial> dials_;
  UpstreamProxy proxy_;
  Duration silence_;
  std::size_t most_idle_;
  std::list<Upstream*> line_;  ///< of all idle ones, the one that is so longest first
  std::unordered_map<std::string, Idle, TextHash, std::equal_to<>> idle_;
  Http2Backs backs_;
  KnownProtocols protocols_;
  io::KnownAddresses known_;
  Idle cut_;  ///< closed while their lease was being walked; freed by the next sweep
};

}  // namespace strongroom::gateway
