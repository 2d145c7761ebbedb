// A provider of both protocols that is in a new mood each time, for weather_test.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

#include "gateway/websocket_for_test.h"
#include "http/http2/sessions_for_test.h"

namespace strongroom::gateway {

/// One die for all.
class Chance {
 public:
  explicit Chance(unsigned seed) : numbers_(seed) {}
  std::size_t below(std::size_t end) { return numbers_() % end; }
  bool one_in(std::size_t many) { return below(many) == 0; }
  std::chrono::milliseconds moment(std::size_t most) {
    return std::chrono::milliseconds(below(most));
  }

 private:
  std::mt19937 numbers_;
};

/// An end of an HTTP/2 connection: one coroutine reads, another acts and writes.
struct Http2End {
  Http2End(http::Http2Role role, const Clock& clock, io::Stream connection)
      : stream(std::move(connection)), session(role, clock) {}
  io::Stream stream;
  http::Http2Session session;
  std::vector<http::Http2StreamId> open;
  std::string came;
};

inline io::Task<bool> say(io::Stream& stream, std::string octets) {
  const auto sent = co_await stream.write_all(bytes_of(octets));
  co_return sent.has_value();
}
inline io::Task<bool> flush(Http2End& end) {
  const std::string octets = http::take_all(end.session);
  if (octets.empty()) co_return end.stream.is_open();
  const auto sent = co_await end.stream.write_all(bytes_of(octets));
  co_return sent.has_value();
}
/// Not all of what comes, nor at once.
inline io::Task<void> read(std::shared_ptr<Http2End> end, Chance& chance) {
  using http::Http2EventKind;
  ByteVector block(16384);
  for (;;) {
    const auto got = co_await end->stream.read_some(block);
    if (!got || *got == 0) break;
    if (!end->session.feed(ByteView(block).first(*got))) break;
    for (const auto& event : http::events_of(end->session)) {
      if (event.kind == Http2EventKind::Request) end->open.push_back(event.stream);
      if (event.kind == Http2EventKind::Closed) {
        std::erase(end->open, event.stream);
        end->session.release(event.stream);
      }
    }
    for (const auto stream : end->open)
      if (!chance.one_in(4)) end->came += http::read_all(end->session, stream);
  }
  end->stream.abort();
}

class RestlessProvider {
 public:
  RestlessProvider(io::Loop& loop, Chance& chance, const io::Certificate& leaf)
      : loop_(loop),
        chance_(chance),
        old_(std::move(*io::TlsServer::create(leaf))),
        both_(std::move(*io::TlsServer::create(leaf, io::TlsServer::Protocols::Http2AndHttp1))) {
    const auto bound = io::listen_tcp({"127.0.0.1", 0});
    address = bound->bound.text();
    acceptor_ = std::make_unique<io::Acceptor>(loop, bound->fd, [this](io::Stream stream) {
      loop_.spawn(provide(std::make_shared<io::Stream>(std::move(stream))));
    });
  }
  std::string address;
  bool is_calm = false;

 private:
  io::Task<void> provide(std::shared_ptr<io::Stream> stream) {
    const bool speaks_both = chance_.below(3) > 0;
    const auto secured = co_await stream->start_tls_server(speaks_both ? both_ : old_);
    if (!secured || (!is_calm && chance_.one_in(20))) co_return;
    if (stream->tls_protocol() != "h2") {
      co_await provide_old(*stream);
      co_return;
    }
    const auto end =
        std::make_shared<Http2End>(http::Http2Role::Server, clock_, std::move(*stream));
    loop_.spawn(answer_streams(end));
    co_await read(end, chance_);
  }
  io::Task<void> provide_old(io::Stream& stream) {
    std::string buffer;
    ByteVector block(4096);
    for (;;) {
      http::RequestHead head;
      std::size_t scanned = 0;
      const auto parsed = http::parse_request(buffer, head, scanned);
      if (parsed.state == http::ParseState::Bad) co_return;
      if (parsed.state == http::ParseState::NeedMore) {
        const auto got = co_await stream.read_some(block);
        if (!got || *got == 0) co_return;
        buffer.append(text_of(ByteView(block).first(*got)));
        continue;
      }
      const bool has_body = head.body.kind != http::BodyKind::None;
      const bool is_websocket = head.is_websocket_upgrade;
      buffer.erase(0, parsed.consumed);
      co_await loop_.sleep(chance_.moment(is_calm ? 2 : 30));
      const bool goes_on = co_await answer_old(stream, is_websocket, has_body);
      // What is left of a body is nobody's.
      if (!goes_on || has_body) co_return;
    }
  }
  io::Task<void> drain(io::Stream& stream) {
    ByteVector block(4096);
    for (;;) {
      const auto got = co_await stream.read_some(block);
      if (!got || *got == 0) co_return;
    }
  }
  static std::string piece() { return "6\r\npiece!\r\n"; }
  io::Task<bool> answer_old(io::Stream& stream, bool is_websocket, bool has_body) {
    if (is_calm) co_return co_await say(stream, ok());
    if (is_websocket && !chance_.one_in(5)) {
      bool goes_on = co_await say(stream, switching());
      for (std::size_t left = chance_.below(6); goes_on && left > 0; --left) {
        co_await loop_.sleep(chance_.moment(40));
        goes_on = co_await say(stream, std::string("\x81\x05hello", 7));
      }
      if (goes_on && chance_.one_in(2))
        (void)co_await say(stream, std::string("\x88\x02\x03\xe8", 4));
      if (goes_on && chance_.one_in(2)) co_await drain(stream);
      co_return false;
    }
    switch (chance_.below(9)) {
      case 0:
        co_return co_await say(stream, ok(std::string(300'000, 'x')));
      case 1:
        co_return co_await say(stream, ok("the key is " + std::string(kRealKey)));
      case 2: {
        bool goes_on =
            co_await say(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + piece());
        for (std::size_t left = chance_.below(8); goes_on && left > 0; --left) {
          co_await loop_.sleep(chance_.moment(30));
          goes_on = co_await say(stream, piece());
        }
        if (!goes_on || chance_.one_in(4)) co_return false;
        co_return co_await say(stream, "0\r\n\r\n");
      }
      case 3:
        (void)co_await say(stream, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
        stream.abort();
        co_return false;
      case 4:
        co_await drain(stream);
        co_return false;
      case 5:
        if (has_body) (void)co_await say(stream, "HTTP/1.1 100 Continue\r\n\r\n");
        co_await loop_.sleep(chance_.moment(50));
        co_return co_await say(stream, ok());
      case 6:
        co_return false;
      default:
        co_return co_await say(stream, ok());
    }
  }
  io::Task<void> answer_streams(std::shared_ptr<Http2End> end) {
    const auto head = http::response_head("HTTP/1.1 200 OK\r\nx-key: 1\r\n\r\n");
    for (;;) {
      const bool goes_on = co_await flush(*end);
      if (!goes_on) co_return;
      co_await loop_.sleep(chance_.moment(15));
      if (end->open.empty()) continue;
      auto& session = end->session;
      const auto stream = end->open[chance_.below(end->open.size())];
      const auto mood = is_calm ? 0 : chance_.below(60);
      if (mood < 25) {
        (void)session.submit_answer(stream, head, http::Http2End::Open);
        (void)session.send_data(stream, bytes_of(std::string_view("done")), http::Http2End::Ends);
      } else if (mood < 40) {
        const std::string octets =
            mood == 25 ? std::string(kRealKey) : std::string(chance_.below(60'000) + 1, 'y');
        (void)session.submit_answer(stream, head, http::Http2End::Open);
        (void)session.send_data(stream, bytes_of(octets), http::Http2End::Open);
      } else if (mood < 44) {
        session.reset(stream, http::Http2Code::RefusedStream);
      } else if (mood < 47) {
        session.reset(stream, http::Http2Code::Cancel);
      } else if (mood == 47) {
        session.shutdown();
        session.shutdown();
      } else if (mood == 48) {
        end->stream.abort();
      } else if (mood == 49) {
        session.ping();
      } else if (mood == 50) {
        (void)session.submit_informational(stream,
                                           http::response_head("HTTP/1.1 100 Continue\r\n\r\n"));
      }
    }
  }

  io::Loop& loop_;
  Chance& chance_;
  SystemClock clock_;
  io::TlsServer old_;
  io::TlsServer both_;
  std::unique_ptr<io::Acceptor> acceptor_;
};

}  // namespace strongroom::gateway
