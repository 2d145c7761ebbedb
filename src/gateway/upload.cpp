// The client's body on its way to the provider, beside the answer. SPDX-License-Identifier:
// Apache-2.0
#include <algorithm>
#include <utility>

#include "gateway/chunk_marks.h"
#include "gateway/connection.h"
#include "gateway/guard/trailers.h"
#include "gateway/upstream/upstream_head.h"

namespace strongroom::gateway {

/// 100 lets the client's body come; other 1xx (early hints lead past the gateway, threats.md B7)
/// end here.
io::Task<std::optional<Refusal>> Connection::pass_informational() {
  if (work_->response.status != 100 || x_.interim != Interim::Awaited) co_return std::nullopt;
  x_.interim = Interim::None;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().head));
  const auto sent = co_await client_.write_all(bytes_of(kContinue));
  if (!sent) {
    x_.client_left = true;
    co_return Refusal::Internal;
  }
  start_upload();
  co_return std::nullopt;
}

void Connection::start_upload() {
  if (upload_done_ == nullptr) upload_done_ = std::make_unique<io::Event>(gateway_.loop());
  x_.upload_begun = x_.upload_running = true;
  gateway_.loop().spawn(upload());
}

/// Once the head has gone, with what of the body was here. A client that was told so once goes on
/// by itself.
void Connection::go_on_with_body() {
  x_.upload_failed = false;
  const bool is_under_way = x_.upload_running;
  let_upload_go_on();
  if (is_under_way || !x_.upload_wanted) return;
  if (work_->request.expects_continue && !x_.upload_begun)
    x_.interim = Interim::Awaited;
  else
    start_upload();
}

/// Before the request is sent again: nothing more of its body goes on, nor is being written. What
/// comes of it meanwhile waits.
io::Task<void> Connection::hold_upload() {
  unlink();
  if (x_.interim == Interim::Awaited) x_.interim = Interim::None;
  x_.is_upload_held = true;
  if (upload_goes_on_ == nullptr) upload_goes_on_ = std::make_unique<io::Event>(gateway_.loop());
  while (x_.upload_writes) co_await upload_done_->wait();
  // A connection that refuses one stream may refuse the next: another one is taken.
  upstream_->doubt();
}

void Connection::let_upload_go_on() {
  if (!std::exchange(x_.is_upload_held, false)) return;
  upload_goes_on_->set();
}

std::optional<Refusal> Connection::check_trailers() const {
  if (request_body_.trailers().empty()) return std::nullopt;
  if (lease() == nullptr) return Refusal::KeyRevoked;
  const auto& service = *x_.route.service;
  return check_request_trailers(request_body_.trailers(), service,
                                resolved(service.inject.name, lease()->granted().settings),
                                Watched::of(*lease()).passes.get());
}

/// The end of the body and its fields; empty when there are none.
std::string Connection::end_of_upload(bool is_last) const {
  if (!is_last || request_body_.trailers().empty()) return {};
  return "\r\n0\r\n" + std::string(request_body_.trailers()) + "\r\n";
}

/// How the body is to be searched.
std::optional<Refusal> Connection::begin_body() {
  const auto& request = work_->request;
  auto patterns = pass_patterns();
  std::unique_ptr<http::ContentDecoder> decoder;
  if (patterns != nullptr && request.body.kind != http::BodyKind::None) {
    const auto coding = http::content_coding_of(request.headers);
    if (!coding) return Refusal::RequestEncoding;
    if (*coding != http::ContentCoding::Identity)
      decoder = std::make_unique<http::ContentDecoder>(*coding, gateway_.decoding);
  }
  x_.up = UploadGuard(std::move(patterns), std::move(decoder));
  const auto* type = request.headers.find(http::Name::ContentType);
  if (type != nullptr && http::has_envelopes(type->value))
    x_.up_messages = std::make_unique<http::EnvelopeFollower>();
  return std::nullopt;
}

/// What came of the body's content with its head. Chunks are taken out of their framing in `block`,
/// so that what came is still there when it must be sent again.
MutableBytes Connection::start_of_body(std::unique_ptr<RelayBlock>& block) {
  const MutableBytes arrived = MutableBytes(in_).subspan(in_begin_ + head_size_, body_ready_);
  if (!x_.upload_comes_in_chunks) return arrived;
  block = gateway_.blocks.take();
  std::ranges::copy(arrived, block->begin());
  http::BodyFollower again;
  again.start(framing_at_client(work_->request.body));
  return unframe(again, MutableBytes(*block).first(arrived.size())).content;
}

std::unique_ptr<RelayBlock> Connection::room_for_search() {
  return x_.up.is_coded() ? gateway_.blocks.take() : nullptr;
}

/// One step of the search. The provider may answer a gRPC message before the next one comes. A pass
/// ends the upload before anything of that step has gone on, unless a policy wants it masked.
UploadGuard::Step Connection::search_up(MutableBytes& content, bool is_last, RelayBlock* room) {
  auto ends = guard::ends_of_piece(is_last);
  if (x_.up_messages != nullptr && !x_.up.is_coded()) {
    x_.up_messages->feed(content);
    if (!is_last && x_.up_messages->is_between()) ends = guard::Ends::Message;
  }
  const auto step =
      x_.up.feed(content, ends, room == nullptr ? MutableBytes() : MutableBytes(*room));
  if (step.is_bad) x_.upload_refused = Refusal::RequestEncoding;
  const bool is_found = x_.up.hits() > 0;
  if (is_found && (is_misplaced(x_.up.hits()) || x_.up.is_coded()))
    x_.upload_refused = Refusal::PassMisplaced;
  return step;
}

/// The rest of the client's body, beside the answer. Ends with the body, with the client, or when
/// the provider takes no more.
io::Task<void> Connection::upload() {
  if (x_.interim == Interim::Owed) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().head));
    x_.interim = Interim::Writing;
    const auto asked = co_await client_.write_all(bytes_of(kContinue));
    x_.interim = Interim::None;
    upload_done_->set();
    if (!asked && !x_.cut_by) x_.client_left = true;
  }
  std::unique_ptr<RelayBlock> block;
  bool is_busy = false;
  while (!request_body_.is_done() && !x_.upload_failed) {
    if (!x_.upload_ends) client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got =
        is_busy ? co_await client_.read_some(*block) : co_await read_when_ready(client_, block);
    if (!got || *got == 0) {
      if (!x_.cut_by && !x_.upload_ends) x_.client_left = true;
      x_.upload_failed = true;
      if (upstream_ != nullptr) upstream_->abort();
      break;
    }
    is_busy = *got == block->size();
    auto room = room_for_search();
    const bool goes_on = co_await upload_some(MutableBytes(*block).first(*got), room.get());
    gateway_.blocks.give(std::move(room));
    x_.upload_failed = !goes_on;
  }
  gateway_.blocks.give(std::move(block));
  x_.upload_running = false;
  x_.upload_wanted = !request_body_.is_done();
  // What came of the body has used up the watch, and nobody reads the client's side any more.
  if (!x_.upload_failed) gateway_.loop().watch(*this, gateway_.loop().deadline_in(kWatchAfter));
  upload_done_->set();
}

io::Task<void> Connection::client_was_asked() {
  while (x_.interim == Interim::Writing) co_await upload_done_->wait();
}

/// The event may still be set by an upload that nobody had to wait for.
io::Task<void> Connection::upload_is_over() {
  while (x_.upload_running) co_await upload_done_->wait();
}

/// Lets the client read the answer before its unread body makes the kernel reset the connection:
/// reads on for a moment, then ends.
io::Task<void> Connection::end_upload() {
  const bool has_unread = x_.upload_wanted && client_.is_open();
  if (!x_.upload_running && !has_unread) co_return;
  (void)co_await client_.finish_writing();
  co_await linger(kLinger);
}

/// What still reads from the client goes on for that moment; else it is read here.
io::Task<void> Connection::linger(Duration moment) {
  x_.upload_ends = true;
  client_.set_deadline(gateway_.loop().deadline_in(moment));
  if (x_.upload_running) {
    // Where the provider reads no more, nothing else would end it.
    if (upstream_ != nullptr) upstream_->stream.set_deadline(gateway_.loop().deadline_in(moment));
    co_await upload_is_over();
  }
  const auto block = gateway_.blocks.take();
  for (;;) {
    const auto got = co_await client_.read_some(*block);
    if (!got || *got == 0) co_return;
  }
}

/// False: no more of it goes on.
io::Task<bool> Connection::upload_some(MutableBytes arrived, RelayBlock* room) {
  Unframed unframed = unframe(request_body_, arrived);
  const bool is_last = request_body_.is_done();
  if (is_last)
    leftover_.assign(arrived.begin() + static_cast<std::ptrdiff_t>(unframed.consumed),
                     arrived.end());
  if (unframed.is_bad) x_.upload_refused = Refusal::BadRequest;
  if (!unframed.is_bad && is_last) x_.upload_refused = check_trailers();
  if (x_.upload_refused == Refusal::PassMisplaced)
    report_finding(describe(Refusal::PassMisplaced).code);
  UploadGuard::Step step;
  do {
    if (step.has_more) co_await gateway_.loop().yield();
    if (!x_.upload_refused) step = search_up(unframed.content, is_last, room);
    if (x_.upload_refused) {
      if (upstream_ != nullptr) upstream_->abort();
      co_return false;
    }
  } while (step.has_more);
  while (x_.is_upload_held) co_await upload_goes_on_->wait();
  if (upstream_ == nullptr) co_return false;
  x_.kept.add(step.free);
  if (is_last) x_.kept.end();
  const std::string end = end_of_upload(is_last);
  ChunkMarks marks(step.free.size(), is_last);
  if (!end.empty()) marks.end_with(end);
  const ByteView before = bytes_of(x_.upload_goes_in_chunks ? marks.before() : std::string_view());
  const ByteView after = bytes_of(x_.upload_goes_in_chunks ? marks.after() : std::string_view());
  if (!x_.upload_ends)
    upstream_->stream.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
  x_.upload_writes = true;
  const auto sent = co_await upstream_->stream.write_all(before, step.free, after);
  x_.upload_writes = false;
  if (x_.is_upload_held) upload_done_->set();
  x_.bytes_up += step.free.size();
  co_return sent.has_value();
}

}  // namespace strongroom::gateway
