// SPDX-License-Identifier: Apache-2.0
#include "gateway/http2/carrier.h"

#include <utility>

#include "base/mid_page.h"
#include "base/secret.h"

namespace strongroom::gateway {
namespace {

/// How long a peer may take for the last that is sent, and to end its side.
constexpr std::chrono::seconds kGoodbye{1};

/// To a peer that does not read: nobody waits for it any more.
constexpr auto kUnread = http::Http2Code::Cancel;

/// What comes or goes over the connection; none while it is silent.
using WireBlock = MidPageBlock<32UL << 10U>;

class WireRoom final : public io::ReadRoom {
 public:
  MutableBytes take() override {
    if (block_ == nullptr) block_ = std::make_unique_for_overwrite<WireBlock>();
    return *block_;
  }
  void give_back() noexcept override { block_.reset(); }
  [[nodiscard]] ByteView first(std::size_t octets) const { return ByteView(*block_).first(octets); }
  void wipe_first(std::size_t octets) noexcept { wipe(block_->data(), octets); }

 private:
  std::unique_ptr<WireBlock> block_;
};

/// A connection to a provider carries many agents' streams: some that are not read leave room for
/// the others.
http::Http2Limits limits_of(http::Http2Role role) {
  http::Http2Limits limits;
  if (role == http::Http2Role::Client) limits.connection_window = 4_MiB;
  return limits;
}

}  // namespace

Http2Bridge::Http2Bridge(io::Loop& loop, io::Stream end)
    : inner(std::move(end)), has_news(loop), may_send(loop), is_request_over(loop) {}

Http2Bridge::~Http2Bridge() {
  if (block_ != nullptr) wipe(block_->data(), block_->size());
}

std::string_view Http2Bridge::unread() const {
  if (block_ == nullptr) return {};
  return text_of(ByteView(*block_).subspan(begin_, end_ - begin_));
}

void Http2Bridge::take(std::size_t octets) {
  if (octets == 0) return;
  wipe(block_->data() + begin_, octets);
  begin_ += octets;
  if (begin_ < end_) return;
  block_.reset();
  begin_ = end_ = 0;
}

Http2Carrier::Http2Carrier(http::Http2Role role, io::Loop& loop, io::Stream& peer,
                           Http2Patience patience)
    : loop_(loop),
      peer_(peer),
      patience_(patience),
      until_settings_(loop.deadline_in(patience.settings)),
      session_(role, loop.clock(), limits_of(role)),
      has_output_(loop),
      is_over_(loop) {}
Http2Carrier::~Http2Carrier() = default;

io::Task<void> Http2Carrier::run() {
  work_begins();
  loop_.spawn(write());
  co_await read();
  end_streams();
  for (const auto& bridge : bridges_)
    if (!outlives_connection(*bridge)) bridge->inner.abort();
  while (under_way_ > 0) co_await is_over_.wait();
}

void Http2Carrier::work_ends() {
  if (--under_way_ == 0) is_over_.set();
}

void Http2Carrier::close() noexcept {
  end_streams();
  for (const auto& bridge : bridges_) bridge->inner.abort();
}

void Http2Carrier::end_streams() noexcept {
  is_closing_ = true;
  for (const auto& bridge : bridges_) note_unsent(*bridge);
  session_.lose_connection();
  for (const auto& bridge : bridges_) {
    bridge->is_closed = true;
    bridge->has_news.set();
    bridge->may_send.set();
  }
  has_output_.set();
}

void Http2Carrier::set_patience() {
  if (is_parting_) return;
  if (!session_.has_settings()) return peer_.set_deadline(until_settings_);
  peer_.set_deadline(loop_.deadline_in(bridges_.empty() ? patience_.idle : patience_.stream));
}

io::Task<void> Http2Carrier::read() {
  WireRoom room;
  has_output_.set();
  for (;;) {
    set_patience();
    const auto got = co_await peer_.read_some(room);
    if (!got || *got == 0) co_return;
    const Status fed = session_.feed(room.first(*got));
    room.wipe_first(*got);
    handle_events();
    on_input();
    // Read until the peer's own end, after a breach as well: octets that nobody has read make the
    // kernel reset the connection, with what is still on its way to the peer.
    if (!fed) part();
    has_output_.set();
  }
}

bool Http2Carrier::is_peer_silent() const {
  return !session_.has_settings() && until_settings_.has_passed(loop_.coarse_now());
}

/// From here on the peer has a moment, whatever it sends.
void Http2Carrier::part() {
  if (is_parting_) return;
  is_parting_ = true;
  peer_.set_deadline(loop_.deadline_in(kGoodbye));
}

/// The session's output as it comes; the last of it, too.
io::Task<void> Http2Carrier::write() {
  WireRoom room;
  for (;;) {
    co_await has_output_.wait();
    while (session_.wants_output() && peer_.is_open()) {
      if (!may_write()) {
        peer_.abort();
        break;
      }
      const std::size_t size = session_.take_output(room.take());
      // Also where nothing is left to send: a head may not go any more.
      handle_events();
      if (size == 0) break;
      const auto sent = co_await peer_.write_all(room.first(size));
      room.wipe_first(size);
      set_patience();  // whichever way octets go, it is not silent
      if (!sent) peer_.abort();
    }
    room.give_back();
    const bool is_last_out = session_.is_finished() && (bridges_.empty() || !session_.status());
    const bool is_done = is_closing_ || !peer_.is_open() || is_last_out;
    if (!is_done) continue;
    if (!is_closing_) co_await end_connection();
    break;
  }
  work_ends();
}

/// All is sent, a GOAWAY that says what was wrong included: the peer is told, and read() waits for
/// its end.
io::Task<void> Http2Carrier::end_connection() {
  if (!peer_.is_open()) co_return;
  part();
  const auto told = co_await peer_.finish_writing();
  if (!told) peer_.abort();
}

void Http2Carrier::handle_events() {
  while (auto event = session_.next_event()) {
    const auto found = by_stream_.find(event->stream);
    Http2Bridge* const bridge = found == by_stream_.end() ? nullptr : found->second;
    if (bridge != nullptr) {
      switch (event->kind) {
        case http::Http2EventKind::Data:
          bridge->has_news.set();
          continue;
        case http::Http2EventKind::Writable:
          bridge->may_send.set();
          continue;
        case http::Http2EventKind::Trailers:
          bridge->trailers = std::move(event->text);
          continue;
        case http::Http2EventKind::Closed:
          note_reset(*bridge, event->code);
          note_unsent(*bridge);
          bridge->is_closed = true;
          bridge->may_send.set();
          break;
        default:
          break;
      }
    }
    on_event(*event, bridge);
    if (bridge != nullptr) bridge->has_news.set();
  }
}

/// By the peer itself: what the session makes of a broken connection is nobody's word.
void Http2Carrier::note_reset(Http2Bridge& bridge, std::uint32_t code) const {
  const bool is_cut =
      !session_.has_ended(bridge.stream) || code != std::to_underlying(http::Http2Code::NoError);
  if (is_cut && session_.status()) bridge.reset_with = static_cast<http::Http2Code>(code);
}

void Http2Carrier::note_unsent(Http2Bridge& bridge) const noexcept {
  if (bridge.is_closed) return;
  bridge.is_unsent = bridge.stream == 0 || !session_.has_left(bridge.stream);
}

void Http2Carrier::add(Http2BridgePointer bridge) {
  bridges_.insert(std::move(bridge));
  set_patience();
}

void Http2Carrier::name(http::Http2StreamId stream, Http2Bridge& bridge) {
  bridge.stream = stream;
  by_stream_.emplace(stream, &bridge);
}

io::Task<bool> Http2Carrier::read_more(Http2Bridge& bridge) {
  if (bridge.block_ == nullptr) {
    const auto ready = co_await bridge.inner.wait_readable();
    if (!ready) co_return false;
    bridge.block_ = std::make_unique_for_overwrite<Http2Bridge::Block>();
  }
  const MutableBytes room = MutableBytes(*bridge.block_).subspan(bridge.end_);
  if (room.empty()) co_return false;
  const auto got = co_await bridge.inner.read_some(room);
  if (!got || *got == 0) co_return false;
  bridge.end_ += *got;
  co_return true;
}

io::Task<bool> Http2Carrier::carry_out(Http2Bridge& bridge) {
  while (!bridge.body.is_done()) {
    while (!bridge.unread().empty() && !bridge.body.is_done()) {
      const auto step = bridge.body.feed(bridge.unread());
      if (step.state == http::ParseState::Bad) co_return false;
      const bool ends = bridge.body.is_done() && bridge.body.trailers().empty();
      const auto end = ends ? http::Http2End::Ends : http::Http2End::Open;
      if (!step.content.empty() || ends) {
        const bool sent = co_await send(bridge, bytes_of(step.content), end);
        if (!sent) co_return false;
      }
      bridge.take(step.consumed);
    }
    if (bridge.body.is_done()) break;
    const bool goes_on = co_await read_more(bridge);
    if (!goes_on) co_return false;
  }
  if (bridge.body.trailers().empty()) co_return true;
  http::Headers fields;
  if (bridge.is_closed || !http::read_trailers(bridge.body.trailers(), fields)) co_return false;
  const auto ended = session_.submit_trailers(bridge.stream, fields.all());
  wake();
  co_return ended.has_value();
}

/// All of it, as fast as the peer's window allows.
io::Task<bool> Http2Carrier::send(Http2Bridge& bridge, ByteView content, http::Http2End end) {
  for (;;) {
    if (bridge.is_closed) co_return false;
    const auto taken = session_.send_data(bridge.stream, content, end);
    if (!taken) co_return false;
    wake();
    content = content.subspan(*taken);
    if (content.empty()) co_return true;
    const bool is_in_time =
        co_await bridge.may_send.wait_until(loop_.deadline_in(patience_.stream));
    if (is_in_time) continue;
    session_.reset(bridge.stream, kUnread);
    co_return false;
  }
}

io::Task<bool> Http2Carrier::carry_in(Http2Bridge& bridge, http::BodyKind kind) {
  const bool has_body = kind != http::BodyKind::None;
  for (;;) {
    const ByteView content = session_.readable(bridge.stream);
    if (content.empty() && session_.has_ended(bridge.stream)) break;
    if (content.empty() && bridge.is_closed) co_return false;
    if (content.empty()) {
      co_await bridge.has_news.wait();
      continue;
    }
    http::ChunkLine line{};
    const std::size_t taken = content.size();
    const std::size_t size = has_body ? http::write_chunk_line(taken, line) : 0;
    const ByteView before = bytes_of(std::string_view(line.data(), size));
    const ByteView after = bytes_of(std::string_view(has_body ? "\r\n" : ""));
    const auto sent = co_await bridge.inner.write_all(before, content, after);
    if (!sent) co_return false;
    session_.consume(bridge.stream, taken);
    wake();
  }
  if (!has_body) co_return true;
  const ByteView last = bytes_of(std::string_view("0\r\n"));
  const ByteView end = bytes_of(std::string_view("\r\n"));
  const auto sent = co_await bridge.inner.write_all(last, bytes_of(bridge.trailers), end);
  co_return sent.has_value();
}

io::Task<void> Http2Carrier::leave(Http2BridgePointer bridge, bool is_whole) {
  const bool is_early = is_whole && !bridge->is_closed && !session_.has_ended(bridge->stream);
  bool is_request_over = false;
  if (is_early && patience_.linger > Duration::zero())
    is_request_over =
        co_await bridge->is_request_over.wait_until(loop_.deadline_in(patience_.linger));
  const auto reason = bridge->inner.reason_of_peer();
  if (!is_whole && !bridge->is_closed && bridge->stream != 0)
    session_.reset(bridge->stream,
                   reason ? static_cast<http::Http2Code>(*reason) : http::Http2Code::InternalError);
  bridge->is_closed = true;
  bridge->has_news.set();
  bridge->may_send.set();
  if (bridge->reset_with) {
    bridge->inner.abort(std::to_underlying(*bridge->reset_with));
  } else {
    bridge->inner.abort();
  }
  if (!is_request_over) co_await bridge->is_request_over.wait();
  co_await see_out(*bridge);
  if (bridge->stream != 0) session_.release(bridge->stream);
  by_stream_.erase(bridge->stream);
  bridges_.erase(bridge);
  set_patience();
  wake();
}

/// What is left of a whole answer has as long as the rest of one that is still being carried.
io::Task<void> Http2Carrier::see_out(Http2Bridge& bridge) {
  const Deadline deadline = loop_.deadline_in(patience_.stream);
  while (session_.has_answer_to_go(bridge.stream)) {
    const bool is_in_time = co_await bridge.may_send.wait_until(deadline);
    if (!is_in_time) session_.reset(bridge.stream, kUnread);
  }
}

}  // namespace strongroom::gateway
