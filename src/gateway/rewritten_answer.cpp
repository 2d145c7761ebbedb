// Answers in which a URL of the provider must lead back here. SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "gateway/connection.h"

namespace strongroom::gateway {

std::string_view Connection::rewritten_field() const {
  for (const auto& rewrite : x_.route.service->rewrite_body)
    if (catalog::path_matches(rewrite.path_pattern, x_.route.path)) return rewrite.field;
  return {};
}

/// A small JSON answer in which one member's URL must lead back here.
io::Task<Connection::Next> Connection::relay_rewritten(std::string_view field) {
  answer_body_.start(work_->response.body);
  std::string body;
  auto block = gateway_.blocks.take();
  MutableBytes arrived =
      MutableBytes(work_->answer).subspan(answer_begin_, answer_end_ - answer_begin_);
  bool is_whole = false;
  for (;;) {
    Unframed unframed = unframe(answer_body_, arrived);
    Piece piece;
    do {
      piece = next_piece(unframed.content);
      body.append(text_of(piece.octets));
    } while (piece.has_more && !piece.is_bad && body.size() <= kMaxRewritten);
    const bool is_bad = unframed.is_bad || piece.is_bad || body.size() > kMaxRewritten;
    is_whole = piece.is_last && !is_bad;
    if (is_whole || is_bad) break;
    const auto got = co_await upstream_->stream.read_some(*block);
    if (!got || *got == 0) break;
    arrived = MutableBytes(*block).first(*got);
  }
  (void)give_blocks(std::move(block), is_whole);
  auto document =
      is_whole ? parse_json(body) : Result<json::value>(fail(Code::Protocol, "cut short"));
  if (is_whole && document && document->is_object()) {
    if (auto* member = document->get_object().if_contains(field);
        member != nullptr && member->is_string()) {
      const auto rewritten = gateway_.links().rewrite(
          std::string_view(member->get_string()), own_base(), *x_.route.service,
          x_.authority.host(), x_.admission.pass.hash(), Links::Carries::Pass);
      if (rewritten) {
        *member = *rewritten;
        body = to_text(*document);
      }
    }
  }
  x_.guard.mask_whole(MutableBytes(reinterpret_cast<std::uint8_t*>(body.data()), body.size()));
  if (!is_whole || x_.cut_by || !send_answer_head({http::BodyKind::Length, body.size()})) {
    upstream_->abort();
    co_return co_await refuse(x_.is_undecodable ? Refusal::UpstreamEncoding : refusal_of_failure());
  }
  x_.answer_started = true;
  const auto sent = co_await client_.write_all(work_->out.bytes(), bytes_of(body));
  x_.client_left = !sent && !x_.cut_by;
  x_.bytes_down += body.size();
  co_return co_await finish_exchange(sent.has_value());
}

}  // namespace strongroom::gateway
