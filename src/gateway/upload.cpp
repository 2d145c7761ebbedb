// The client's body on its way to the provider, beside the answer. SPDX-License-Identifier:
// Apache-2.0
#include "gateway/connection.h"
#include "gateway/trailers.h"
#include "gateway/upstream_head.h"

namespace strongroom::gateway {

/// 100 lets the client's body come; other 1xx (early hints lead past the gateway, threats.md B7)
/// end here.
io::Task<std::optional<Refusal>> Connection::pass_informational() {
  if (work_->response.status != 100 || !x_.waits_for_continue) co_return std::nullopt;
  x_.waits_for_continue = false;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
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
  x_.upload_running = true;
  gateway_.loop().spawn(upload());
}

std::optional<Refusal> Connection::check_trailers() const {
  if (request_body_.trailers().empty()) return std::nullopt;
  if (lease() == nullptr) return Refusal::KeyRevoked;
  const auto& service = *x_.route.service;
  return check_request_trailers(request_body_.trailers(), service,
                                resolved(service.inject.name, lease()->granted().settings),
                                x_.admission.pass.text());
}

/// The rest of the client's body, beside the answer. Ends with the body, with the client, or when
/// the provider takes no more.
io::Task<void> Connection::upload() {
  if (x_.owes_continue) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto asked = co_await client_.write_all(bytes_of(kContinue));
    x_.client_left = !asked && !x_.cut_by;
  }
  auto block = gateway_.blocks.take();
  while (!request_body_.is_done()) {
    client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto got = co_await client_.read_some(*block);
    if (!got || *got == 0) {
      x_.client_left = !x_.cut_by;
      x_.upload_failed = true;
      if (upstream_ != nullptr) upstream_->abort();
      break;
    }
    std::string_view rest = text_of(ByteView(*block).first(*got));
    std::size_t of_body = 0;
    bool is_bad = false;
    while (!request_body_.is_done() && !rest.empty() && !is_bad) {
      const auto step = request_body_.feed(rest);
      is_bad = step.state == http::ParseState::Bad;
      of_body += step.consumed - step.of_trailers;
      rest.remove_prefix(step.consumed);
    }
    if (request_body_.is_done()) leftover_.assign(rest.begin(), rest.end());
    if (is_bad) x_.upload_refused = Refusal::BadRequest;
    if (!is_bad && request_body_.is_done()) x_.upload_refused = check_trailers();
    if (x_.upload_refused || upstream_ == nullptr) {
      x_.upload_failed = true;
      if (upstream_ != nullptr) upstream_->abort();
      break;
    }
    // What follows the last chunk has been held back until it could be judged as a whole.
    const bool ends = request_body_.is_done() && x_.upload_is_chunked;
    const std::string_view fields = ends ? request_body_.trailers() : std::string_view();
    const std::string_view end = ends ? "\r\n" : std::string_view();
    upstream_->stream.set_deadline(gateway_.loop().deadline_in(gateway_.limits().body));
    const auto sent = co_await upstream_->stream.write_all(ByteView(*block).first(of_body),
                                                           bytes_of(fields), bytes_of(end));
    x_.bytes_up += of_body + fields.size() + end.size();
    if (!sent) {
      x_.upload_failed = true;
      break;
    }
  }
  gateway_.blocks.give(std::move(block));
  x_.upload_running = false;
  x_.upload_wanted = !request_body_.is_done();
  // What came of the body has used up the watch, and nobody reads the client's side any more.
  if (!x_.upload_failed) gateway_.loop().watch(*this, gateway_.loop().deadline_in(kWatchAfter));
  upload_done_->set();
}

}  // namespace strongroom::gateway
