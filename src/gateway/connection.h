// Connection: one client, its requests one after the other, each through the whole pipeline.
//
// accept → parse strictly → name the destination → admit the pass → apply policy → take the lease →
// record intent → write the upstream head with the key → relay both ways → settle. Threads: the
// gateway's loop. While a request carries a key, the connection is attached to its lease; cut()
// ends the upstream side at once. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "crypto/session_credentials.h"
#include "gateway/admission.h"
#include "gateway/gateway.h"
#include "gateway/guard/first_message.h"
#include "gateway/guard/upload_guard.h"
#include "gateway/http2/front.h"
#include "gateway/member_rewriter.h"
#include "gateway/metering.h"
#include "gateway/upstream/failure.h"
#include "gateway/watched.h"
#include "guard/guard.h"
#include "http/body.h"
#include "http/coding/content_coding.h"
#include "http/envelopes.h"
#include "io/deadlines.h"

namespace strongroom::gateway {

/// First octet of what a relay in a workroom says before the connection it hands on: this, the
/// session's proxy credential (47 characters), a line feed.
inline constexpr std::uint8_t kPreambleMark = 0x01;

/// An answer that is awaited for so long may be one that nobody waits for any more.
inline constexpr std::chrono::milliseconds kWatchAfter{150};
/// A client that has its answer and still sends may read it for so long.
inline constexpr std::chrono::milliseconds kLinger{1000};

class ChunkMarks;
class FrameGuard;

class Connection final : public lease::Attachment, public io::Timed, public Metered {
 public:
  /// What comes in: an agent's connection, or one stream of such a connection's HTTP/2, which has
  /// TLS around it and HTTP/1 in it.
  /// Or what came through a tunnel inside such a connection's TLS.
  enum class Kind : std::uint8_t { Whole, StreamOfHttp2, Tunnelled };
  /// `inspected`: already known to lead there.
  Connection(Gateway& gateway, io::Stream client,
             std::shared_ptr<const Inspected> inspected = nullptr, Kind kind = Kind::Whole);
  ~Connection() override;

  /// It came by the socket of this session: nothing of others is good here.
  void belong_to(SessionId session) { session_ = session; }
  [[nodiscard]] SessionId session() const { return session_; }
  /// Until the client or the gateway ends it.
  [[nodiscard]] io::Task<void> run();
  /// Draining: ends it now if it waits for a request, after the present one otherwise.
  void end_when_idle();
  void abort();

  void cut(std::string_view reason) noexcept override;
  void on_deadline() noexcept override;
  [[nodiscard]] std::uint64_t octets_so_far() const noexcept override;
  void end_over_limit(const Excess& excess) noexcept override;

  /// Since when it waits for a request; nothing while one is served.
  [[nodiscard]] std::optional<SteadyTime> waits_since() const {
    return http2_ != nullptr ? http2_->waits_since() : waits_since_;
  }
  /// Of its last request.
  [[nodiscard]] TenantId tenant() const { return http2_ != nullptr ? http2_->tenant() : tenant_; }
  [[nodiscard]] bool is_stream() const { return kind_ == Kind::StreamOfHttp2; }
  /// Beside its own note, for the connection whose stream it is.
  void note_tenant_in(std::shared_ptr<TenantId> tenant) { outer_tenant_ = std::move(tenant); }

 private:
  enum class Next : std::uint8_t { Keep, Close };
  /// The 100 without which a client does not send its body.
  enum class Interim : std::uint8_t {
    None,     ///< nobody waits for it any more
    Awaited,  ///< from the provider
    Owed,     ///< by us: this provider sends none
    Writing   ///< by us, at this moment
  };
  /// How the present exchange stands; made anew for each request.
  struct Exchange {
    Route route;
    Admission admission;
    Authority authority;
    SessionId session;           ///< of a refusal before any lease, where the pass says it
    std::uint64_t sequence = 0;  ///< of the recorded intent; 0: none yet
    SteadyTime started{};
    std::uint64_t bytes_up = 0;
    std::uint64_t bytes_down = 0;
    int status = 0;
    int refused_streams = 0;
    std::shared_ptr<const Inspected> inspected;        ///< reached through a proxy ingress
    guard::Guard guard;                                ///< over what comes back
    std::unique_ptr<http::ContentDecoder> decoder;     ///< of a body that came in a coding
    std::unique_ptr<MemberRewriter> rewriter;          ///< of members of a JSON answer
    std::unique_ptr<http::EnvelopeFollower> messages;  ///< of a body that consists of such
    bool is_decoded = false;        ///< the answer goes on with other octets than the provider's
    bool is_undecodable = false;    ///< its body is not what its coding says
    std::optional<Refusal> cut_by;  ///< set once by cut()
    bool answer_started = false;
    bool answers_in_chunks = false;  ///< to the client
    bool client_left = false;
    std::optional<UpstreamFailure> failure;  ///< of the provider: why there is no whole answer
    bool upload_wanted = false;              ///< part of the body is still to come from the client
    bool came_with_head = true;              ///< the whole body did: it is still there
    bool upload_begun = false;               ///< the client knows that it may go on with it
    bool upload_running = false;
    bool upload_writes = false;   ///< to the provider, at this moment
    bool is_upload_held = false;  ///< until the request's head and `kept` have gone again
    bool upload_failed = false;
    bool upload_comes_in_chunks = false;                  ///< from the client
    bool upload_goes_in_chunks = false;                   ///< to the provider
    std::optional<Refusal> upload_refused;                ///< its body is why the exchange ends
    UploadGuard up;                                       ///< over what goes up
    KeptBody kept;                                        ///< what of it has gone up
    std::unique_ptr<http::EnvelopeFollower> up_messages;  ///< of a body that consists of such
    HitsTold misplaced;                                   ///< passes going up
    HitsTold echoes;                                      ///< the key coming back
    std::uint16_t close_code = 0;               ///< a websocket's: why the gateway ends it
    std::unique_ptr<FirstMessage> login;        ///< its pass is in that, and nowhere else
    bool is_greeted = false;                    ///< its client had a 101 before the provider's
    std::optional<catalog::PathAction> action;  ///< what the catalogue says of its route
    catalog::OnEcho on_echo = catalog::OnEcho::Mask;
    catalog::OnMisplaced on_misplaced = catalog::OnMisplaced::Refuse;
    Interim interim = Interim::None;
    bool upload_ends = false;     ///< the answer is over: what is left of the body has a moment
    bool takes_trailers = false;  ///< the client does
    lease::UseOutcome outcome = lease::UseOutcome::Completed;
  };

  // Not inlined: the compiler would put the memory of one coroutine into that of another, which
  // may wait for an hour and holds it as long.

  // connection.cpp: the client's side
  [[gnu::noinline]] io::Task<bool> prepare_tls();
  [[nodiscard]] bool is_plain_from_afar() const;
  [[gnu::noinline]] io::Task<bool> read_head();
  io::Task<Next> serve_one();
  [[gnu::noinline]] io::Task<std::optional<Next>> begin_request();
  std::optional<Refusal> admit();
  [[gnu::noinline]] io::Task<Next> refuse_admission(Refusal refusal);
  [[gnu::noinline]] io::Task<void> report_refused(std::string_view what);
  io::Task<void> find_whose(lease::PassHash pass);
  [[nodiscard]] SessionId session_of_denial(const lease::PassHash& pass);
  [[gnu::noinline]] io::Task<Next> refuse(Refusal refusal);
  [[nodiscard]] bool is_grpc_call() const;
  /// How a body goes over client_ behind a head that says `stated`.
  [[nodiscard]] http::BodyFraming framing_at_client(http::BodyFraming stated) const {
    return kind_ == Kind::StreamOfHttp2 ? framing_inside(stated) : stated;
  }
  void settle();
  void consume_request();
  [[nodiscard]] std::string_view unread() const {
    return {reinterpret_cast<const char*>(in_.data()) + in_begin_, in_end_ - in_begin_};
  }
  [[nodiscard]] bool make_room();
  void let_go_of_request();
  class Input;
  [[nodiscard]] Links::Base own_base() const;

  // proxy_ingress.cpp: CONNECT and absolute targets
  [[gnu::noinline]] io::Task<Next> serve_connect();
  io::Task<std::optional<Refusal>> find_session(lease::Lease*& proxy);
  io::Task<std::optional<Refusal>> find_session(crypto::ProxyCredential credential,
                                                lease::Lease*& proxy);
  [[nodiscard]] std::string find_source() const;
  [[nodiscard]] const std::string& source();
  [[gnu::noinline]] io::Task<Next> inspect(std::shared_ptr<const Inspected> place);
  io::Task<void> inspect_inside(std::shared_ptr<const Inspected> place);
  io::Task<bool> secure(const Inspected& place);
  io::Task<bool> show_certificate(SessionId session, std::string_view host);
  [[nodiscard]] std::optional<Refusal> prepare_certificate(const Inspected& place);
  [[nodiscard]] SessionId session_shown_to_proxy() const;
  io::Task<void> report_shown_pass(Refusal refusal);
  [[nodiscard]] bool is_plain_in_tunnel() const { return inspected_ != nullptr && !is_secure(); }
  [[gnu::noinline]] io::Task<Refusal> judge_plain_target();
  [[gnu::noinline]] io::Task<std::optional<Refusal>> read_absolute();
  [[nodiscard]] std::optional<Refusal> read_inspected();
  [[nodiscard]] bool is_absolute() const;
  [[nodiscard]] std::string_view origin_target() const;
  [[nodiscard]] bool leads_elsewhere() const;
  // plain_tunnel.cpp
  static constexpr std::string_view kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";
  [[gnu::noinline]] io::Task<Next> tunnel(lease::Lease& proxy, Authority authority);
  io::Task<void> pump(io::Stream& other);
  io::Task<void> pump_up(io::Stream& to);
  io::Task<void> pump_down(io::Stream& from);

  [[gnu::noinline]] io::Task<void> serve_http2();
  /// Does the agent's end see TLS?
  [[nodiscard]] bool is_secure() const { return client_.is_tls() || kind_ == Kind::StreamOfHttp2; }

  // transparent_ingress.cpp
  [[gnu::noinline]] io::Task<bool> begin_transparent();
  io::Task<std::optional<crypto::ProxyCredential>> read_preamble();
  // connection_limits.cpp: policies and turns
  [[nodiscard]] bool enter_tenant();
  [[gnu::noinline]] io::Task<std::optional<Refusal>> wait_for_turn();
  [[nodiscard]] std::optional<Refusal> begin_use();
  [[nodiscard]] std::optional<Refusal> judge_route();
  void choose_answers_to_findings();
  /// The answer held the key, and a policy wants it cut for that.
  [[nodiscard]] bool is_echo_cut(std::size_t hits) const {
    return x_.on_echo == catalog::OnEcho::Cut && hits > 0;
  }
  /// What went out held a pass, and no policy wants it masked.
  [[nodiscard]] bool is_misplaced(std::size_t hits);
  void tell_of_echoes(std::size_t hits);
  Quotas::Cost end_use();
  [[nodiscard]] lease::UseOutcome outcome_of_cut() const;
  [[nodiscard]] lease::Finding finding_of(std::string_view what) const;
  void report_finding(std::string_view what);
  void tell_of_failure();

  // exchange.cpp: the provider's side
  [[gnu::noinline]] io::Task<std::optional<Next>> begin_exchange();
  [[gnu::noinline]] io::Task<std::optional<Refusal>> connect_upstream();
  [[gnu::noinline]] io::Task<std::optional<Refusal>> send_request();
  [[nodiscard]] std::optional<Refusal> build_head();
  [[gnu::noinline]] io::Task<std::optional<Refusal>> receive_head();
  [[gnu::noinline]] io::Task<std::optional<Refusal>> wait_until_recorded();
  [[nodiscard]] bool may_retry(Refusal refusal);
  [[nodiscard]] ProtocolWish protocol_wish() const;
  [[nodiscard]] std::optional<http::Http2Code> code_for_client(Refusal refusal) const;
  [[nodiscard]] Refusal refusal_of_failure() const;
  [[nodiscard]] Refusal failed_dial(const Error& error);
  [[nodiscard]] Refusal malformed();
  [[nodiscard]] bool has_timed_out() const { return x_.failure == UpstreamFailure::TimedOut; }
  [[gnu::noinline]] io::Task<std::optional<Next>> begin_answer();
  [[gnu::noinline]] io::Task<Next> end_answer(bool is_whole);
  [[gnu::noinline]] io::Task<Next> finish_exchange(bool is_whole);
  [[nodiscard]] bool send_answer_head(http::BodyFraming framing);
  [[nodiscard]] Refusal refusal_of_answer() const;
  [[nodiscard]] bool may_ask_for_parts() const;
  void judge_key();
  [[nodiscard]] bool takes_chunks() const;
  /// What is looked for in what comes back, and in what goes out.
  [[nodiscard]] std::shared_ptr<const guard::Patterns> key_patterns() const;
  [[nodiscard]] std::shared_ptr<const guard::Patterns> pass_patterns() const;
  [[nodiscard]] bool reads_answer() const;

  // answer_body.cpp
  [[nodiscard]] bool prepare_body();
  [[gnu::noinline]] io::Task<bool> relay_body();
  bool give_blocks(std::unique_ptr<RelayBlock> block, bool answer);
  [[gnu::noinline]] io::Task<Result<std::size_t>> read_when_ready(
      io::Stream& from, std::unique_ptr<RelayBlock>& block);
  void look_at(ByteView content);
  /// What is content of what has come, moved together at its beginning.
  struct Unframed {
    MutableBytes content;
    std::size_t consumed = 0;
    bool is_bad = false;
  };
  [[nodiscard]] static Unframed unframe(http::BodyFollower& follower, MutableBytes arrived);
  /// Content as it is searched and goes on, good until the next one.
  struct Piece {
    MutableBytes octets;
    bool is_last = false;  ///< of the answer
    guard::Ends ends = guard::Ends::Nothing;
    bool has_more = false;  ///< ask again before more is read
    bool is_bad = false;
  };
  [[nodiscard]] Piece next_piece(MutableBytes& content);
  /// The last chunk and the answer's trailers, masked. Null when they do not go on.
  [[nodiscard]] std::unique_ptr<Workspace> answer_trailers();
  /// What stands around a whole body of this size with a length in its head.
  [[nodiscard]] ChunkMarks marks_at_client(std::size_t size) const;

  // rewritten_answer.cpp
  [[gnu::noinline]] io::Task<Next> relay_rewritten();
  [[nodiscard]] bool has_rewrites() const;
  [[nodiscard]] const catalog::Redaction* redaction() const;
  [[nodiscard]] bool may_be_rewritten() const;
  [[nodiscard]] bool must_be_rewritten() const;
  [[nodiscard]] bool is_rewritten_whole() const;
  void rewrite_on_the_way();
  [[nodiscard]] std::optional<std::string> rewritten_url(std::string_view url,
                                                         const Links::Base& base,
                                                         const catalog::BodyRewrite& each) const;
  [[nodiscard]] std::vector<MemberRewriter::Member> links_of_answer() const;
  void rewrite_links(std::string& body);
  [[nodiscard]] bool redact_members(std::string& body, const catalog::Redaction& each);

  // upload.cpp
  [[gnu::noinline]] io::Task<std::optional<Refusal>> pass_informational();
  void start_upload();
  /// There is an answer: whoever waits to be asked for the body is so no more.
  void ask_for_no_more() noexcept {
    if (x_.interim != Interim::Writing) x_.interim = Interim::None;
  }
  /// Until nobody else writes to the client.
  [[gnu::noinline]] io::Task<void> client_was_asked();
  void go_on_with_body();
  io::Task<void> hold_upload();
  void let_upload_go_on();
  io::Task<void> upload();
  io::Task<void> upload_is_over();
  [[gnu::noinline]] io::Task<void> end_upload();
  [[gnu::noinline]] io::Task<void> linger(Duration moment);
  [[nodiscard]] std::optional<Refusal> check_trailers() const;
  [[nodiscard]] std::string end_of_upload(bool is_last) const;
  [[gnu::noinline]] io::Task<bool> upload_some(MutableBytes arrived, RelayBlock* room);
  [[nodiscard]] std::optional<Refusal> begin_body();
  [[nodiscard]] MutableBytes start_of_body(std::unique_ptr<RelayBlock>& block);
  [[nodiscard]] std::unique_ptr<RelayBlock> room_for_search();
  [[nodiscard]] UploadGuard::Step search_up(MutableBytes& content, bool is_last, RelayBlock* room);

  // websocket_login.cpp: a pass that comes with a websocket's first message alone
  [[nodiscard]] bool may_login_later() const;
  [[gnu::noinline]] io::Task<std::optional<Next>> receive_login();
  [[gnu::noinline]] io::Task<Next> close_websocket(std::uint16_t code, std::string_view word);
  [[gnu::noinline]] io::Task<Next> refuse_login();

  // websocket_relay.cpp
  [[gnu::noinline]] io::Task<Next> relay_websocket();
  void stop_watching();
  [[gnu::noinline]] io::Task<void> relay_frames_down(FrameGuard& guard);
  [[gnu::noinline]] io::Task<void> end_websocket(FrameGuard& guard);
  io::Task<void> relay_frames_up();
  [[gnu::noinline]] io::Task<bool> relay_first_message(FrameGuard& guard, ByteVector& octets);
  [[gnu::noinline]] io::Task<bool> send_first_message(FrameGuard& guard, FirstMessage& message,
                                                      ByteVector& octets);
  [[gnu::noinline]] io::Task<bool> send_frames(FrameGuard& guard, MutableBytes frames);
  [[nodiscard]] bool refuse_message();

  Gateway& gateway_;
  io::Stream client_;
  Kind kind_;
  SessionId session_;   ///< whose socket it came by; none: another way
  std::string source_;  ///< where its client is; empty: nobody has asked yet
  PresentedPass last_pass_;
  ByteVector in_;  ///< octets from the client, [in_begin_, in_end_) not yet consumed
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::size_t scanned_ = 0;
  std::size_t head_size_ = 0;
  std::size_t body_ready_ = 0;      ///< octets of the body that came with the head
  std::size_t trailers_ready_ = 0;  ///< of those, what follows the last chunk
  http::BodyFollower request_body_;
  http::BodyFollower answer_body_;
  std::shared_ptr<const Inspected> inspected_;  ///< of the tunnel that this connection has become
  std::unique_ptr<Http2Front> http2_;
  std::unique_ptr<Workspace> work_;
  std::unique_ptr<Upstream> upstream_;
  std::size_t answer_begin_ = 0;  ///< octets of work_->answer not yet forwarded
  std::size_t answer_end_ = 0;
  std::size_t answer_scanned_ = 0;
  std::unique_ptr<io::Event> upload_done_;
  std::unique_ptr<io::Event> upload_goes_on_;  ///< after it was held
  ByteVector leftover_;   ///< what the client sent after the request that is still being answered
  ByteVector looked_at_;  ///< start of an error's body
  bool looks_at_body_ = false;
  std::string looked_at_encoding_;        ///< of that start; empty: none
  std::unique_ptr<RelayBlock> unpacked_;  ///< what x_.decoder makes, while it is being sent
  bool answer_keeps_alive_ = false;
  bool closes_after_ = false;
  bool is_idle_ = false;
  bool is_from_afar_ = false;  ///< from another machine, where plain HTTP must not come from there
  std::optional<SteadyTime> waits_since_;
  bool ends_when_idle_ = false;
  Exchange x_;
  Metering metering_;
  TenantId tenant_;  ///< of the last exchange
  std::shared_ptr<TenantId> outer_tenant_;
};

}  // namespace strongroom::gateway
