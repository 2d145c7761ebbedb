// Answers in which a URL of the provider must lead back here. SPDX-License-Identifier: Apache-2.0
#include <ranges>

#include "base/json.h"
#include "gateway/chunk_marks.h"
#include "gateway/connection.h"

namespace strongroom::gateway {
namespace {

/// What the catalogue names for answers to such a request.
auto rewrites_of(const Route& route) {
  return route.service->rewrite_body |
         std::views::filter([&route](const catalog::BodyRewrite& each) {
           return catalog::path_matches(each.path_pattern, route.path);
         });
}

}  // namespace

bool Connection::has_rewrites() const {
  return !std::ranges::empty(rewrites_of(x_.route));
}

const catalog::Redaction* Connection::redaction() const {
  for (const auto& each : x_.route.service->redactions)
    if (catalog::path_matches(each.path, x_.route.path)) return &each;
  return nullptr;
}

/// A JSON answer with a URL that is to lead back here.
bool Connection::may_be_rewritten() const {
  const auto& response = work_->response;
  // By the provider's own names such a URL leads here as it is, with the pass.
  const bool leads_here = own_base().is_by_their_names;
  const bool is_needed =
      response.body.kind != http::BodyKind::None && response.status < 300 &&
      std::ranges::any_of(
          rewrites_of(x_.route),
          [&](const catalog::BodyRewrite& each) { return each.alone || !leads_here; });
  if (!is_needed || !looked_at_encoding_.empty()) return false;
  const auto* type = response.headers.find(http::Name::ContentType);
  return type != nullptr &&
         http::equals_ignoring_case(http::media_type(type->value), "application/json");
}

/// Of a size that is known and small: it goes on with a length of its own.
bool Connection::is_rewritten_whole() const {
  const auto& body = work_->response.body;
  return body.kind == http::BodyKind::Length && body.length <= kMaxRewritten;
}

/// The request's head need not be there any more when they are asked.
std::vector<MemberRewriter::Member> Connection::links_of_answer() const {
  const Links::Base base = own_base();
  std::vector<MemberRewriter::Member> members;
  for (const auto& each : rewrites_of(x_.route))
    members.push_back(
        {each.field, [this, &each, scheme = std::string(base.scheme), host = std::string(base.host),
                      is_by_their_names = base.is_by_their_names](std::string_view url) {
           return rewritten_url(url, {scheme, host, is_by_their_names}, each);
         }});
  return members;
}

/// Whatever its size, as it comes.
void Connection::rewrite_on_the_way() {
  x_.is_decoded = true;
  x_.rewriter = std::make_unique<MemberRewriter>(links_of_answer());
}

std::optional<std::string> Connection::rewritten_url(std::string_view url, const Links::Base& base,
                                                     const catalog::BodyRewrite& each) const {
  return gateway_.links().rewrite(url, base, *x_.route.service, x_.authority.host(),
                                  x_.admission.pass.hash(),
                                  each.alone ? Links::Carries::Token : Links::Carries::Pass);
}

/// Whatever it says of itself: what is redacted is read whole, or not passed on.
bool Connection::must_be_rewritten() const {
  const bool has_body = work_->response.body.kind != http::BodyKind::None;
  return has_body && work_->response.status < 300 && redaction() != nullptr;
}

/// All other octets stay as they came: numbers that no reader of ours could keep, as well.
void Connection::rewrite_links(std::string& body) {
  MemberRewriter rewriter(links_of_answer());
  const std::string_view rewritten = text_of(rewriter.feed(bytes_of(body), true));
  if (rewritten == body) return;
  body = rewritten;
  x_.is_decoded = true;  // and is not what the provider's digests are of
}

/// False: it is no JSON object, and had to be one.
bool Connection::redact_members(std::string& body, const catalog::Redaction& each) {
  auto document = parse_json(body);
  if (!document || !document->is_object()) return false;
  auto& object = document->get_object();
  bool is_changed = false;
  for (const auto& field : each.fields)
    if (auto* member = object.if_contains(field); member != nullptr && !member->is_null()) {
      *member = "***";
      is_changed = true;
    }
  if (!is_changed) return true;
  body = to_text(*document);
  x_.is_decoded = true;
  return true;
}

/// A small JSON answer that goes on with other members than the provider's.
io::Task<Connection::Next> Connection::relay_rewritten() {
  answer_body_.start(upstream_->framing_of(work_->response.body),
                     http::BodyFollower::Credentials::LeftOut);
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
    if (unframed.is_bad) x_.failure = UpstreamFailure::MalformedAnswer;
    const bool is_bad = unframed.is_bad || piece.is_bad || body.size() > kMaxRewritten;
    is_whole = piece.is_last && !is_bad;
    // What comes behind the answer would be taken for the next client's.
    if (is_whole) answer_keeps_alive_ = answer_keeps_alive_ && unframed.consumed == arrived.size();
    if (is_whole || is_bad) break;
    upstream_->stream.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got = co_await upstream_->stream.read_some(*block);
    const bool is_cut_short = !got || (*got == 0 && !answer_body_.end_of_input());
    if (is_cut_short) {
      x_.failure = got ? UpstreamFailure::Ended : failure_of_stream(got.error());
      break;
    }
    arrived = MutableBytes(*block).first(*got);
  }
  (void)give_blocks(std::move(block), is_whole);
  if (is_whole && has_rewrites()) rewrite_links(body);
  if (const auto* each = redaction(); is_whole && each != nullptr)
    is_whole = redact_members(body, *each);
  x_.guard.mask_whole(MutableBytes(reinterpret_cast<std::uint8_t*>(body.data()), body.size()));
  if (!is_whole || x_.cut_by || !send_answer_head({http::BodyKind::Length, body.size()})) {
    upstream_->abort();
    if (is_echo_cut(x_.guard.hits())) co_return co_await refuse(Refusal::KeyEchoed);
    co_return co_await refuse(x_.is_undecodable ? Refusal::UpstreamEncoding : refusal_of_failure());
  }
  x_.answer_started = true;
  const ChunkMarks marks = marks_at_client(body.size());
  work_->out.add(marks.before());
  client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
  const auto sent =
      co_await client_.write_all(work_->out.bytes(), bytes_of(body), bytes_of(marks.after()));
  x_.client_left = !sent && !x_.cut_by;
  x_.bytes_down += body.size();
  co_return co_await finish_exchange(sent.has_value());
}

}  // namespace strongroom::gateway
