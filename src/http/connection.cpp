// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <algorithm>

#include "base/small_letters.h"
#include "http/syntax.h"
#include "io/net.h"
#include "io/tls/tls.h"

namespace strongroom::http {
namespace {

constexpr std::size_t kReadSize = 16_KiB;

/// Copies what the handler may see out of the buffer. False when the query is malformed.
bool describe(const RequestHead& head, ServerRequest& request) {
  request.method = head.method;
  const auto question = head.target.find('?');
  request.path = head.target.substr(0, question);
  if (question != std::string_view::npos) {
    auto query = parse_query(head.target.substr(question + 1));
    if (!query) return false;
    request.query = std::move(*query);
  }
  bool has_upgrade = false;
  for (const Header& header : head.headers) {
    request.headers.emplace_back(in_small_letters(std::string(header.name)),
                                 std::string(header.value));
    if (header.id == Name::Connection && list_has(header.value, "upgrade")) has_upgrade = true;
  }
  if (has_upgrade && head.minor_version == 1) request.upgrade = request.header("upgrade");
  return true;
}

enum class Framing : std::uint8_t { Length, Chunked, UntilEnd };

std::string response_head(const ServerResponse& response, Framing framing, bool keeps_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text += reason_phrase(response.status);
  text += "\r\n";
  for (const auto& [name, value] : response.headers)
    text.append(name).append(": ").append(value).append("\r\n");
  if (response.status >= 200 && response.status != 204) {
    if (framing == Framing::Length)
      text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    if (framing == Framing::Chunked) text += "Transfer-Encoding: chunked\r\n";
  }
  if (!keeps_alive && response.status != 101) text += "Connection: close\r\n";
  return text + "\r\n";
}

class PieceWriter final : public ResponseWriter {
 public:
  PieceWriter(io::Stream& stream, Framing framing, std::chrono::milliseconds time)
      : stream_(stream), framing_(framing), time_(time) {}
  io::Task<Status> write(std::string_view piece) override {
    if (piece.empty()) co_return Status();  // an empty chunk would end the body
    stream_.set_deadline(Deadline::after(stream_.loop().clock(), time_));
    std::string text;
    if (framing_ == Framing::Chunked) text = size_line(piece.size());
    text += piece;
    if (framing_ == Framing::Chunked) text += "\r\n";
    const ByteView octets = bytes_of(text);
    Status status = co_await stream_.write_all(octets);
    stream_.set_deadline(Deadline());
    co_return status;
  }

 private:
  static std::string size_line(std::size_t size) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (; size > 0; size /= 16) text.insert(text.begin(), kDigits[size % 16]);
    return text + "\r\n";
  }
  io::Stream& stream_;
  Framing framing_;
  std::chrono::milliseconds time_;
};

}  // namespace

void Connection::set_deadline(std::chrono::milliseconds time) {
  stream_.set_deadline(Deadline::after(stream_.loop().clock(), time));
}

io::Task<bool> Connection::secure() {
  constexpr std::uint8_t kHandshake = 0x16;
  set_deadline(limits_.idle_time);
  const auto first = co_await stream_.peek_first();
  if (!first || *first != kHandshake) co_return first.has_value();
  is_busy_ = true;
  set_deadline(limits_.head_time);
  const Status secured = co_await stream_.start_tls_server(*tls_);
  is_busy_ = false;
  co_return secured.has_value();
}

io::Task<void> Connection::run() {
  Next next = Next::GoOn;
  if (tls_) {
    const bool goes_on = co_await secure();
    if (!goes_on) co_return;
  }
  while (next == Next::GoOn && !is_stopping_) next = co_await serve_one();
}

/// Reads more into in_. False at the end of input or on any error.
io::Task<bool> Connection::fill() {
  const MutableBytes room = in_.spare(kReadSize);
  const Result<std::size_t> got = co_await stream_.read_some(room);
  if (!got || *got == 0) co_return false;
  in_.grow(*got);
  co_return true;
}

io::Task<Status> Connection::write(std::string text) {
  set_deadline(limits_.write_time);
  const ByteView octets = bytes_of(text);
  co_return co_await stream_.write_all(octets);
}

/// RFC 9112 9.6: half-close and read on for a moment, so that the answer is not lost to a reset.
io::Task<void> Connection::linger() {
  const Status status = co_await stream_.finish_writing();
  if (!status) co_return;
  set_deadline(std::chrono::milliseconds(1000));
  std::size_t left = 4_MiB;
  bool has_more = true;
  while (has_more && left > 0) {
    in_.clear();
    has_more = co_await fill();
    left -= std::min(left, in_.size());
  }
}

io::Task<void> Connection::refuse(int status, std::string_view why) {
  const ServerResponse response = error_response(status, "bad_request", why);
  std::string text = response_head(response, Framing::Length, false) + response.body;
  const Status written = co_await write(std::move(text));
  if (written) co_await linger();
}

io::Task<bool> Connection::read_head(RequestHead& head, std::size_t& size) {
  std::size_t scanned = 0;
  set_deadline(limits_.idle_time);
  for (;;) {
    if (!in_.is_empty() && !is_busy_) {
      is_busy_ = true;
      set_deadline(limits_.head_time);
    }
    const ParseOutcome outcome = parse_request(in_.text(), head, scanned);
    size = outcome.consumed;
    if (outcome.state == ParseState::Complete) co_return true;
    if (outcome.state == ParseState::Bad) {
      co_await refuse(outcome.status, outcome.why);
      co_return false;
    }
    const bool has_more = co_await fill();
    if (!has_more) co_return false;
  }
}

io::Task<bool> Connection::read_body(BodyFraming framing, WipedBuffer& body) {
  BodyFollower follower;
  follower.start(framing);
  if (framing.kind == BodyKind::Length)
    (void)body.spare(framing.length);  // one allocation, no copies left on the way
  while (!follower.is_done()) {
    const auto step = follower.feed(in_.text());
    if (step.state == ParseState::Bad) {
      co_await refuse(400, "a malformed body");
      co_return false;
    }
    body.append(bytes_of(step.content));
    in_.drop_front(step.consumed);
    if (body.size() > limits_.max_body) {
      co_await refuse(413, "the body is too large");
      co_return false;
    }
    if (follower.is_done() || step.consumed > 0) continue;
    const bool has_more = co_await fill();
    if (!has_more) co_return false;
  }
  co_return true;
}

io::Task<Connection::Next> Connection::serve_one() {
  is_busy_ = false;
  ServerRequest request;
  BodyFraming framing;
  bool expects_continue = false;
  {
    RequestHead head;
    std::size_t size = 0;
    const bool has_head = co_await read_head(head, size);
    if (!has_head) co_return Next::Leave;
    const bool is_origin_form = head.target.starts_with('/');
    const bool is_described = is_origin_form && describe(head, request);
    if (!is_described) {
      co_await refuse(400, "a malformed request target");
      co_return Next::Leave;
    }
    framing = head.body;
    expects_continue = head.expects_continue;
    keeps_alive_ = head.keeps_alive;
    minor_version_ = head.minor_version;
    in_.drop_front(size);
  }
  if (framing.kind == BodyKind::Length && framing.length > limits_.max_body) {
    co_await refuse(413, "the body is too large");
    co_return Next::Leave;
  }
  set_deadline(limits_.body_time);
  if (expects_continue && framing.kind != BodyKind::None && in_.is_empty()) {
    const Status written = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!written) co_return Next::Leave;
    set_deadline(limits_.body_time);
  }
  const bool has_body = co_await read_body(framing, request.body);
  if (!has_body) co_return Next::Leave;
  request.peer = stream_.peer();
  request.is_tls = stream_.is_tls();
  request.is_private = request.is_tls || io::is_within_machine(stream_.native_handle());
  stream_.set_deadline(Deadline());
  ServerResponse response = co_await handler_(request);
  co_return co_await answer(response, request.method == "HEAD");
}

io::Task<Connection::Next> Connection::answer(ServerResponse& response, bool is_head_request) {
  if (is_stopping_) keeps_alive_ = false;
  if (response.take_over) co_return co_await hand_over(response);
  if (response.stream && !is_head_request) co_return co_await answer_stream(response);
  if (minor_version_ == 0 && keeps_alive_)
    response.headers.emplace_back("Connection", "keep-alive");
  const std::string head = response_head(response, Framing::Length, keeps_alive_);
  const bool has_body = !is_head_request && response.status != 204 && response.status != 304;
  const std::string_view body = has_body ? std::string_view(response.body) : std::string_view();
  set_deadline(limits_.write_time);
  const ByteView head_octets = bytes_of(head);
  const ByteView body_octets = bytes_of(body);
  const Status status = co_await stream_.write_all(head_octets, body_octets);
  wipe(response.body.data(), response.body.size());
  if (!status) co_return Next::Leave;
  if (keeps_alive_) co_return Next::GoOn;
  co_await linger();
  co_return Next::Leave;
}

io::Task<Connection::Next> Connection::answer_stream(ServerResponse& response) {
  const Framing framing = minor_version_ == 1 ? Framing::Chunked : Framing::UntilEnd;
  if (framing == Framing::UntilEnd) keeps_alive_ = false;
  std::string head = response_head(response, framing, keeps_alive_);
  Status status = co_await write(std::move(head));
  if (!status) co_return Next::Leave;
  stream_.set_deadline(Deadline());
  PieceWriter writer(stream_, framing, limits_.write_time);
  co_await response.stream(writer);
  if (framing == Framing::Chunked) status = co_await write("0\r\n\r\n");
  if (!status) co_return Next::Leave;
  if (keeps_alive_) co_return Next::GoOn;
  co_await linger();
  co_return Next::Leave;
}

io::Task<Connection::Next> Connection::hand_over(ServerResponse& response) {
  if (!in_.is_empty()) {
    co_await refuse(400, "octets before the connection was switched");
    co_return Next::Leave;
  }
  std::string head = response_head(response, Framing::Length, true);
  const Status status = co_await write(std::move(head));
  if (!status) co_return Next::Leave;
  stream_.set_deadline(Deadline());
  response.take_over(std::move(stream_));
  co_return Next::Leave;
}

}  // namespace strongroom::http
