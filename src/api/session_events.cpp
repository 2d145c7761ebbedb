// SPDX-License-Identifier: Apache-2.0
#include "api/session_events.h"

#include <array>
#include <charconv>
#include <deque>
#include <set>
#include <string_view>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/crypto.h"

namespace strongroom::api {
namespace {

/// Sent together where more wait.
constexpr std::size_t kPiece = 64UL << 10U;
/// Sent at once, so that a follower knows that it follows.
constexpr std::string_view kGreeting = ": strongroom\nretry: 1000\n\n";
constexpr std::string_view kMissed = "event: missed\ndata: {\"event\":\"missed\"}\n\n";
constexpr std::string_view kEnded = "ended";

/// Tells the ids of this run of the server from those of others.
std::string random_name() {
  std::array<std::uint8_t, 6> octets{};
  crypto::random(octets);
  return to_hex(octets);
}

/// As it is sent. Without an id: nobody can go on after it.
std::string text_of(const vault::SessionEvent& event, const std::string& id) {
  json::object data;
  if (!id.empty()) data["id"] = id;
  data["event"] = event.kind;
  data["at"] = to_rfc3339(event.at);
  if (!event.session.is_none()) data["session"] = event.session.text();
  data["tenant"] = event.tenant_name;
  for (const auto& [name, value] : event.facts) data[name] = value;
  std::string out;
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  out.append("event: ").append(event.kind).append("\n");
  return out.append("data: ").append(to_text(data)).append("\n\n");
}

}  // namespace

struct SessionEvents::State {
  State(io::Loop& owner, std::chrono::milliseconds beat)
      : loop(owner), heartbeat(beat), since(owner.clock().wall()) {}

  struct Kept {
    WallTime at{};
    SessionId session;
    TenantId tenant;
    MemberId member;
    bool is_end = false;  ///< of its session
    std::string text;
  };
  io::Loop& loop;
  std::chrono::milliseconds heartbeat;
  std::string run = random_name();
  std::deque<Kept> kept;
  std::uint64_t first = 1;  ///< number of the first that is kept
  WallTime since;           ///< what happened after this is kept
  std::set<Follower*> followers;
  bool has_ended = false;

  [[nodiscard]] std::uint64_t next() const { return first + kept.size(); }
  [[nodiscard]] std::string id_of(std::uint64_t number) const {
    return run + "-" + std::to_string(number);
  }
  /// The number in an id of this run.
  [[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view id) const;
};

struct SessionEvents::Follower {
  Follower(std::shared_ptr<State> owner, Wanted its)
      : state(std::move(owner)), wanted(std::move(its)), news(state->loop) {
    state->followers.insert(this);
    place();
  }
  ~Follower() { state->followers.erase(this); }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  /// Where it begins: after the last that it saw, or as far back as is kept.
  void place();
  [[nodiscard]] bool wants(const State::Kept& kept) const;
  /// What has happened since; moves on.
  std::string take();
  [[nodiscard]] bool is_too_slow() const { return next < state->first; }
  /// What is to be sent next, once there is something; empty: nothing more.
  io::Task<std::string> piece();

  std::shared_ptr<State> state;
  Wanted wanted;
  io::Event news;
  std::uint64_t next = 0;  ///< number of the first event that it has not seen
  bool has_missed = false;
  bool has_seen_end = false;
};

std::optional<std::uint64_t> SessionEvents::State::number_of(std::string_view id) const {
  if (!id.starts_with(run + "-")) return std::nullopt;
  id.remove_prefix(run.size() + 1);
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (problem != std::errc() || end != id.data() + id.size()) return std::nullopt;
  return number;
}

void SessionEvents::Follower::place() {
  if (!wanted.after.empty()) {
    const auto seen = state->number_of(wanted.after);
    has_missed = !seen || *seen >= state->next() || *seen + 1 < state->first;
    next = has_missed ? state->first : *seen + 1;
    return;
  }
  has_missed = wanted.session && wanted.session->started < state->since;
  next = wanted.session ? state->first : state->next();
}

bool SessionEvents::Follower::wants(const State::Kept& kept) const {
  if (wanted.session) return kept.session == wanted.session->id;
  if (wanted.tenant && kept.tenant != *wanted.tenant) return false;
  const bool is_of_key = kept.session.is_none();
  if (is_of_key && !wanted.with_keys) return false;
  // A key of no member serves all of its tenant.
  const bool is_everybodys = is_of_key && kept.member.is_none();
  return !wanted.member || is_everybodys || kept.member == *wanted.member;
}

std::string SessionEvents::Follower::take() {
  std::string out;
  if (std::exchange(has_missed, false)) out += kMissed;
  for (; next < state->next() && out.size() < kPiece && !has_seen_end; ++next) {
    const State::Kept& each = state->kept[next - state->first];
    if (!wants(each)) continue;
    out += each.text;
    has_seen_end = wanted.session && each.is_end;
  }
  // The end of a session of an earlier run of the server, or of long ago.
  const bool is_at_end = next == state->next() && !has_seen_end;
  if (is_at_end && wanted.session && wanted.session->end) {
    out += text_of(*wanted.session->end, {});
    has_seen_end = true;
  }
  return out;
}

SessionEvents::SessionEvents(io::Loop& loop, std::chrono::milliseconds heartbeat)
    : state_(std::make_shared<State>(loop, heartbeat)) {}

SessionEvents::~SessionEvents() {
  end();
}

void SessionEvents::add(const vault::SessionEvent& event) {
  auto& state = *state_;
  state.kept.push_back({event.at, event.session, event.tenant, event.member, event.kind == kEnded,
                        text_of(event, state.id_of(state.next()))});
  if (state.kept.size() > kKept) {
    state.since = state.kept.front().at;
    state.kept.pop_front();
    ++state.first;
  }
  for (Follower* each : state.followers) each->news.set();
}

Result<SessionEvents::Stream> SessionEvents::follow(Wanted wanted) {
  if (state_->followers.size() >= kMostFollowers)
    return fail(Code::Unavailable, "too many follow the events of sessions already",
                "too_many_followers");
  if (state_->has_ended) return fail(Code::Unavailable, "the server is about to stop");
  return [follower = std::make_shared<Follower>(state_, std::move(wanted))](
             http::ResponseWriter& writer) { return serve(follower, writer); };
}

io::Task<std::string> SessionEvents::Follower::piece() {
  while (!is_too_slow()) {
    if (wanted.may_go_on && !wanted.may_go_on()) break;
    std::string text = take();
    if (!text.empty() || state->has_ended) co_return text;
    const Deadline beat = Deadline::after(state->loop.clock(), state->heartbeat);
    const bool has_news = co_await news.wait_until(beat);
    if (!has_news && (!wanted.may_go_on || wanted.may_go_on())) co_return ":\n\n";
  }
  co_return std::string();
}

io::Task<void> SessionEvents::serve(std::shared_ptr<Follower> follower,
                                    http::ResponseWriter& writer) {
  std::string text(kGreeting);
  while (!text.empty()) {
    const Status written = co_await writer.write(text);
    if (!written || follower->has_seen_end) co_return;
    text = co_await follower->piece();
  }
}

void SessionEvents::end() {
  state_->has_ended = true;
  for (Follower* each : state_->followers) each->news.set();
}

}  // namespace strongroom::api
