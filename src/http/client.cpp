// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <algorithm>

#include "base/small_letters.h"
#include "http/body.h"
#include "http/head.h"

namespace strongroom::http {
namespace {

std::string request_head(const ClientRequest& request) {
  std::string text =
      request.method + " " + request.target + " HTTP/1.1\r\nHost: " + request.host + "\r\n";
  for (const auto& [name, value] : request.headers)
    text.append(name).append(": ").append(value).append("\r\n");
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n";
}

/// 0 at the orderly end.
io::Task<Result<std::size_t>> receive(io::Stream& stream, std::string& text) {
  constexpr std::size_t kReadSize = 16_KiB;
  const std::size_t had = text.size();
  text.resize(had + kReadSize);
  const MutableBytes room(reinterpret_cast<std::uint8_t*>(text.data()) + had, kReadSize);
  Result<std::size_t> got = co_await stream.read_some(room);
  text.resize(had + got.value_or(0));
  co_return got;
}

/// Reads one head into `response`; what follows it stays in `text`.
io::Task<Result<BodyFraming>> receive_head(io::Stream& stream, std::string_view method,
                                           std::string& text, ClientResponse& response) {
  ResponseHead head;
  std::size_t scanned = 0;
  for (;;) {
    const ParseOutcome outcome = parse_response(text, method, head, scanned);
    if (outcome.state == ParseState::Bad)
      co_return fail(Code::Protocol, "the answer is not HTTP: " + std::string(outcome.why));
    if (outcome.state == ParseState::Complete) {
      response.status = head.status;
      response.keeps_alive = head.keeps_alive;
      response.headers.clear();
      for (const Header& header : head.headers) {
        response.headers.emplace_back(in_small_letters(std::string(header.name)),
                                      std::string(header.value));
      }
      text.erase(0, outcome.consumed);
      co_return head.body;
    }
    const Result<std::size_t> got = co_await receive(stream, text);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return fail(Code::Network, "the connection ended before an answer");
  }
}

}  // namespace

std::string_view ClientResponse::header(std::string_view name) const {
  const auto found = std::ranges::find(headers, name, &TextPairs::value_type::first);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

io::Task<Result<ClientResponse>> receive_answer(io::Stream& stream, std::string_view method,
                                                std::size_t max_body) {
  ClientResponse response;
  std::string text;
  BodyFraming framing;
  bool is_interim = true;
  while (is_interim) {
    const Result<BodyFraming> answer = co_await receive_head(stream, method, text, response);
    if (!answer) co_return std::unexpected(answer.error());
    framing = *answer;
    is_interim = response.status < 200 && response.status != 101;
  }
  BodyFollower follower;
  follower.start(framing);
  while (!follower.is_done()) {
    const auto step = follower.feed(text);
    if (step.state == ParseState::Bad)
      co_return fail(Code::Protocol, "the answer's body is malformed");
    response.body.append(step.content);
    text.erase(0, step.consumed);
    if (response.body.size() > max_body) co_return fail(Code::TooLarge, "the answer is too large");
    if (follower.is_done() || step.consumed > 0) continue;
    const Result<std::size_t> got = co_await receive(stream, text);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0 && !follower.end_of_input())
      co_return fail(Code::Network, "the answer was cut short");
  }
  if (!text.empty()) co_return fail(Code::Protocol, "octets after the answer");
  co_return response;
}

io::Task<Result<ClientResponse>> fetch(io::Stream& stream, const ClientRequest& request,
                                       std::size_t max_body) {
  const std::string head = request_head(request);
  const ByteView head_octets = bytes_of(head);
  const ByteView body_octets = bytes_of(request.body);
  const Status sent = co_await stream.write_all(head_octets, body_octets);
  if (!sent) co_return std::unexpected(sent.error());
  co_return co_await receive_answer(stream, request.method, max_body);
}

}  // namespace strongroom::http
