// Fuzzes what reads octets from outside: request and response heads, bodies, websocket frames.
//
// The first octet chooses the reader, the next two where the rest is cut. Invariants: never more
// consumed than given; the same outcome however the input was cut; views point into the input; what
// was accepted holds the rules that the head's header states; a written frame head reads back.
// Corpus: tests/corpus/http. SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "http/body.h"
#include "http/head.h"
#include "http/websocket.h"

using namespace strongroom;
using namespace strongroom::http;

namespace {

bool lies_within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

template <class Head, class Parse>
void check_same_when_cut(std::string_view text, std::size_t cut, const ParseOutcome& whole,
                         Parse parse) {
  Head head;
  std::size_t scanned = 0;
  ParseOutcome parts = parse(text.substr(0, cut), head, scanned);
  if (parts.state == ParseState::NeedMore) parts = parse(text, head, scanned);
  STRONGROOM_CHECK(parts.state == whole.state && parts.consumed == whole.consumed,
                   "a cut changes nothing");
  STRONGROOM_CHECK(parts.status == whole.status && parts.why == whole.why, "a cut changes nothing");
}

void check_headers(std::string_view text, const Headers& headers) {
  for (const Header& header : headers) {
    STRONGROOM_CHECK(lies_within(header.name, text) && lies_within(header.value, text),
                     "views point into the input");
    STRONGROOM_CHECK(is_token(header.name), "names are tokens");
    STRONGROOM_CHECK(
        header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos,
        "values are one line");
  }
}

std::size_t count(const Headers& headers, Name id) {
  std::size_t found = 0;
  for (const Header& header : headers) found += header.id == id ? 1U : 0U;
  return found;
}

void check_framing(const Headers& headers, const BodyFraming& body) {
  STRONGROOM_CHECK(
      count(headers, Name::ContentLength) + count(headers, Name::TransferEncoding) <= 1,
      "one framing");
  STRONGROOM_CHECK(body.kind != BodyKind::Chunked || count(headers, Name::TransferEncoding) == 1,
                   "chunked was said");
}

void fuzz_request(std::string_view text, std::size_t cut) {
  RequestHead head;
  std::size_t scanned = 0;
  const ParseOutcome outcome = parse_request(text, head, scanned);
  STRONGROOM_CHECK(outcome.consumed <= text.size(), "no more consumed than given");
  STRONGROOM_CHECK((outcome.state == ParseState::Bad) == (outcome.status != 0),
                   "a refusal has a status");
  check_same_when_cut<RequestHead>(text, cut, outcome, [](auto view, auto& out, auto& at) {
    return parse_request(view, out, at);
  });
  if (outcome.state != ParseState::Complete) return;
  STRONGROOM_CHECK(
      outcome.consumed <= kMaxHead && text.substr(0, outcome.consumed).ends_with("\r\n\r\n"),
      "a head ends so");
  STRONGROOM_CHECK(lies_within(head.method, text) && lies_within(head.target, text),
                   "views point into the input");
  STRONGROOM_CHECK(is_token(head.method) && !head.target.empty(), "a method and a target");
  STRONGROOM_CHECK(count(head.headers, Name::Host) <= 1, "one Host");
  STRONGROOM_CHECK(head.body.kind != BodyKind::UntilEnd, "requests never end with the connection");
  check_headers(text, head.headers);
  check_framing(head.headers, head.body);
}

void fuzz_response(std::string_view text, std::size_t cut, std::string_view method) {
  ResponseHead head;
  std::size_t scanned = 0;
  const ParseOutcome outcome = parse_response(text, method, head, scanned);
  STRONGROOM_CHECK(outcome.consumed <= text.size(), "no more consumed than given");
  check_same_when_cut<ResponseHead>(text, cut, outcome, [method](auto view, auto& out, auto& at) {
    return parse_response(view, method, out, at);
  });
  if (outcome.state != ParseState::Complete) return;
  STRONGROOM_CHECK(head.status >= 100 && head.status <= 999, "three digits");
  check_headers(text, head.headers);
  check_framing(head.headers, head.body);
}

struct BodyOutcome {
  ParseState state = ParseState::NeedMore;
  std::size_t consumed = 0;
  std::string content;
  friend bool operator==(const BodyOutcome&, const BodyOutcome&) = default;
};

BodyOutcome follow_body(BodyFraming framing, std::string_view text, std::size_t cut) {
  BodyFollower follower;
  follower.start(framing);
  BodyOutcome result;
  std::size_t given = cut;
  for (;;) {
    const auto step = follower.feed(text.substr(result.consumed, given - result.consumed));
    STRONGROOM_CHECK(step.consumed <= given - result.consumed, "no more consumed than given");
    STRONGROOM_CHECK(lies_within(step.content, text) && step.content.size() <= step.consumed,
                     "content lies within");
    result.content.append(step.content);
    result.consumed += step.consumed;
    result.state = step.state;
    if (step.state != ParseState::NeedMore) return result;
    if (result.consumed < given) {
      STRONGROOM_CHECK(step.consumed > 0, "it gets on");
    } else if (given == text.size()) {
      return result;
    } else {
      given = text.size();
    }
  }
}

void fuzz_body(std::string_view text, std::size_t cut, BodyFraming framing) {
  STRONGROOM_CHECK(follow_body(framing, text, cut) == follow_body(framing, text, text.size()),
                   "a cut changes nothing");
}

struct FrameEvents {
  std::string events;
  std::string payload;
  friend bool operator==(const FrameEvents&, const FrameEvents&) = default;
};

FrameEvents follow_frames(ByteView input, std::size_t cut, FrameSender sender,
                          std::uint8_t reserved) {
  FrameFollower follower(sender, reserved);
  FrameEvents result;
  std::size_t at = 0;
  std::size_t given = cut;
  for (;;) {
    const auto step = follower.feed(input.subspan(at, given - at));
    STRONGROOM_CHECK(
        step.consumed <= given - at && step.payload_at + step.payload_size <= given - at,
        "within what was given");
    if (step.state == ParseState::Bad) {
      result.events += "bad " + std::string(step.why);
      return result;
    }
    result.payload.append(text_of(input.subspan(at + step.payload_at, step.payload_size)));
    at += step.consumed;
    if (step.state == ParseState::Complete) {
      result.events += static_cast<char>('a' + static_cast<int>(follower.frame().opcode));
      continue;
    }
    if (at < given) STRONGROOM_CHECK(step.consumed > 0, "it gets on");
    if (at < given) continue;
    if (given == input.size()) return result;
    given = input.size();
  }
}

void fuzz_frames(ByteView input, std::size_t cut, FrameSender sender, std::uint8_t reserved) {
  STRONGROOM_CHECK(follow_frames(input, cut, sender, reserved) ==
                       follow_frames(input, input.size(), sender, reserved),
                   "a cut changes nothing");
  FrameHead head;
  const FrameOutcome outcome = parse_frame_head(input, sender, reserved, head);
  if (outcome.state != ParseState::Complete) return;
  std::array<std::uint8_t, kMaxFrameHead> written{};
  const std::size_t size = write_frame_head(head, written);
  STRONGROOM_CHECK(text_of(ByteView(written).first(size)) == text_of(input.first(outcome.consumed)),
                   "what is read is written so");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const unsigned kind = data[0];
  const ByteView input(data + 3, size - 3);
  const std::size_t cut = (std::size_t{data[1]} << 8U | data[2]) % (input.size() + 1);
  const std::string_view text = text_of(input);
  switch (kind % 8) {
    case 0:
      fuzz_request(text, cut);
      break;
    case 1:
      fuzz_response(text, cut, "GET");
      break;
    case 2:
      fuzz_response(text, cut, "HEAD");
      break;
    case 3:
      fuzz_response(text, cut, "CONNECT");
      break;
    case 4:
      fuzz_body(text, cut, {BodyKind::Chunked, 0});
      break;
    case 5:
      fuzz_body(text, cut, {BodyKind::Length, cut / 2});
      break;
    case 6:
      fuzz_frames(input, cut, FrameSender::Client, 0);
      break;
    default:
      fuzz_frames(input, cut, FrameSender::Server, kRsv1);
      break;
  }
  return 0;
}
