// Websockets whose pass comes with the first message and nowhere else: a client sends none before
// its 101, so it has one before the provider is asked, and closes say what answers would.
// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"
#include "gateway/connection.h"
#include "gateway/verdict.h"
#include "http/websocket.h"

namespace strongroom::gateway {
namespace {

/// Of pings before the message, which wait for the provider.
constexpr std::size_t kMostReady = 4096;

}  // namespace

/// Which sub-protocol it will be is the provider's to say. Who brings a credential that is no pass
/// is told at once.
bool Connection::may_login_later() const {
  const auto& request = work_->request;
  return request.is_websocket_upgrade && !x_.route.service->first_message_fields.empty() &&
         request.headers.find(http::Name::SecWebSocketKey) != nullptr &&
         request.headers.find(http::Name::SecWebSocketProtocol) == nullptr &&
         !brings_credential(request, x_.route);
}

/// Until the message is whole and its pass is known, in the time that a head has.
io::Task<std::optional<Connection::Next>> Connection::receive_login() {
  closes_after_ = true;
  const auto* key = work_->request.headers.find(http::Name::SecWebSocketKey);
  const std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
      "sec-websocket-accept: " +
      http::websocket_accept(key->value) + "\r\n\r\n";
  client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().head));
  const auto sent = co_await client_.write_all(bytes_of(head));
  if (!sent) co_return Next::Close;
  x_.is_greeted = true;
  waits_since_ = gateway_.loop().coarse_now();
  ByteVector octets(kMostReady);
  FirstMessage& login = *x_.login;
  auto state = login.feed(bytes_of(unread().substr(head_size_)));
  while (state == FirstMessage::State::NeedMore && login.ready_size() <= kMostReady) {
    const auto got = co_await client_.read_some(octets);
    if (!got || *got == 0) break;
    state = login.feed(ByteView(octets).first(*got));
    wipe(octets.data(), *got);
  }
  waits_since_.reset();
  client_.set_deadline(Deadline());
  std::optional<Refusal> missing = Refusal::PassMissing;
  if (state == FirstMessage::State::Whole)
    missing = find_pass(login.offered(), *x_.route.service, x_.admission);
  if (missing) co_return co_await refuse_admission(*missing);
  co_return std::nullopt;
}

/// The provider has answered with something else than a 101.
io::Task<Connection::Next> Connection::refuse_login() {
  judge_key();
  upstream_->abort();
  const bool is_rejected = says_rejected(
      x_.route.service->check, lease() == nullptr ? nullptr : &lease()->granted(), x_.status);
  const std::string word = is_rejected ? "key_rejected" : "status_" + std::to_string(x_.status);
  co_return co_await close_websocket(is_rejected ? http::kClosePolicy : http::kCloseUnableToServe,
                                     word);
}

io::Task<Connection::Next> Connection::close_websocket(std::uint16_t code, std::string_view word) {
  settle();
  metering_.detail = {};
  const http::CloseFrame frame(code, http::FrameSender::Server, word);
  client_.set_deadline(gateway_.loop().deadline_in(gateway_.limits().head));
  (void)co_await client_.write_all(frame.octets());
  (void)co_await client_.finish_writing();
  co_await linger(kLinger);
  client_.abort();
  co_await end_upload();
  upstream_.reset();
  co_return Next::Close;
}

}  // namespace strongroom::gateway
