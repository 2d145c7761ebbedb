// Fuzzes HTTP/2 sessions of both sides: what a hostile peer writes, and two sessions back to back.
//
// The first octet chooses the side, the next two where the rest is cut. Invariants: the same events
// however the octets were cut; every head is one that HTTP/1's parser takes as a whole, that reads
// the same when written as HTTP/1 and read again, and that a second pair of sessions carries over
// HTTP/2 unchanged; a body that ends has its Content-Length; limits hold; a failed session ends its
// output with GOAWAY; between two of ours every octet arrives, in order. Corpus:
// tests/corpus/http2. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "http/http2/session.h"

using namespace strongroom;
using namespace strongroom::http;

namespace {

using Kind = Http2EventKind;

constexpr std::size_t kMostLibraryMemory = 4_MiB;
constexpr std::string_view kGet = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
constexpr std::string_view kHead = "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n";
constexpr std::string_view kPost =
    "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";

std::string take_all(Http2Session& session) {
  std::string all;
  std::vector<std::uint8_t> room(16384);
  while (session.wants_output()) {
    const std::size_t size = session.take_output(room);
    if (size == 0) break;
    all.append(text_of(ByteView(room).first(size)));
  }
  return all;
}

std::string read_all(Http2Session& session, Http2StreamId id) {
  std::string all;
  for (ByteView run = session.readable(id); !run.empty(); run = session.readable(id)) {
    all.append(text_of(run));
    session.consume(id, run.size());
  }
  return all;
}

RequestHead parsed_request(std::string_view text) {
  RequestHead head;
  std::size_t scanned = 0;
  const ParseOutcome outcome = parse_request(text, head, scanned);
  STRONGROOM_CHECK(outcome.state == ParseState::Complete && outcome.consumed == text.size(),
                   "a request's head is one of HTTP/1");
  return head;
}

ResponseHead parsed_answer(std::string_view text, std::string_view method) {
  ResponseHead head;
  std::size_t scanned = 0;
  const ParseOutcome outcome = parse_response(text, method, head, scanned);
  STRONGROOM_CHECK(outcome.state == ParseState::Complete && outcome.consumed == text.size(),
                   "an answer's head is one of HTTP/1");
  return head;
}

void check_headers(const Headers& headers) {
  for (const Header& header : headers) {
    STRONGROOM_CHECK(is_token(header.name), "names are tokens");
    STRONGROOM_CHECK(std::ranges::none_of(header.name, [](char c) { return c >= 'A' && c <= 'Z'; }),
                     "names are in lower case");
    STRONGROOM_CHECK(
        header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
        "values are one line");
    STRONGROOM_CHECK(header.id != Name::Connection && header.id != Name::Upgrade &&
                         header.id != Name::KeepAlive && header.id != Name::ProxyConnection,
                     "nothing of an HTTP/1 connection");
    STRONGROOM_CHECK(header.id != Name::Te || header.value == "trailers", "TE: trailers only");
    STRONGROOM_CHECK(header.id != Name::TransferEncoding || header.value == "chunked",
                     "chunked is all that we say");
  }
}

std::string written(const RequestHead& head) {
  std::string text;
  text.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n");
  for (const Header& header : head.headers)
    text.append(header.name).append(": ").append(header.value).append("\r\n");
  return text.append("\r\n");
}

/// Over HTTP/2 and out again: the same text.
void check_carried(const RequestHead& head, std::string_view text, Http2Scheme scheme) {
  ManualClock clock;
  Http2Session client(Http2Role::Client, clock);
  Http2Session server(Http2Role::Server, clock);
  const bool has_body = head.body.kind != BodyKind::None;
  const auto id = client.submit_request(head, scheme, has_body ? Http2End::Open : Http2End::Ends);
  STRONGROOM_CHECK(id.has_value(), "what came over HTTP/2 may go on over HTTP/2");
  STRONGROOM_CHECK(server.feed(bytes_of(take_all(client))).has_value(),
                   "ours understand each other");
  const auto event = server.next_event();
  STRONGROOM_CHECK(event && event->kind == Kind::Request, "the request arrives");
  STRONGROOM_CHECK(event->text == text && event->scheme == scheme, "and is the same");
}

void check_request(const Http2Event& event) {
  const RequestHead head = parsed_request(event.text);
  check_headers(head.headers);
  STRONGROOM_CHECK(head.target.starts_with('/') || head.target == "*", "the target is a path");
  STRONGROOM_CHECK(head.method != "CONNECT" && !head.is_websocket_upgrade, "no tunnels");
  STRONGROOM_CHECK(head.headers.find(Name::Host) == head.headers.begin(), "Host comes first");
  STRONGROOM_CHECK(written(head) == event.text, "written as HTTP/1 it is the same");
  check_carried(head, event.text, event.scheme);
}

struct Seen {
  std::vector<std::string> events;
  std::map<Http2StreamId, std::string> bodies;
  std::string reason;
  bool has_gone_away = false;
  friend bool operator==(const Seen&, const Seen&) = default;
};

/// One session that a peer writes to; follows what it reports.
class Target {
 public:
  explicit Target(Http2Role role) : session_(role, clock_), role_(role) {
    if (role == Http2Role::Client) {
      for (const std::string_view text : {kGet, kHead, kPost}) {
        const auto end = text == kPost ? Http2End::Open : Http2End::Ends;
        (void)session_.submit_request(parsed_request(text), Http2Scheme::Https, end);
      }
      (void)take_all(session_);
    } else {
      (void)session_.feed(bytes_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    }
  }

  void feed(ByteView octets) {
    (void)session_.feed(octets);
    STRONGROOM_CHECK(session_.held_streams() <= Http2Limits{}.max_held_streams, "streams are few");
    STRONGROOM_CHECK(session_.library_memory() < kMostLibraryMemory, "memory is bounded");
    while (auto event = session_.next_event()) note(*event);
  }

  /// Also acts on what is reported, as a relay does.
  void feed_and_act(ByteView octets) {
    (void)session_.feed(octets);
    while (auto event = session_.next_event()) act(*event);
    (void)take_all(session_);
    while (auto event = session_.next_event()) act(*event);
  }

  Seen finish() {
    const bool had_failed = !session_.status();
    const std::string output = take_all(session_);
    while (auto event = session_.next_event()) note(*event);
    if (had_failed) check_goaway(output);
    for (auto& [id, length] : lengths_) {
      const std::string body = read_all(session_, id);
      if (session_.has_ended(id) && length.is_known)
        STRONGROOM_CHECK(body.size() == length.octets, "a whole body has its length");
      seen_.bodies[id] = body;
    }
    if (!session_.status()) seen_.reason = session_.status().error().reason;
    return std::move(seen_);
  }

 private:
  struct Length {
    bool is_known = false;
    std::uint64_t octets = 0;
  };

  static void check_goaway(std::string_view output) {
    std::uint8_t last = 0;
    while (output.size() >= 9) {
      const auto at = [&output](std::size_t i) { return static_cast<std::uint8_t>(output[i]); };
      const std::size_t size = std::size_t{at(0)} << 16U | std::size_t{at(1)} << 8U | at(2);
      last = at(3);
      STRONGROOM_CHECK(output.size() >= 9 + size, "frames are whole");
      output.remove_prefix(9 + size);
    }
    STRONGROOM_CHECK(output.empty() && last == 7, "a failed session says GOAWAY, last");
  }

  void note(const Http2Event& event) {
    if (event.kind == Kind::Request) {
      check_request(event);
      note_length(event.stream, parsed_request(event.text).body);
    }
    if (event.kind == Kind::Answer || event.kind == Kind::Informational) {
      const ResponseHead head = parsed_answer(event.text, event.stream == 3 ? "HEAD" : "GET");
      check_headers(head.headers);
      STRONGROOM_CHECK(head.status != 101, "no switching");
      STRONGROOM_CHECK(head.body.kind != BodyKind::UntilEnd, "every body's end is known");
      STRONGROOM_CHECK((event.kind == Kind::Informational) == (head.status < 200), "kinds differ");
      if (event.kind == Kind::Answer) note_length(event.stream, head.body);
    }
    if (event.kind == Kind::Trailers) {
      Headers trailers;
      STRONGROOM_CHECK(read_trailers(event.text, trailers), "trailers can be read");
      check_headers(trailers);
      STRONGROOM_CHECK(trailers.find(Name::ContentLength) == nullptr &&
                           trailers.find(Name::Host) == nullptr &&
                           trailers.find(Name::Authorization) == nullptr,
                       "trailers frame and authorize nothing");
    }
    seen_.has_gone_away = seen_.has_gone_away || event.kind == Kind::GoAway;
    if (event.kind == Kind::Data) return;  // how often depends on the cuts
    seen_.events.push_back(std::to_string(static_cast<int>(event.kind)) + " " +
                           std::to_string(event.stream) + " " + std::to_string(event.code) + " " +
                           event.text);
  }

  void note_length(Http2StreamId id, const BodyFraming& body) {
    lengths_[id] = {body.kind != BodyKind::Chunked, body.length};
  }

  void act(const Http2Event& event) {
    const Http2StreamId id = event.stream;
    if (event.kind == Kind::Data) (void)read_all(session_, id);
    if (event.kind == Kind::Closed || (event.kind == Kind::End && id % 4 == 1))
      session_.release(id);
    if (event.kind != Kind::Request || role_ == Http2Role::Client) return;
    if (id % 3 == 0) {
      session_.reset(id, Http2Code::Cancel);
    } else {
      (void)session_.submit_answer(id, parsed_answer("HTTP/1.1 200 OK\r\nx-a: b\r\n\r\n", "GET"),
                                   Http2End::Open);
      const std::string body(static_cast<std::size_t>(id) * 1000 % 70'000, 'b');
      (void)session_.send_data(id, bytes_of(body), Http2End::Ends);
    }
  }

  ManualClock clock_;
  Http2Session session_;
  Http2Role role_;
  std::map<Http2StreamId, Length> lengths_;
  Seen seen_;
};

void fuzz_peer(Http2Role role, ByteView octets, std::size_t cut) {
  Target whole(role);
  whole.feed(octets);
  Target parts(role);
  parts.feed(octets.first(cut));
  parts.feed(octets.subspan(cut));
  const Seen seen = whole.finish();
  const Seen seen_in_parts = parts.finish();
  // After a GOAWAY the library reads no more once no stream is left; it looks when it is fed.
  if (!seen.has_gone_away) STRONGROOM_CHECK(seen == seen_in_parts, "a cut changes nothing");
  Target relay(role);
  relay.feed_and_act(octets.first(cut));
  relay.feed_and_act(octets.subspan(cut));
}

/// Two sessions and a script: each octet of it is one act of one side.
class Conversation {
 public:
  void run(ByteView script) {
    for (const std::uint8_t octet : script) {
      act(octet);
      if ((octet & 7U) == 7U) exchange();
    }
    for (int i = 0; i < 4; ++i) exchange();
    for (const auto& [id, sent] : sent_)
      STRONGROOM_CHECK(sent.starts_with(received_[id]), "octets arrive in order");
    STRONGROOM_CHECK(server_.status().has_value() && client_.status().has_value(),
                     "neither breaks the protocol");
  }

 private:
  void act(std::uint8_t octet) {
    const Http2StreamId id = 1 + 2 * (octet >> 5U);
    const std::string piece(std::size_t{octet} * 100, static_cast<char>('a' + octet % 26));
    switch (octet & 7U) {
      case 0:
        if (client_.may_open())
          (void)client_.submit_request(parsed_request(kPost), Http2Scheme::Http, Http2End::Open);
        break;
      case 1:
        send(id, piece, Http2End::Open);
        break;
      case 2:
        send(id, piece, Http2End::Ends);
        break;
      case 3:
        (void)server_.submit_answer(id, parsed_answer("HTTP/1.1 200 OK\r\n\r\n", "GET"),
                                    Http2End::Open);
        (void)server_.send_data(id, bytes_of(piece), Http2End::Open);
        break;
      case 4: {
        const std::vector<Header> trailers = {{"x-end", "1", Name::Other}};
        (void)(octet < 128 ? server_ : client_).submit_trailers(id, trailers);
        break;
      }
      case 5:
        if (octet < 64) server_.reset(id, Http2Code::Cancel);
        if (octet >= 192) client_.reset(id, Http2Code::Cancel);
        break;
      case 6:
        (octet < 128 ? server_ : client_).release(id);
        break;
      default:
        break;
    }
  }
  void send(Http2StreamId id, std::string_view piece, Http2End end) {
    const auto taken = client_.send_data(id, bytes_of(piece), end);
    if (taken) sent_[id].append(piece.substr(0, *taken));
  }
  void exchange() {
    STRONGROOM_CHECK(server_.feed(bytes_of(take_all(client_))).has_value(), "a client's octets");
    STRONGROOM_CHECK(client_.feed(bytes_of(take_all(server_))).has_value(), "a server's octets");
    while (auto event = server_.next_event())
      if (event->kind == Kind::Data) received_[event->stream] += read_all(server_, event->stream);
    while (auto event = client_.next_event())
      if (event->kind == Kind::Data) (void)read_all(client_, event->stream);
  }

  ManualClock clock_;
  Http2Session server_{Http2Role::Server, clock_};
  Http2Session client_{Http2Role::Client, clock_};
  std::map<Http2StreamId, std::string> sent_;
  std::map<Http2StreamId, std::string> received_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const ByteView octets(data + 3, size - 3);
  const std::size_t cut = (std::size_t{data[1]} << 8U | data[2]) % (octets.size() + 1);
  switch (data[0] % 3) {
    case 0:
      fuzz_peer(Http2Role::Server, octets, cut);
      break;
    case 1:
      fuzz_peer(Http2Role::Client, octets, cut);
      break;
    default:
      Conversation().run(octets);
  }
  return 0;
}
