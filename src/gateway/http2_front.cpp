// SPDX-License-Identifier: Apache-2.0
#include "gateway/http2_front.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace strongroom::gateway {
namespace {

constexpr std::size_t kBlock = 32UL << 10U;
constexpr std::size_t kHead = 48UL << 10U;

}  // namespace

/// One stream and its side of the socket pair.
struct Http2Front::Bridge {
  Bridge(io::Loop& loop, http::Http2StreamId id, io::Stream end, std::string text)
      : stream(id),
        inner(std::move(end)),
        head(std::move(text)),
        readable(loop),
        writable(loop),
        is_up_over(loop) {}
  http::Http2StreamId stream;
  io::Stream inner;
  std::string head;  ///< of the request, as HTTP/1
  std::string method;
  io::Event readable;
  io::Event writable;
  io::Event is_up_over;
  bool is_chunked = false;
  bool is_closed = false;
  ByteVector buffer = ByteVector(kHead);
  std::size_t begin = 0;  ///< of what was read from `inner` and not yet passed on
  std::size_t end = 0;
  http::BodyFollower body;
};

Http2Front::Http2Front(Gateway& gateway, io::Stream& client, std::shared_ptr<const Inspected> place)
    : gateway_(gateway),
      client_(client),
      place_(std::move(place)),
      session_(http::Http2Role::Server, gateway.loop().clock()),
      has_output_(gateway.loop()),
      is_over_(gateway.loop()) {}
Http2Front::~Http2Front() = default;

io::Task<void> Http2Front::run() {
  ++under_way_;
  gateway_.loop().spawn(write());
  co_await read();
  close_all();
  while (under_way_ > 0) co_await is_over_.wait();
}

void Http2Front::work_ended() {
  if (--under_way_ == 0) is_over_.set();
}

void Http2Front::close_all() {
  is_closing_ = true;
  session_.lose_connection();
  for (const auto& [id, bridge] : bridges_) {
    bridge->is_closed = true;
    bridge->inner.abort();
    bridge->readable.set();
    bridge->writable.set();
  }
  has_output_.set();
}

void Http2Front::drain() {
  session_.shutdown();
  has_output_.set();
  if (bridges_.empty()) client_.abort();
}

io::Task<void> Http2Front::read() {
  ByteVector block(kBlock);
  has_output_.set();
  for (;;) {
    const auto& limits = gateway_.limits();
    client_.set_deadline(gateway_.loop().deadline_in(bridges_.empty() ? limits.idle : limits.body));
    const auto got = co_await client_.read_some(block);
    if (!got || *got == 0) co_return;
    const Status fed = session_.feed(ByteView(block).first(*got));
    handle_events();
    has_output_.set();
    if (!fed || session_.is_finished()) co_return;
  }
}

/// The session's output as it comes; the last of it, too.
io::Task<void> Http2Front::write() {
  ByteVector block(kBlock);
  for (;;) {
    co_await has_output_.wait();
    while (session_.wants_output() && client_.is_open()) {
      const std::size_t size = session_.take_output(block);
      if (size == 0) break;
      handle_events();
      const auto sent = co_await client_.write_all(ByteView(block).first(size));
      wipe(block.data(), size);
      if (!sent) client_.abort();
    }
    const bool is_done =
        is_closing_ || !client_.is_open() || (session_.is_finished() && bridges_.empty());
    if (!is_done) continue;
    if (!is_closing_) client_.abort();
    break;
  }
  work_ended();
}

void Http2Front::handle_events() {
  while (auto event = session_.next_event()) {
    if (event->kind == http::Http2EventKind::Request) {
      begin(event->stream, std::move(event->text));
      continue;
    }
    const auto found = bridges_.find(event->stream);
    if (found == bridges_.end()) continue;
    Bridge& bridge = *found->second;
    switch (event->kind) {
      case http::Http2EventKind::Data:
      case http::Http2EventKind::End:
        bridge.readable.set();
        break;
      case http::Http2EventKind::Writable:
        bridge.writable.set();
        break;
      case http::Http2EventKind::Closed:
        bridge.is_closed = true;
        bridge.readable.set();
        bridge.writable.set();
        // What was answered whole is only forgotten; what was cut short ends at the provider too.
        if (!bridge.body.is_done()) bridge.inner.abort();
        break;
      default:
        break;  // trailers of a request end here
    }
  }
}

void Http2Front::begin(http::Http2StreamId stream, std::string head) {
  const auto pair = io::socket_pair();
  auto inner = pair ? io::Stream::adopt(gateway_.loop(), pair->ours)
                    : Result<io::Stream>(std::unexpected(pair.error()));
  auto theirs = pair ? io::Stream::adopt(gateway_.loop(), pair->theirs)
                     : Result<io::Stream>(std::unexpected(pair.error()));
  if (!inner || !theirs || is_closing_) {
    session_.reset(stream, http::Http2Code::RefusedStream);
    session_.release(stream);
    return;
  }
  gateway_.accept_inner(std::move(*theirs), place_);
  const auto bridge =
      std::make_shared<Bridge>(gateway_.loop(), stream, std::move(*inner), std::move(head));
  bridges_.emplace(stream, bridge);
  under_way_ += 2;
  gateway_.loop().spawn(carry_up(bridge));
  gateway_.loop().spawn(carry(bridge));
}

/// The request: its head, and its body as it comes.
io::Task<void> Http2Front::carry_up(BridgePointer bridge) {
  http::RequestHead request;
  std::size_t scanned = 0;
  const auto parsed = http::parse_request(bridge->head, request, scanned);
  bridge->method = std::string(request.method);
  bridge->is_chunked = request.body.kind == http::BodyKind::Chunked;
  bool goes_on = parsed.state == http::ParseState::Complete;
  if (goes_on) {
    const auto sent = co_await bridge->inner.write_all(bytes_of(std::string_view(bridge->head)));
    goes_on = sent.has_value();
  }
  while (goes_on && !bridge->is_closed) {
    const ByteView content = session_.readable(bridge->stream);
    if (content.empty() && session_.has_ended(bridge->stream)) break;
    if (content.empty()) {
      co_await bridge->readable.wait();
      continue;
    }
    http::ChunkLine line{};
    const std::size_t size = bridge->is_chunked ? http::write_chunk_line(content.size(), line) : 0;
    const ByteView before = bytes_of(std::string_view(line.data(), size));
    const ByteView after = bytes_of(std::string_view(bridge->is_chunked ? "\r\n" : ""));
    const std::size_t taken = content.size();
    const auto sent = co_await bridge->inner.write_all(before, content, after);
    goes_on = sent.has_value();
    session_.consume(bridge->stream, taken);
    has_output_.set();
  }
  if (goes_on && bridge->is_chunked && !bridge->is_closed)
    (void)co_await bridge->inner.write_all(bytes_of(std::string_view("0\r\n\r\n")));
  bridge->is_up_over.set();
  work_ended();
}

/// The answer, and the end of the stream.
io::Task<void> Http2Front::carry(BridgePointer bridge) {
  const bool is_whole = co_await carry_down(*bridge);
  if (!is_whole && !bridge->is_closed)
    session_.reset(bridge->stream, http::Http2Code::InternalError);
  bridge->is_closed = true;
  bridge->readable.set();
  bridge->inner.abort();
  co_await bridge->is_up_over.wait();
  session_.release(bridge->stream);
  bridges_.erase(bridge->stream);
  has_output_.set();
  if (gateway_.is_draining() && bridges_.empty() && !is_closing_) drain();
  work_ended();
}

/// A head other than 1xx has been submitted; the body's start may be in the buffer.
io::Task<bool> Http2Front::read_answer_head(Bridge& bridge) {
  std::size_t scanned = 0;
  for (;;) {
    const std::string_view so_far =
        text_of(ByteView(bridge.buffer).subspan(bridge.begin, bridge.end - bridge.begin));
    http::ResponseHead answer;
    const auto parsed = http::parse_response(so_far, bridge.method, answer, scanned);
    if (parsed.state == http::ParseState::Bad) co_return false;
    if (parsed.state == http::ParseState::Complete) {
      bridge.begin += parsed.consumed;
      scanned = 0;
      if (answer.status < 200) {
        if (!session_.submit_informational(bridge.stream, answer)) co_return false;
        has_output_.set();
        continue;
      }
      const bool ends = answer.body.kind == http::BodyKind::None;
      bridge.body.start(answer.body);
      const auto submitted = session_.submit_answer(
          bridge.stream, answer, ends ? http::Http2End::Ends : http::Http2End::Open);
      has_output_.set();
      co_return submitted.has_value();
    }
    if (bridge.end == bridge.buffer.size()) co_return false;
    const auto got =
        co_await bridge.inner.read_some(MutableBytes(bridge.buffer).subspan(bridge.end));
    if (!got || *got == 0) co_return false;
    bridge.end += *got;
  }
}

io::Task<bool> Http2Front::carry_down(Bridge& bridge) {
  const bool has_head = co_await read_answer_head(bridge);
  if (!has_head) co_return false;
  while (!bridge.body.is_done()) {
    while (bridge.begin < bridge.end && !bridge.body.is_done()) {
      const auto step = bridge.body.feed(
          text_of(ByteView(bridge.buffer).subspan(bridge.begin, bridge.end - bridge.begin)));
      if (step.state == http::ParseState::Bad) co_return false;
      bridge.begin += step.consumed;
      const auto end = bridge.body.is_done() ? http::Http2End::Ends : http::Http2End::Open;
      const bool sent = co_await send(bridge, bytes_of(step.content), end);
      if (!sent) co_return false;
    }
    if (bridge.body.is_done()) break;
    bridge.begin = 0;
    const auto got = co_await bridge.inner.read_some(bridge.buffer);
    if (!got || *got == 0) co_return false;
    bridge.end = *got;
  }
  co_return true;
}

/// All of it, as fast as the client's window allows.
io::Task<bool> Http2Front::send(Bridge& bridge, ByteView content, http::Http2End end) {
  for (;;) {
    if (bridge.is_closed) co_return false;
    const auto taken = session_.send_data(bridge.stream, content, end);
    if (!taken) co_return false;
    has_output_.set();
    content = content.subspan(*taken);
    if (content.empty()) co_return true;
    co_await bridge.writable.wait();
  }
}

}  // namespace strongroom::gateway
