// Fuzzes the guards, for a key on its way back, for a session's passes on their way out and for any
// of a workroom's values: however the same octets are cut, into pieces or frames of a websocket,
// the same comes out, as long as what went in, and without any form of what is sought.
//
// The first octet chooses what is sought and the size of the pieces; '@' and the octets from kFirst
// on stand for what is sought in each of its forms, so that they are met often.
// Corpus: tests/corpus/guard. SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "crypto/crypto.h"
#include "gateway/guard/frame_guard.h"
#include "gateway/guard/pass_patterns.h"
#include "guard/any_value.h"
#include "guard/guard.h"
#include "guard/value_patterns.h"
#include "spelled_forms.h"

using namespace strongroom;
using namespace strongroom::gateway;

namespace {

constexpr std::string_view kKey = "zIza-_+/\"\\&%7fQ~?>~ ~?X";
constexpr std::string_view kPass = "sk-0Aa-_zZ9bcdefghijklmnopqrstuvwxyzABCDEFGH-_";
constexpr std::uint8_t kFirst = 0xC0;
constexpr std::size_t kLongest = 1024;

std::shared_ptr<const guard::Patterns> pass_patterns() {
  const std::vector<lease::SessionPass> passes = {
      {"sk-", crypto::sha256(bytes_of(kPass))}, {"sk-ant-api03-", {}}, {"AIza", {}}};
  return PassPatterns::make(passes);
}

std::shared_ptr<const guard::Patterns> any_value() {
  const auto out = std::make_shared<guard::AnyValue>();
  for (const std::string_view each : {"another-+/ word", "zIza-other", "tok_0123456789"})
    out->add(guard::ValuePatterns::make(Secret(bytes_of(each))));
  out->add(guard::ValuePatterns::make(Secret(bytes_of(kKey))));
  return out;
}

struct Planted {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> places;  ///< of what must be masked, and sizes
};

/// What is looked for, and by what. Nothing that is found ends as a form of `key` begins, so each
/// form that was planted is masked to its last octet.
struct Sought {
  std::string_view key;
  std::shared_ptr<const guard::Patterns> patterns;
  http::FrameSender sender = http::FrameSender::Server;
  std::vector<fuzz::SpelledForm> forms = fuzz::spelled_forms(key);

  [[nodiscard]] bool stands_in(const std::string& text) const {
    bool is_there = false;
    for (const auto& form : forms) is_there = is_there || text.find(form.kept) != std::string::npos;
    fuzz::each_reading(text, [&](const std::string& reading) {
      is_there = is_there || reading.find(key) != std::string::npos;
    });
    return is_there;
  }

  [[nodiscard]] Planted planted_into(std::string_view data) const {
    Planted out;
    for (const char c : data) {
      if (out.text.size() > kLongest) break;
      const auto octet = static_cast<std::uint8_t>(c);
      const std::size_t form = c == '@' ? 0 : octet - kFirst;
      if (c != '@' && (octet < kFirst || form >= forms.size())) {
        out.text += c;
        continue;
      }
      const auto& [written, kept] = forms[form];
      out.places.emplace_back(out.text.size() + written.find(kept), kept.size());
      out.text += written;
    }
    return out;
  }
};

MutableBytes octets_of(std::string& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

struct Came {
  std::string text;
  std::size_t hits = 0;
};

Came through(const Sought& sought, std::string in, std::size_t piece,
             guard::Ends ends = guard::Ends::Nothing) {
  guard::Guard guard(sought.patterns);
  std::string out;
  for (std::size_t at = 0; at < in.size(); at += piece)
    out += text_of(guard.feed(octets_of(in).subspan(at, std::min(piece, in.size() - at)), ends));
  out += text_of(guard.feed({}, guard::Ends::All));
  return {std::move(out), guard.hits()};
}

/// Of many passes that are none, in one piece, some are taken for passes (docs/guards.md): there a
/// cut may let more through.
bool may_be_flood(std::string_view in) {
  std::size_t starts = 0;
  fuzz::each_reading(in, [&](const std::string& reading) {
    for (const std::string_view start : {"sk-", "AIza"})
      for (auto at = reading.find(start); at != std::string::npos; at = reading.find(start, at + 1))
        ++starts;
  });
  return starts >= 64;
}

void check_cuts(const Sought& sought, const std::string& in, std::size_t piece,
                const std::string& whole) {
  for (const std::size_t each : {piece, std::size_t{1}})
    STRONGROOM_CHECK(through(sought, in, each).text == whole, "a cut changes nothing");
  // Messages that are said to end anywhere: of each form at most its beginning goes on.
  const Came came = through(sought, in, piece, guard::Ends::Message);
  STRONGROOM_CHECK(came.text.size() == in.size(), "as long as what went in");
  STRONGROOM_CHECK(!sought.stands_in(came.text), "nothing goes over the end of a message");
  std::size_t differing = 0;
  for (std::size_t i = 0; i < in.size(); ++i) differing += came.text[i] != whole[i] ? 1U : 0U;
  STRONGROOM_CHECK(differing <= guard::Guard::kLetGo * came.hits, "no more than was let go");
}

/// One message in frames, and where in them its payload and that of the pings between them stands.
class Message {
 public:
  Message(const Sought& sought, std::string_view text, std::size_t piece) : sender_(sought.sender) {
    bool is_first = true;
    do {
      const std::string_view part = text.substr(0, piece);
      text.remove_prefix(part.size());
      add(is_first ? http::Opcode::Text : http::Opcode::Continuation, part, text.empty());
      if (is_first && !text.empty()) add(http::Opcode::Ping, sought.key, true);
      is_first = false;
    } while (!text.empty());
  }

  /// Through a guard, in pieces: everything comes out, its heads as they were.
  void go_through(const Sought& sought, std::size_t piece) {
    const std::string before = octets_;
    FrameGuard guard(sender_, sought.patterns);
    std::string out;
    for (std::size_t at = 0; at < octets_.size(); at += piece) {
      const auto fed =
          guard.feed(octets_of(octets_).subspan(at, std::min(piece, octets_.size() - at)));
      STRONGROOM_CHECK(fed.close_code == 0, "right frames go on");
      out += text_of(fed.free);
    }
    STRONGROOM_CHECK(out.size() == before.size() && guard.is_between_frames(),
                     "all of a message goes on at its end");
    octets_ = std::move(out);
    std::size_t at = 0;
    for (const Run& run : runs_) {
      STRONGROOM_CHECK(octets_.compare(at, run.at - at, before, at, run.at - at) == 0,
                       "heads stay as they are");
      at = run.at + run.size;
    }
  }

  [[nodiscard]] std::string payload(bool of_pings) const {
    std::string out;
    for (const Run& run : runs_) {
      if (run.is_ping != of_pings) continue;
      std::string part = octets_.substr(run.at, run.size);
      for (std::size_t i = 0; i < part.size(); ++i)
        part[i] = static_cast<char>(static_cast<std::uint8_t>(part[i]) ^ run.mask[i % 4]);
      out += part;
    }
    return out;
  }

 private:
  struct Run {
    std::size_t at = 0;
    std::size_t size = 0;
    bool is_ping = false;
    std::array<std::uint8_t, 4> mask{};
  };

  void add(http::Opcode opcode, std::string_view part, bool is_final) {
    http::FrameHead head;
    head.opcode = opcode;
    head.is_final = is_final;
    head.length = part.size();
    head.is_masked = sender_ == http::FrameSender::Client;
    if (head.is_masked) head.mask = {0x5A, 0xFF, static_cast<std::uint8_t>(runs_.size()), 1};
    std::array<std::uint8_t, http::kMaxFrameHead> written{};
    octets_ += text_of(ByteView(written).first(write_frame_head(head, written)));
    runs_.push_back({octets_.size(), part.size(), opcode == http::Opcode::Ping, head.mask});
    for (std::size_t i = 0; i < part.size(); ++i)
      octets_ += static_cast<char>(static_cast<std::uint8_t>(part[i]) ^ head.mask[i % 4]);
  }

  http::FrameSender sender_;
  std::string octets_;
  std::vector<Run> runs_;
};

void check_frames(const Sought& sought, const std::string& in, std::size_t piece,
                  const std::string& whole) {
  struct Way {
    std::size_t frame, feed;
  };
  const std::size_t all = in.size() + 1;
  for (const Way way : {Way{all, 2 * all}, Way{3 * piece, piece}, Way{2, 16 * all}}) {
    Message message(sought, in, way.frame);
    message.go_through(sought, way.feed);
    STRONGROOM_CHECK(message.payload(false) == whole, "neither frames nor cuts change a message");
    STRONGROOM_CHECK(message.payload(true).find_first_not_of('*') == std::string::npos,
                     "pings hold nothing");
  }
}

/// Frames that may be malformed: no crash, and nothing longer comes out.
void check_any_frames(const Sought& sought, std::string in, std::size_t piece) {
  FrameGuard frames(sought.sender, sought.patterns);
  std::size_t out = 0;
  for (std::size_t at = 0; at < in.size(); at += piece) {
    const auto fed = frames.feed(octets_of(in).subspan(at, std::min(piece, in.size() - at)));
    out += fed.free.size();
    if (fed.close_code != 0) break;
  }
  STRONGROOM_CHECK(out <= in.size(), "nothing longer");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static const Sought all[] = {
      {kKey, guard::ValuePatterns::make(Secret(bytes_of(kKey)))},
      {kPass, pass_patterns(), http::FrameSender::Client},
      {kKey, any_value()},
  };
  const Sought& sought = all[data[0] / 86];
  const std::size_t piece = 1 + data[0] % 17;
  const auto [in, places] = sought.planted_into(text_of(ByteView(data + 1, size - 1)));
  const std::string whole = through(sought, in, in.size()).text;
  STRONGROOM_CHECK(whole.size() == in.size(), "as long as what went in");
  STRONGROOM_CHECK(!sought.stands_in(whole), "no form comes out");
  check_any_frames(sought, in, piece);
  if (sought.key == kPass && may_be_flood(in)) return 0;
  for (const auto& [at, octets] : places)
    STRONGROOM_CHECK(whole.find_first_not_of('*', at) >= at + octets, "all of a form is masked");
  check_cuts(sought, in, piece, whole);
  check_frames(sought, in, piece, whole);
  return 0;
}
