// The provider's answer on its way to the client: out of its framing and coding, through the guard.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "gateway/answer_head.h"
#include "gateway/chunk_marks.h"
#include "gateway/connection.h"
#include "gateway/guard/trailers.h"
#include "gateway/verdict.h"

namespace strongroom::gateway {
namespace {

/// gRPC and Connect compress each message by itself; they were asked not to.
bool has_coded_messages(const http::Headers& headers) {
  return std::ranges::any_of(headers, [](const http::Header& header) {
    const bool is_coding = http::equals_ignoring_case(header.name, "grpc-encoding") ||
                           http::equals_ignoring_case(header.name, "connect-content-encoding");
    return is_coding && !http::equals_ignoring_case(header.value, "identity");
  });
}

}  // namespace

/// Finds out how the answer's body is to be read. False: it must be searched and cannot be.
bool Connection::prepare_body() {
  const auto& response = work_->response;
  looks_at_body_ = catalog::may_refuse_key(x_.route.service->check, response.status);
  looked_at_.clear();
  const auto* type = response.headers.find(http::Name::ContentType);
  if (type != nullptr && http::has_envelopes(type->value))
    x_.messages = std::make_unique<http::EnvelopeFollower>();
  const auto coding = http::content_coding_of(response.headers);
  const bool has_body = response.body.kind != http::BodyKind::None;
  if (has_body && key_patterns() != nullptr && has_coded_messages(response.headers)) return false;
  if (coding == http::ContentCoding::Identity) return true;
  // 206: a part of a coded body tells nothing without what stands before it.
  if (!reads_answer() || !coding || response.status == 206) {
    looked_at_encoding_ = response.headers.find(http::Name::ContentEncoding)->value;
    return !has_body || key_patterns() == nullptr;
  }
  x_.is_decoded = true;
  if (has_body) x_.decoder = std::make_unique<http::ContentDecoder>(*coding, gateway_.decoding);
  return true;
}

void Connection::look_at(ByteView content) {
  metering_.feed(text_of(content));
  if (!looks_at_body_ || looked_at_.size() >= catalog::kLookedAt) return;
  const std::size_t wanted = std::min(content.size(), catalog::kLookedAt - looked_at_.size());
  looked_at_.insert(looked_at_.end(), content.begin(),
                    content.begin() + static_cast<std::ptrdiff_t>(wanted));
}

namespace {

class RelayRoom final : public io::ReadRoom {
 public:
  RelayRoom(FreeObjects<RelayBlock>& blocks, std::unique_ptr<RelayBlock>& block)
      : blocks_(blocks), block_(block) {}
  MutableBytes take() override {
    if (block_ == nullptr) block_ = blocks_.take();
    return *block_;
  }
  void give_back() noexcept override { blocks_.give(std::move(block_)); }

 private:
  FreeObjects<RelayBlock>& blocks_;
  std::unique_ptr<RelayBlock>& block_;
};

}  // namespace

/// A stream that is silent holds no memory for what it may send.
io::Task<Result<std::size_t>> Connection::read_when_ready(io::Stream& from,
                                                          std::unique_ptr<RelayBlock>& block) {
  RelayRoom room(gateway_.blocks, block);
  if (!from.may_hold_octets()) let_go_of_request();
  co_return co_await from.read_some(room);
}

Connection::Unframed Connection::unframe(http::BodyFollower& follower, MutableBytes arrived) {
  Unframed out;
  std::size_t size = 0;
  while (!follower.is_done() && out.consumed < arrived.size() && !out.is_bad) {
    const auto step = follower.feed(text_of(arrived.subspan(out.consumed)));
    out.is_bad = step.state == http::ParseState::Bad;
    if (!step.content.empty())
      std::memmove(arrived.data() + size, step.content.data(), step.content.size());
    size += step.content.size();
    out.consumed += step.consumed;
  }
  out.content = arrived.first(size);
  return out;
}

/// Takes what it uses from the front of `content`. A coded body that ends with the framing but not
/// with its coding is bad: cut short, it must not look whole.
Connection::Piece Connection::next_piece(MutableBytes& content) {
  Piece piece{content, answer_body_.is_done()};
  if (x_.decoder != nullptr) {
    if (unpacked_ == nullptr) unpacked_ = gateway_.blocks.take();
    const auto step = x_.decoder->feed(content, *unpacked_);
    content = content.subspan(step.consumed);
    piece.octets = MutableBytes(*unpacked_).first(step.produced);
    piece.has_more = step.state == http::ContentDecoder::State::CallAgain;
    piece.is_last = piece.is_last && !piece.has_more;
    piece.is_bad =
        step.state == http::ContentDecoder::State::Bad || (piece.is_last && !x_.decoder->may_end());
    x_.is_undecodable = piece.is_bad;
    if (piece.is_bad) x_.failure = UpstreamFailure::UnreadableCoding;
  }
  look_at(piece.octets);
  if (x_.rewriter != nullptr) piece.octets = x_.rewriter->feed(piece.octets, piece.is_last);
  if (x_.messages != nullptr) {
    x_.messages->feed(piece.octets);
    if (x_.messages->is_between()) piece.ends = guard::Ends::Message;
  }
  if (piece.is_last) piece.ends = guard::Ends::All;
  return piece;
}

std::unique_ptr<Workspace> Connection::answer_trailers() {
  if (!x_.takes_trailers || answer_body_.trailers().empty() || lease() == nullptr) return nullptr;
  auto work = gateway_.workspaces.take();
  if (!build_answer_trailers(answer_body_.trailers(), work->out)) {
    gateway_.workspaces.give(std::move(work));
    return nullptr;
  }
  x_.guard.note_hits(mask_key(work->out, lease()->granted().value, x_.admission.pass.text()));
  x_.guard.mask_whole(work->out.mutable_bytes());
  return work;
}

/// Head and body to the client as they come, through the guard. False when either side broke off.
io::Task<bool> Connection::relay_body() {
  const bool is_chunked = x_.answers_in_chunks;
  std::unique_ptr<RelayBlock> block;
  MutableBytes arrived =
      MutableBytes(work_->answer).subspan(answer_begin_, answer_end_ - answer_begin_);
  bool has_ended = false;
  for (;;) {
    Unframed unframed = unframe(answer_body_, arrived);
    if (unframed.is_bad) {
      x_.failure = UpstreamFailure::MalformedAnswer;
      co_return give_blocks(std::move(block), false);
    }
    Piece piece;
    do {
      // A little that decodes to much gives way to others.
      if (piece.has_more) co_await gateway_.loop().yield();
      piece = next_piece(unframed.content);
      if (piece.is_bad) co_return give_blocks(std::move(block), false);
      const ByteView body = x_.guard.feed(piece.octets, piece.ends);
      ChunkMarks marks(body.size(), piece.is_last);
      auto trailers = piece.is_last && is_chunked ? answer_trailers() : nullptr;
      if (trailers != nullptr) marks.end_with(trailers->out.view());
      if (is_echo_cut(x_.guard.hits())) co_return give_blocks(std::move(block), false);
      tell_of_echoes(x_.guard.hits());
      ByteView before = is_chunked ? bytes_of(marks.before()) : ByteView();
      const ByteView after = is_chunked ? bytes_of(marks.after()) : ByteView();
      if (!x_.answer_started) {
        work_->out.add(text_of(before));
        before = work_->out.bytes();
      }
      x_.answer_started = true;
      client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
      const auto sent = co_await client_.write_all(before, body, after);
      gateway_.workspaces.give(std::move(trailers));
      if (!sent) {
        x_.client_left = !x_.cut_by;
        co_return give_blocks(std::move(block), false);
      }
      x_.bytes_down += body.size();
    } while (piece.has_more);
    gateway_.blocks.give(std::move(unpacked_));
    if (piece.is_last) {
      answer_keeps_alive_ =
          answer_keeps_alive_ && !has_ended && unframed.consumed == arrived.size();
      co_return give_blocks(std::move(block), true);
    }
    upstream_->stream.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    gateway_.workspaces.give(std::move(work_));
    const bool is_busy = block != nullptr && arrived.size() == block->size();
    const auto got = is_busy ? co_await upstream_->stream.read_some(*block)
                             : co_await read_when_ready(upstream_->stream, block);
    if (!got) {
      x_.failure = failure_of_stream(got.error());
      co_return give_blocks(std::move(block), false);
    }
    // The end of the connection is the end of a body that says no other.
    has_ended = *got == 0;
    if (has_ended && !answer_body_.end_of_input()) {
      x_.failure = UpstreamFailure::Ended;
      co_return give_blocks(std::move(block), false);
    }
    arrived = MutableBytes(*block).first(*got);
  }
}

ChunkMarks Connection::marks_at_client(std::size_t size) const {
  const bool is_in_chunks = kind_ == Kind::StreamOfHttp2 && size > 0;
  return is_in_chunks ? ChunkMarks(size, true) : ChunkMarks();
}

bool Connection::give_blocks(std::unique_ptr<RelayBlock> block, bool answer) {
  gateway_.blocks.give(std::move(block));
  gateway_.blocks.give(std::move(unpacked_));
  return answer;
}

}  // namespace strongroom::gateway
