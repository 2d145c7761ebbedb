// The provider's side of one request: lease, upstream head, relay both ways, settle.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "gateway/answer_head.h"
#include "gateway/chunk_marks.h"
#include "gateway/connection.h"
#include "gateway/upstream/upstream_head.h"
#include "gateway/verdict.h"

namespace strongroom::gateway {
namespace {

constexpr std::chrono::seconds kContinueAfter{1};
constexpr int kMostRefused = 3;  ///< sent again so often

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS";
}

}  // namespace

/// Until the provider's head has come; unless the request is refused, which ends it.
io::Task<std::optional<Connection::Next>> Connection::begin_exchange() {
  lease::Lease* lease =
      gateway_.link().cached_lease(x_.admission.pass.hash(), x_.route.service->id);
  if (lease == nullptr) {
    const auto granted =
        co_await gateway_.link().lease_for(x_.admission.pass.hash(), x_.route.service->id);
    if (!granted) {
      const Refusal refusal = refusal_of_denial(granted.error());
      if (refusal == Refusal::PassWrongService || refusal == Refusal::NotGranted ||
          refusal == Refusal::NotConnected) {
        x_.session = session_of_denial(x_.admission.pass.hash());
        report_finding(describe(refusal).code);
      }
      co_return co_await refuse(refusal);
    }
    lease = *granted;
  }
  if (!attach(*lease)) co_return co_await refuse(Refusal::KeyRevoked);
  const auto authority = gateway_.destinations().authority_of(x_.route, lease->granted().settings);
  if (!authority) co_return co_await refuse(Refusal::UnknownHost);
  x_.authority = *authority;
  if (leads_elsewhere()) co_return co_await refuse(Refusal::PassUnknown);
  if (!enter_tenant()) {
    const auto refused = co_await wait_for_turn();
    if (refused) co_return co_await refuse(*refused);
    // A policy that was set while it waited holds, and a key that was rotated is the new one.
    const auto newest =
        co_await gateway_.link().lease_for(x_.admission.pass.hash(), x_.route.service->id);
    if (!newest) co_return co_await refuse(refusal_of_denial(newest.error()));
    lease = *newest;
    if (!attach(*lease)) co_return co_await refuse(Refusal::KeyRevoked);
  }
  if (const auto refused = begin_use()) co_return co_await refuse(*refused);
  x_.sequence =
      gateway_.link().intend(*lease, x_.authority.host(), work_->request.method, x_.route.path);
  for (;;) {
    x_.failure.reset();
    auto refused = co_await connect_upstream();
    if (!refused) refused = co_await send_request();
    if (!refused) refused = co_await receive_head();
    if (!refused) break;
    if (may_retry(*refused)) {
      if (!x_.came_with_head) co_await hold_upload();
      continue;
    }
    const auto code = code_for_client(*refused);
    if (upstream_ != nullptr) upstream_->abort();
    let_upload_go_on();
    if (code) client_.abort(std::to_underlying(*code));
    if (x_.client_left || !client_.is_open()) {
      client_.abort();
      co_await end_upload();
      upstream_.reset();
      x_.outcome = lease::UseOutcome::UpstreamFailed;
      settle();
      co_return Next::Close;
    }
    if (*refused == Refusal::PassMisplaced) report_finding(describe(*refused).code);
    co_return co_await refuse(*refused);
  }
  co_return std::nullopt;
}

/// Nothing of an answer came, all of the body that has gone is still here, and either the provider
/// has said that it did nothing, or a reused connection had been closed meanwhile and sending again
/// changes nothing.
bool Connection::may_retry(Refusal refusal) {
  if (refusal != Refusal::UpstreamProtocol || upstream_ == nullptr || answer_end_ != 0 ||
      has_timed_out() || x_.cut_by || x_.client_left)
    return false;
  if (!x_.came_with_head) return upstream_->was_refused() && x_.kept.is_whole();
  if (upstream_->was_refused()) return ++x_.refused_streams <= kMostRefused;
  return upstream_->is_reused && is_idempotent(work_->request.method);
}

/// A stream of the agent's is reset as the provider has reset its own where that says more than a
/// status: gRPC has its own meaning for each code, and what the provider refused unseen and cannot
/// be sent again from here the agent may send again (RFC 9113 8.7).
std::optional<http::Http2Code> Connection::code_for_client(Refusal refusal) const {
  if (kind_ != Kind::StreamOfHttp2 || refusal != Refusal::UpstreamProtocol ||
      upstream_ == nullptr || has_timed_out() || x_.client_left)
    return std::nullopt;
  if (upstream_->was_refused()) return http::Http2Code::RefusedStream;
  return is_grpc_call() ? upstream_->reset_with() : std::nullopt;
}

Refusal Connection::refusal_of_failure() const {
  if (x_.cut_by) return *x_.cut_by;
  if (x_.upload_refused) return *x_.upload_refused;
  return has_timed_out() ? Refusal::UpstreamTimeout : Refusal::UpstreamProtocol;
}

Refusal Connection::failed_dial(const Error& error) {
  x_.failure = failure_of_dial(error);
  return refusal_of_dial(error);
}

Refusal Connection::malformed() {
  x_.failure = UpstreamFailure::MalformedAnswer;
  return Refusal::UpstreamProtocol;
}

io::Task<std::optional<Refusal>> Connection::connect_upstream() {
  if (lease() == nullptr) co_return x_.cut_by.value_or(Refusal::VaultUnavailable);
  const LeaseId id = lease()->id();
  const ProtocolWish wish = protocol_wish();
  upstream_ = gateway_.pool().take_idle(x_.authority, wish, id);
  if (upstream_ == nullptr) {
    auto dialled = co_await gateway_.pool().dial(x_.authority, wish, id);
    if (!dialled) co_return failed_dial(dialled.error());
    upstream_ = std::move(*dialled);
  }
  // Nobody has watched meanwhile: a stream that was reset asks for nothing.
  if (client_.has_other_left() || !client_.is_open()) x_.client_left = true;
  if (x_.cut_by) co_return *x_.cut_by;
  if (x_.client_left) co_return Refusal::Internal;
  if (lease() == nullptr || !upstream_->bind(*lease())) co_return Refusal::VaultUnavailable;
  co_return std::nullopt;
}

ProtocolWish Connection::protocol_wish() const {
  if (work_->request.is_websocket_upgrade) return ProtocolWish::Http1Only;
  return kind_ == Kind::StreamOfHttp2 ? ProtocolWish::Http2First : ProtocolWish::Http1First;
}

std::optional<Refusal> Connection::build_head() {
  const UpstreamHead parts{work_->request,
                           x_.route,
                           x_.authority,
                           x_.admission,
                           lease()->granted(),
                           Watched::of(*lease()).passes.get(),
                           reads_answer(),
                           !may_ask_for_parts(),
                           work_->request.is_websocket_upgrade};
  return build_upstream_head(parts, work_->out);
}

/// Head with the key, and what has come of the body, in one write: what came with the head, or what
/// has gone before, which was searched then. The key is usable at this very moment or is not
/// written.
io::Task<std::optional<Refusal>> Connection::send_request() {
  const bool is_again = x_.is_upload_held;
  const bool is_last = is_again ? x_.kept.has_ended() : x_.came_with_head;
  std::unique_ptr<RelayBlock> block;
  std::unique_ptr<RelayBlock> room;
  ByteView body = x_.kept.octets();
  if (!is_again) {
    if (const auto refused = begin_body()) co_return refused;
    room = room_for_search();
    MutableBytes content = start_of_body(block);
    UploadGuard::Step step;
    do {
      if (step.has_more) co_await gateway_.loop().yield();
      step = search_up(content, is_last, room.get());
    } while (step.has_more && !x_.upload_refused);
    body = step.free;
    if (!is_last && upstream_->is_http2()) x_.kept.begin(gateway_.kept);
    x_.kept.add(body);
  }
  if (x_.upload_refused) co_return x_.upload_refused;
  if (x_.cut_by || !is_usable(gateway_.loop().clock().steady()))
    co_return x_.cut_by.value_or(Refusal::VaultUnavailable);
  auto refused = build_head();
  if (!refused && is_last) refused = check_trailers();
  if (refused) {
    work_->out.wipe_key();
    co_return refused;
  }
  const std::size_t size = body.size();
  const auto framing = upstream_->framing_of(work_->request.body);
  x_.upload_goes_in_chunks = framing.kind == http::BodyKind::Chunked;
  const std::string end = end_of_upload(is_last);
  ChunkMarks marks(size, is_last);
  if (!end.empty()) marks.end_with(end);
  ByteView after = bytes_of(x_.upload_goes_in_chunks ? marks.after() : std::string_view());
  if (x_.upload_goes_in_chunks) work_->out.add(marks.before());
  if (work_->out.take_along(text_of(body))) {
    work_->out.add(text_of(after));
    body = after = {};
  }
  upstream_->stream.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
  const auto sent = co_await upstream_->stream.write_all(work_->out.bytes(), body, after);
  work_->out.wipe_key();
  gateway_.blocks.give(std::move(block));
  gateway_.blocks.give(std::move(room));
  if (is_again) {
    x_.kept.forget();  // Once is enough.
  } else {
    x_.bytes_up = size;
  }
  answer_begin_ = answer_end_ = answer_scanned_ = 0;
  if (!sent) {
    x_.failure = failure_of_stream(sent.error());
    co_return refusal_of_failure();
  }
  go_on_with_body();
  gateway_.loop().watch(
      *this, gateway_.loop().deadline_in(x_.interim == Interim::Awaited ? Duration(kContinueAfter)
                                                                        : Duration(kWatchAfter)));
  co_return std::nullopt;
}

io::Task<std::optional<Refusal>> Connection::receive_head() {
  upstream_->stream.set_deadline(gateway_.loop().deadline_in(gateway_.limits().first_answer));
  for (;;) {
    const std::string_view so_far = work_->answer_text(answer_begin_, answer_end_);
    if (!so_far.empty()) {
      const auto outcome =
          http::parse_response(so_far, work_->request.method, work_->response, answer_scanned_);
      if (outcome.state == http::ParseState::Bad) co_return malformed();
      if (outcome.state == http::ParseState::Complete) {
        answer_begin_ += outcome.consumed;
        answer_scanned_ = 0;
        if (work_->response.status >= 200 || work_->response.status == 101) {
          ask_for_no_more();
          co_return std::nullopt;
        }
        const auto refused = co_await pass_informational();
        if (refused) co_return refused;
        continue;
      }
    }
    if (answer_end_ == work_->answer.size()) co_return malformed();
    const auto got =
        co_await upstream_->stream.read_some(MutableBytes(work_->answer).subspan(answer_end_));
    if (!got || *got == 0) {
      x_.failure = got ? UpstreamFailure::Ended : failure_of_stream(got.error());
      if (has_timed_out()) upstream_->doubt();
      co_return refusal_of_failure();
    }
    answer_end_ += *got;
    x_.kept.forget();
  }
}

/// The first octet of the answer waits until the use is durable in the record. Its lease may have
/// ended before, while something else was waited for.
io::Task<std::optional<Refusal>> Connection::wait_until_recorded() {
  auto& link = gateway_.link();
  if (x_.cut_by) co_return *x_.cut_by;
  if (link.is_durable(x_.sequence)) co_return std::nullopt;
  const auto recorded =
      co_await link.durable(x_.sequence, gateway_.loop().deadline_in(gateway_.limits().durable));
  if (x_.cut_by) co_return *x_.cut_by;
  if (!recorded) co_return Refusal::RecordUnavailable;
  co_return std::nullopt;
}

bool Connection::takes_chunks() const {
  return work_->request.minor_version > 0;
}

std::shared_ptr<const guard::Patterns> Connection::key_patterns() const {
  return lease() == nullptr ? nullptr : Watched::of(*lease()).key;
}

std::shared_ptr<const guard::Patterns> Connection::pass_patterns() const {
  return lease() == nullptr ? nullptr : Watched::of(*lease()).passes;
}

/// The answer's content matters here: it is searched, rewritten or counted.
bool Connection::reads_answer() const {
  if (lease() == nullptr) return false;
  return lease()->granted().value.size() >= guard::ValuePatterns::kShortest || has_rewrites() ||
         redaction() != nullptr || metering_.reads_body();
}

bool Connection::send_answer_head(http::BodyFraming framing) {
  if (framing.kind == http::BodyKind::UntilEnd || x_.upload_wanted) closes_after_ = true;
  const Links::Base base = own_base();
  const AnswerHead parts{
      work_->response,
      x_.route,
      x_.authority,
      x_.admission,
      gateway_.links(),
      base,
      framing,
      closes_after_,
      work_->request.headers,
      says_rejected(x_.route.service->check, lease() == nullptr ? nullptr : &lease()->granted(),
                    x_.status),
      x_.is_decoded};
  if (!build_answer_head(parts, work_->out)) return false;
  if (lease() != nullptr)
    x_.guard.note_hits(mask_key(work_->out, lease()->granted().value, x_.admission.pass.text()));
  x_.guard.mask_whole(work_->out.mutable_bytes());
  return !is_echo_cut(x_.guard.hits());
}

/// Of what is stored at the provider, and so cannot hold the key.
bool Connection::may_ask_for_parts() const {
  return std::ranges::any_of(x_.route.service->range_paths, [&](const std::string& pattern) {
    return catalog::path_is_within(pattern, x_.route.path);
  });
}

/// Why an answer's head was not sent.
Refusal Connection::refusal_of_answer() const {
  return is_echo_cut(x_.guard.hits()) ? Refusal::KeyEchoed : Refusal::UpstreamProtocol;
}

/// What the provider said of the key goes to the vault, once per change.
void Connection::judge_key() {
  if (lease() == nullptr) return;
  const auto& granted = lease()->granted();
  const auto verdict =
      verdict_of(x_.route.service->check, x_.status, looked_at_encoding_, looked_at_);
  const bool changes = (verdict == lease::Verdict::Rejected && !granted.key_is_rejected) ||
                       (verdict == lease::Verdict::Accepted && granted.key_is_rejected);
  if (!changes) return;
  gateway_.link().observe(
      {granted.key, granted.key_version, verdict, static_cast<std::uint16_t>(x_.status)});
  lease()->set_key_is_rejected(verdict == lease::Verdict::Rejected);
}

/// The head goes on with the body's first octets; unless all of the answer is dealt with here.
io::Task<std::optional<Connection::Next>> Connection::begin_answer() {
  const auto& response = work_->response;
  x_.status = response.status;
  looked_at_encoding_.clear();
  // Nobody asked for a part.
  const bool is_part = response.status == 206 && !may_ask_for_parts();
  const bool is_readable = response.status == 101 || (!is_part && prepare_body());
  metering_.begin_answer(response, looked_at_encoding_);
  answer_keeps_alive_ = response.keeps_alive;
  co_await client_was_asked();
  if (const auto refused = co_await wait_until_recorded()) {
    upstream_->abort();
    co_return co_await refuse(*refused);
  }
  x_.guard = guard::Guard(key_patterns());
  // HTTP/2 has a place for them in any case.
  x_.takes_trailers = kind_ == Kind::StreamOfHttp2 || takes_trailers(work_->request);
  if (response.status == 101) co_return co_await relay_websocket();
  if (x_.is_greeted) co_return co_await refuse_login();
  if (!is_readable) {
    x_.failure = UpstreamFailure::UnreadableCoding;
    upstream_->abort();
    co_return co_await refuse(Refusal::UpstreamEncoding);
  }
  const bool has_link = may_be_rewritten();
  if (must_be_rewritten() || (has_link && is_rewritten_whole()))
    co_return co_await relay_rewritten();
  if (has_link) rewrite_on_the_way();
  http::BodyFraming framing = response.body;
  // A body that ends with the provider's connection gets an end of its own: cut short, it must not
  // look whole. How long a decoded one will be is not known.
  if (framing.kind == http::BodyKind::Chunked || framing.kind == http::BodyKind::UntilEnd ||
      x_.decoder != nullptr || x_.rewriter != nullptr)
    framing.kind = takes_chunks() ? http::BodyKind::Chunked : http::BodyKind::UntilEnd;
  if (!send_answer_head(framing)) {
    upstream_->abort();
    co_return co_await refuse(refusal_of_answer());
  }
  answer_body_.start(upstream_->framing_of(response.body),
                     http::BodyFollower::Credentials::LeftOut);
  x_.answers_in_chunks = framing_at_client(framing).kind == http::BodyKind::Chunked;
  co_return std::nullopt;
}

io::Task<Connection::Next> Connection::end_answer(bool is_whole) {
  if (answer_body_.has_left_out()) report_finding("trailer_left_out");
  if (x_.is_undecodable && !x_.answer_started) {
    upstream_->abort();
    co_return co_await refuse(Refusal::UpstreamEncoding);
  }
  if (is_echo_cut(x_.guard.hits()) && !x_.answer_started) {
    upstream_->abort();
    co_return co_await refuse(Refusal::KeyEchoed);
  }
  co_return co_await finish_exchange(is_whole);
}

/// Settles, and keeps both connections for what comes next where they may be.
io::Task<Connection::Next> Connection::finish_exchange(bool is_whole) {
  if (is_whole) judge_key();
  if (!is_whole) {
    tell_of_failure();
    if (x_.outcome == lease::UseOutcome::Completed)
      x_.outcome =
          has_timed_out() ? lease::UseOutcome::TimedOut : lease::UseOutcome::UpstreamFailed;
    const auto code = x_.cut_by ? std::nullopt : upstream_->reset_with();
    upstream_->abort();
    client_.abort(std::to_underlying(code.value_or(http::Http2Code::InternalError)));
  }
  const bool is_upload_over = !x_.upload_wanted && !x_.upload_running && !x_.upload_failed;
  if (is_whole && is_upload_over && answer_keeps_alive_ && !x_.cut_by) {
    gateway_.pool().give_back(std::move(upstream_), lease());
  } else {
    closes_after_ = closes_after_ || !is_upload_over;
    co_await end_upload();
  }
  upstream_.reset();
  settle();
  if (!is_whole || closes_after_) co_return Next::Close;
  consume_request();
  co_return Next::Keep;
}

}  // namespace strongroom::gateway
