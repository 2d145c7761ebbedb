// The client's side of a connection: heads, refusals, keep-alive. SPDX-License-Identifier:
// Apache-2.0
#include "gateway/connection.h"

#include <algorithm>
#include <utility>

#include "gateway/chunk_marks.h"
#include "gateway/policy.h"
#include "http/websocket.h"

namespace strongroom::gateway {
namespace {

constexpr std::size_t kFullCapacity = http::kMaxHead + kInputBlock;
constexpr std::uint8_t kTlsHandshake = 0x16;

/// Some servers take "delete" for DELETE: rules, framing of answers and what is retried would not.
bool is_in_capitals(std::string_view method) {
  return std::ranges::none_of(method, [](char c) { return c >= 'a' && c <= 'z'; });
}

/// Of what is refused before a key is asked for (docs/errors.md, the stars).
bool is_finding(Refusal refusal) {
  return refusal == Refusal::PathDenied || refusal == Refusal::PassMisplaced ||
         refusal == Refusal::PassesDiffer || refusal == Refusal::HostMismatch;
}

/// To another protocol than websockets: in a tunnel it would leave what is looked into. At a base
/// URL it is a wish that a server may ignore (RFC 9110 7.8), and Java makes it with its first
/// request; nothing of it goes on (upstream_head.cpp).
bool is_bad_upgrade(const http::RequestHead& request, bool is_inspected) {
  const auto* upgrade = request.headers.find(http::Name::Upgrade);
  if (upgrade == nullptr || request.is_websocket_upgrade) return false;
  return is_inspected || http::list_has(upgrade->value, "websocket");
}

std::uint16_t close_code_of(int status) {
  if (status == 429 || status == 503) return http::kCloseTryAgainLater;
  return status >= 500 ? http::kCloseUnableToServe : http::kClosePolicy;
}

}  // namespace

Connection::Connection(Gateway& gateway, io::Stream client,
                       std::shared_ptr<const Inspected> inspected, Kind kind)
    : gateway_(gateway),
      client_(std::move(client)),
      kind_(kind),
      inspected_(std::move(inspected)) {}
Connection::~Connection() {
  gateway_.workspaces.give(std::move(work_));
}

void Connection::end_when_idle() {
  ends_when_idle_ = true;
  if (http2_ != nullptr) return http2_->drain();
  if (is_idle_) client_.abort();
}

void Connection::abort() {
  x_.client_left = true;  // nothing is sent, or sent again, for nobody
  client_.abort();
  if (upstream_ != nullptr) upstream_->abort();
}

void Connection::cut(std::string_view reason) noexcept {
  x_.cut_by = refusal_of_denial(Error(Code::Unavailable, {}, std::string(reason)));
  metering_.detail = {};
  if (upstream_ != nullptr) upstream_->abort();
  // Once part of an answer is out, only a reset tells the client that the rest will not come.
  if (x_.answer_started) client_.abort();
}

/// The answer has been awaited for a while: from here on a client that leaves is noticed. With
/// Expect, the body is asked for by us: this provider knows no 100.
void Connection::on_deadline() noexcept {
  if (x_.interim == Interim::Awaited) {
    x_.interim = Interim::Owed;
    start_upload();
    return;
  }
  client_.watch_readable([this] {
    // Behind its whole answer it has no more to wait for.
    if (x_.upload_ends || !client_.has_peer_ended()) return;
    abort();
  });
}

io::Task<void> Connection::run() {
  waits_since_ = gateway_.loop().coarse_now();
  const bool is_ready = co_await prepare_tls();
  if (!is_ready) co_return;
  for (;;) {
    if (client_.tls_protocol() == "h2") co_return co_await serve_http2();
    waits_since_ = gateway_.loop().coarse_now();
    const bool has_head = co_await read_head();
    waits_since_.reset();
    if (!has_head) break;
    const Next next = co_await serve_one();
    if (next == Next::Close) break;
  }
  if (client_.is_open()) (void)co_await client_.finish_writing();
}

io::Task<void> Connection::serve_http2() {
  http2_ = std::make_unique<Http2Front>(gateway_, client_, inspected_, session_);
  if (ends_when_idle_) http2_->drain();
  co_await http2_->run();
  http2_.reset();
}

io::Task<bool> Connection::prepare_tls() {
  if (kind_ == Kind::StreamOfHttp2) co_return true;
  // Asked once: the answer costs the kernel twice, and stays.
  is_from_afar_ = gateway_.plain_http() == lease::PlainHttp::FromThisMachine &&
                  !io::is_within_machine(client_.native_handle());
  client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().head));
  is_idle_ = true;
  const auto first = co_await client_.peek_first();
  is_idle_ = false;
  if (!first) co_return false;
  if (kind_ == Kind::Tunnelled) co_return co_await secure(*inspected_);
  if (*first == kPreambleMark) co_return co_await begin_transparent();
  if (*first != kTlsHandshake) co_return true;
  if (!gateway_.tls()) co_return false;
  const auto secured = co_await client_.start_tls_server(*gateway_.tls());
  co_return secured.has_value();
}

/// What is sent without TLS over a network is everybody's there, passes and all.
bool Connection::is_plain_from_afar() const {
  return is_from_afar_ && !is_secure();
}

bool Connection::make_room() {
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  if (in_end_ < in_.size()) return true;
  if (in_begin_ > 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(in_begin_),
              in_.begin() + static_cast<std::ptrdiff_t>(in_end_), in_.begin());
    in_end_ -= in_begin_;
    in_begin_ = 0;
    return true;
  }
  if (in_.size() >= kFullCapacity) return false;
  if (in_.empty()) {
    in_ = gateway_.inputs.take();
  } else {
    in_.resize(kFullCapacity);
  }
  return true;
}

/// While an answer is silent, nothing of its request is held but where it went.
void Connection::let_go_of_request() {
  const bool is_all_read = in_end_ == in_begin_ + head_size_ + body_ready_;
  if (in_.empty() || work_ != nullptr || x_.upload_wanted || x_.upload_running || !is_all_read)
    return;
  x_.route.keep_path_only();
  x_.admission.subprotocol_entry = {};
  in_begin_ = in_end_ = head_size_ = body_ready_ = 0;
  gateway_.inputs.give(std::exchange(in_, {}));
}

/// Where what comes from the client is put, behind what of it was not consumed yet.
class Connection::Input final : public io::ReadRoom {
 public:
  explicit Input(Connection& connection) : connection_(connection) {}
  MutableBytes take() override {
    if (connection_.in_.empty()) (void)connection_.make_room();
    return MutableBytes(connection_.in_).subspan(connection_.in_end_);
  }
  void give_back() noexcept override {
    if (connection_.in_begin_ != connection_.in_end_) return;
    connection_.in_begin_ = connection_.in_end_ = 0;
    connection_.gateway_.inputs.give(std::exchange(connection_.in_, {}));
  }

 private:
  Connection& connection_;
};

/// A whole head in work_->request, or the end. A malformed one is answered here.
io::Task<bool> Connection::read_head() {
  Input input(*this);
  scanned_ = 0;
  // From its first octet on, however many come one by one.
  std::optional<Deadline> until;
  for (;;) {
    if (in_begin_ < in_end_) {
      if (work_ == nullptr) work_ = gateway_.workspaces.take();
      const auto outcome = http::parse_request(unread(), work_->request, scanned_);
      if (outcome.state == http::ParseState::Complete) {
        head_size_ = outcome.consumed;
        co_return true;
      }
      const bool is_full = outcome.state == http::ParseState::NeedMore && !make_room();
      if (outcome.state == http::ParseState::Bad || is_full) {
        closes_after_ = true;
        x_ = Exchange();
        (void)co_await refuse(is_full ? Refusal::HeadTooLarge : refusal_of_status(outcome.status));
        co_return false;
      }
    } else {
      gateway_.workspaces.give(std::move(work_));
      if (!make_room() || ends_when_idle_ || gateway_.is_draining()) co_return false;
    }
    is_idle_ = in_begin_ == in_end_;
    if (!is_idle_ && !until) until = gateway_.loop().deadline_in(gateway_.limits().head);
    client_.set_deadline(until.value_or(gateway_.loop().deadline_in(gateway_.limits().idle)));
    const auto got = co_await client_.read_some(input);
    is_idle_ = false;
    if (!got || *got == 0) co_return false;
    in_end_ += *got;
  }
}

/// Destination, pass and policy: everything that needs no key. Malformed chunks in what has come
/// are found here as well.
std::optional<Refusal> Connection::admit() {
  const auto& request = work_->request;
  if (!is_in_capitals(request.method)) {
    closes_after_ = true;  // as what is malformed
    return Refusal::MethodNotAllowed;
  }
  if (request.method == "TRACE") return Refusal::MethodNotAllowed;
  if (is_bad_upgrade(request, x_.inspected != nullptr)) return Refusal::BadRequest;
  auto unread = x_.inspected != nullptr ? read_inspected()
                                        : gateway_.destinations().read(request.target, x_.route);
  if (unread == Refusal::UnknownService && x_.inspected == nullptr)
    unread = route_by_pass(gateway_.destinations(), request, x_.route);
  if (unread) return unread;
  const std::string_view host = !x_.route.host_name.empty() ? x_.route.host_name
                                : x_.route.service->hosts.empty()
                                    ? std::string_view()
                                    : std::string_view(x_.route.service->hosts.front());
  const auto missing = find_pass(request, x_.route, x_.admission, last_pass_);
  if (!missing) last_pass_ = x_.admission.pass;
  if (!x_.route.link_token.empty()) {
    const auto hash =
        gateway_.links().open(x_.route.link_token, *x_.route.service, host, x_.route.link_target);
    if (!hash) return Refusal::PassUnknown;
    if (!missing && x_.admission.pass.hash() != *hash) {
      x_.admission.other_pass = *hash;
      return Refusal::PassesDiffer;
    }
    if (missing) x_.admission.pass.set_hash_only(*hash);
  } else if (missing == Refusal::PassMissing && may_login_later()) {
    x_.login = std::make_unique<FirstMessage>(x_.route.service->first_message_fields);
  } else if (missing) {
    return missing;
  }
  if (overrides_request(x_.route.query)) return Refusal::BadRequest;
  x_.action = action_for(x_.route, host, request);
  if (x_.action == catalog::PathAction::Deny) return Refusal::PathDenied;
  return std::nullopt;
}

/// Each part's memory ends with the part: what a silent answer holds is this and the relay's.
io::Task<Connection::Next> Connection::serve_one() {
  std::optional<Next> done = co_await begin_request();
  if (!done) done = co_await begin_exchange();
  if (!done) done = co_await begin_answer();
  if (done) co_return *done;
  const bool is_whole = co_await relay_body();
  co_return co_await end_answer(is_whole);
}

io::Task<std::optional<Connection::Next>> Connection::begin_request() {
  x_ = Exchange();
  x_.session = session_;
  x_.started = gateway_.loop().coarse_now();
  // A client of HTTP/1.0 would want to be told that it may send more: it is not worth it.
  closes_after_ =
      !work_->request.keeps_alive || work_->request.minor_version == 0 || ends_when_idle_;
  client_.set_deadline(Deadline());
  const http::BodyFraming framing = framing_at_client(work_->request.body);
  request_body_.start(framing);
  x_.upload_comes_in_chunks = framing.kind == http::BodyKind::Chunked;
  body_ready_ = trailers_ready_ = 0;
  std::string_view rest = unread().substr(head_size_);
  while (!request_body_.is_done() && !rest.empty()) {
    const auto step = request_body_.feed(rest);
    if (step.state == http::ParseState::Bad) {
      closes_after_ = true;
      co_return co_await refuse(Refusal::BadRequest);
    }
    if (step.consumed == 0) break;
    body_ready_ += step.consumed;
    trailers_ready_ += step.of_trailers;
    rest.remove_prefix(step.consumed);
  }
  x_.came_with_head = request_body_.is_done();
  x_.upload_wanted = !x_.came_with_head;
  if (gateway_.is_draining()) co_return co_await refuse(Refusal::Draining);
  if (is_plain_from_afar()) {
    closes_after_ = true;
    // Whoever reads along has the pass, or the proxy's credential, from now on: its session is
    // told.
    (void)admit();
    co_await find_whose(x_.admission.pass.hash());
    if (x_.session.is_none()) x_.session = session_shown_to_proxy();
    if (!x_.session.is_none()) report_finding(describe(Refusal::TlsRequired).code);
    co_return co_await refuse(Refusal::TlsRequired);
  }
  if (is_plain_in_tunnel()) {
    closes_after_ = true;
    x_.inspected = inspected_;
    co_await report_shown_pass(Refusal::PlainTarget);
    co_return co_await refuse(Refusal::PlainTarget);
  }
  if (work_->request.method == "CONNECT") co_return co_await serve_connect();
  x_.inspected = inspected_;
  if (is_absolute()) {
    const auto refused = co_await read_absolute();
    if (refused) co_return co_await refuse(*refused);
  }
  if (const auto refused = admit()) co_return co_await refuse_admission(*refused);
  if (x_.login != nullptr) co_return co_await receive_login();
  co_return std::nullopt;
}

io::Task<Connection::Next> Connection::refuse_admission(Refusal refusal) {
  if (is_finding(refusal)) co_await report_refused(describe(refusal).code);
  co_return co_await refuse(refusal);
}

/// At a base URL only the pass says whose session it is; a finding without one would be
/// everybody's, and told once for all of them. Two passes may be of two sessions: each is told.
io::Task<void> Connection::report_refused(std::string_view what) {
  co_await find_whose(x_.admission.pass.hash());
  const SessionId first = x_.session;
  co_await find_whose(x_.admission.other_pass);
  report_finding(what);
  const SessionId other = std::exchange(x_.session, first);
  if (!first.is_none() && first != other) report_finding(what);
}

io::Task<void> Connection::find_whose(lease::PassHash pass) {
  const bool has_pass = pass != lease::PassHash{};
  if (x_.inspected != nullptr || x_.route.service == nullptr || !has_pass) co_return;
  const auto granted = co_await gateway_.link().lease_for(pass, x_.route.service->id);
  x_.session = granted ? (*granted)->granted().session : session_of_denial(pass);
}

/// Of the pass that was refused just now; of the socket it came by, where the vault does not say.
SessionId Connection::session_of_denial(const lease::PassHash& pass) {
  const SessionId of_pass = gateway_.link().session_of_denial(pass, x_.route.service->id);
  return of_pass.is_none() ? x_.session : of_pass;
}

Links::Base Connection::own_base() const {
  if (x_.inspected != nullptr) return {"https://", x_.inspected->host_header, true};
  const auto* host = work_->request.headers.find(http::Name::Host);
  return {is_secure() ? "https://" : "http://",
          host == nullptr ? std::string_view("localhost") : host->value};
}

/// Only over HTTP/2, and only where the head was understood.
bool Connection::is_grpc_call() const {
  if (kind_ != Kind::StreamOfHttp2 || work_ == nullptr) return false;
  const auto* type = work_->request.headers.find(http::Name::ContentType);
  constexpr std::string_view kGrpc = "application/grpc";
  return type != nullptr && type->value.starts_with(kGrpc) &&
         (type->value.size() == kGrpc.size() || type->value[kGrpc.size()] == '+');
}

/// The gateway's own answer. After a body that was not read, the connection ends.
io::Task<Connection::Next> Connection::refuse(Refusal refusal) {
  const RefusalText& text = describe(refusal);
  ask_for_no_more();
  co_await client_was_asked();
  x_.status = text.status;
  gateway_.refusals().count(refusal);
  tell_of_failure();
  if (refusal == Refusal::NotConnected) metering_.detail.link = gateway_.connect_link(x_.route);
  if (x_.upload_wanted || x_.upload_running) closes_after_ = true;
  if (x_.outcome == lease::UseOutcome::Completed)
    x_.outcome = x_.cut_by ? outcome_of_cut() : lease::UseOutcome::UpstreamFailed;
  if (x_.is_greeted) co_return co_await close_websocket(close_code_of(text.status), text.code);
  const bool is_grpc = is_grpc_call();
  std::string body = is_grpc ? std::string() : refusal_body(text, metering_.detail);
  const bool is_connect = work_ != nullptr && work_->request.method == "CONNECT";
  std::string head = is_grpc ? grpc_refusal_head(text)
                             : "HTTP/1.1 " + std::to_string(text.status) + " " +
                                   (is_connect ? refusal_phrase(text)
                                               : std::string(http::reason_phrase(text.status))) +
                                   "\r\ncontent-type: application/json\r\ncontent-length: " +
                                   std::to_string(body.size()) + "\r\n";
  if (const auto wait = metering_.detail.retry_after; wait.count() > 0)
    head += "retry-after: " + std::to_string(wait.count()) + "\r\n";
  // Not Bearer: docker takes its realm for the address of a server that gives out tokens.
  if (text.status == 401) head += "www-authenticate: Basic realm=\"strongroom\"\r\n";
  if (text.status == 407) head += "proxy-authenticate: Basic realm=\"strongroom\"\r\n";
  head += closes_after_ ? "connection: close\r\n\r\n" : "\r\n";
  metering_.detail = {};
  if (work_ != nullptr && work_->request.method == "HEAD") body.clear();
  const ChunkMarks marks = marks_at_client(body.size());
  head += marks.before();
  settle();
  client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().head));
  const auto sent =
      co_await client_.write_all(bytes_of(head), bytes_of(body), bytes_of(marks.after()));
  if (!sent) closes_after_ = true;
  co_await end_upload();
  upstream_.reset();
  if (closes_after_) co_return Next::Close;
  consume_request();
  co_return Next::Keep;
}

void Connection::consume_request() {
  in_begin_ += head_size_ + body_ready_;
  head_size_ = body_ready_ = trailers_ready_ = 0;
  if (leftover_.empty()) return;
  // Only after a body that came apart from its head: nothing else is in the buffer then.
  in_.assign(leftover_.begin(), leftover_.end());
  in_begin_ = 0;
  in_end_ = in_.size();
  leftover_.clear();
}

/// Tells the vault how the use ended; nothing when none was recorded.
void Connection::settle() {
  tell_of_echoes(x_.guard.hits());
  x_.guard = guard::Guard();
  x_.decoder.reset();
  x_.rewriter.reset();
  x_.kept.forget();
  detach();
  unlink();
  const Quotas::Cost cost = end_use();
  if (x_.sequence == 0) return;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(
      gateway_.loop().coarse_now() - x_.started);
  if (x_.client_left) x_.outcome = lease::UseOutcome::ClientLeft;
  if (x_.cut_by) x_.outcome = outcome_of_cut();
  gateway_.link().settle({x_.sequence, static_cast<std::uint16_t>(x_.status), x_.bytes_up,
                          x_.bytes_down, static_cast<std::uint64_t>(took.count()), x_.outcome,
                          std::string(cost.unit), cost.units});
  x_.sequence = 0;
}

}  // namespace strongroom::gateway
