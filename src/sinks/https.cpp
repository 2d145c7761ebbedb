// HTTPS: a POST of NDJSON a batch. What is sent again has the same Idempotency-Key, and each line
// its entry's number, so that a receiver takes nothing twice. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "audit/render.h"
#include "base/secret_file.h"
#include "base/wiping.h"
#include "http/client.h"
#include "sinks/connection.h"
#include "sinks/transport.h"

namespace strongroom::sinks {
namespace {

constexpr std::size_t kMaxToken = 4096;
constexpr std::size_t kMaxAnswer = 64UL << 10U;
constexpr std::chrono::seconds kLongestPause{60};

/// Into the buffer, without the line's end.
Status append_token(const std::string& path, WipedBuffer& out) {
  const auto read = read_secret_file(
      path, {.most = kMaxToken - 1, .owner = FileOwner::Anyone, .may_be_link = true});
  if (!read) return fail(read.error().code, "the token " + path + " " + read.error().message);
  const bool is_fine = read->reveal([&](ByteView token) {
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r'))
      token = token.first(token.size() - 1);
    const bool is_plain = std::ranges::all_of(token, [](auto c) { return c > ' ' && c < 0x7f; });
    if (is_plain) out.append(token);
    return is_plain && !token.empty();
  });
  if (!is_fine) return fail(Code::Invalid, path + " holds no token: one line of plain characters");
  return {};
}

std::chrono::seconds retry_after(const http::ClientResponse& response) {
  const std::string_view text = response.header("retry-after");
  int seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || seconds < 0) return {};
  return std::min(std::chrono::seconds(seconds), kLongestPause);
}

class Https final : public Transport {
 public:
  Https(Connection connection, const Settings& settings, std::string origin)
      : connection_(std::move(connection)), settings_(settings), origin_(std::move(origin)) {}

  std::string message(std::uint64_t index, const audit::Entry& entry) override {
    return to_text(audit::render_line(index, entry)) + "\n";
  }

  std::chrono::seconds asked_pause() const override { return pause_; }

  io::Task<Status> deliver(const Batch& batch, Deadline deadline) override {
    Status done = co_await try_to(batch, deadline);
    // A connection that was kept may have ended just now; that is no failure of the sink.
    if (!done && connection_.was_kept() && done.error().code == Code::Network) {
      connection_.close();
      done = co_await try_to(batch, deadline);
    }
    if (!done) connection_.close();
    co_return done;
  }

 private:
  io::Task<Status> try_to(const Batch& batch, Deadline deadline) {
    pause_ = {};
    const Status opened = co_await connection_.open(deadline);
    if (!opened) co_return opened;
    const Status made = make_request(batch);
    const ByteView head = request_.view();
    const ByteView body = bytes_of(body_);
    Status sent = made;
    if (made) sent = co_await connection_.stream().write_all(head, body);
    request_.clear();
    if (!sent) co_return sent;
    const auto answer = co_await http::receive_answer(connection_.stream(), "POST", kMaxAnswer);
    if (!answer) co_return std::unexpected(answer.error());
    if (!answer->keeps_alive) connection_.close();
    if (answer->status >= 200 && answer->status < 300) co_return Status();
    pause_ = retry_after(*answer);
    co_return fail(Code::Unavailable, "it answered " + std::to_string(answer->status));
  }

  Status make_request(const Batch& batch) {
    body_.clear();
    for (const std::string& each : batch.messages) body_ += each;
    const Destination& to = settings_.destination;
    const auto last = batch.first + batch.messages.size() - 1;
    const std::string head = "POST " + to.path + " HTTP/1.1\r\nHost: " + host_header(to) +
                             "\r\nUser-Agent: strongroom/" STRONGROOM_VERSION
                             "\r\nContent-Type: application/x-ndjson\r\nContent-Length: " +
                             std::to_string(body_.size()) + "\r\nIdempotency-Key: \"" + origin_ +
                             "/" + std::to_string(batch.first) + "-" + std::to_string(last) +
                             "\"\r\n";
    request_.clear();
    request_.append(bytes_of(head));
    if (!settings_.token_file.empty()) {
      request_.append(bytes_of("Authorization: Bearer "));
      STRONGROOM_CHECKED(append_token(settings_.token_file, request_));
      request_.append(bytes_of("\r\n"));
    }
    request_.append(bytes_of("\r\n"));
    return {};
  }

  Connection connection_;
  Settings settings_;
  std::string origin_;
  std::string body_;
  WipedBuffer request_;
  std::chrono::seconds pause_{};
};

}  // namespace

Result<std::unique_ptr<Transport>> make_https(io::Loop& loop, const Settings& settings,
                                              const std::string& origin) {
  STRONGROOM_TRY(auto connection, Connection::to(loop, settings, Connection::Security::Tls));
  return std::make_unique<Https>(std::move(connection), settings, origin);
}

}  // namespace strongroom::sinks
