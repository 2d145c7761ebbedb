// Many exchanges of all kinds at once, and at random moments whatever may happen beside them: keys
// revoked and renewed, policies changed, the channel lost, a slow record, agents and providers that
// end. Afterwards nothing is held, and no key came back. WEATHER_SEED and WEATHER_ROUNDS repeat one
// or look longer. SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include <cstdlib>

#include "gateway/weather_provider_for_test.h"

namespace strongroom::gateway {
namespace {

using std::chrono::milliseconds;

constexpr const char* kPath = "/gemini/v1beta/models";
constexpr std::size_t kMostAtOnce = 12;
constexpr std::size_t kKeys =
    15;  ///< kGeminiPass is none of their passes: it is asked with at the end

class Weather : public GatewayTest, public testing::WithParamInterface<unsigned> {
 protected:
  Weather() : chance(GetParam()) {}

  // The world, with a provider of both protocols.

  void begin() {
    authority_ = *io::make_authority("Weather");
    const auto leaf = io::make_leaf(authority_, {kGeminiHost, "api.elevenlabs.io"});
    provider = std::make_unique<RestlessProvider>(loop, chance, *leaf);
    for (std::uint8_t i = 0; i < kKeys; ++i) {
      auto& entry = world.vault.passes[crypto::sha256(bytes_of(pass(i)))];
      entry = {"gemini", KeyId(IdBytes{7, i}), {}};
      set_policies(entry.policies);
    }
    world.gateway.reset();
    world.link.reset();
    lease::HolderHello hello;
    hello.name = "gateway";
    lease::HolderLink::Handlers handlers;
    handlers.check_key = [this](LeaseId id) { return world.gateway->check_key(id); };
    handlers.on_channel_lost = [this](const std::string&) { has_channel_ = false; };
    world.link = std::make_unique<lease::HolderLink>(loop, std::move(hello), std::move(handlers));
    Limits limits;
    limits.body = limits.first_answer = std::chrono::seconds(2);
    limits.durable = std::chrono::seconds(1);
    limits.turn = milliseconds(300);
    gateway::Setup setup{*catalog::Catalog::from_sources(catalog::built_in_sources()),
                         std::move(*io::TlsServer::create(world.own_certificate,
                                                          io::TlsServer::Protocols::Http2AndHttp1)),
                         std::move(*io::TlsClient::create(authority_.chain_pem)),
                         std::move(*io::TlsServer::undecided()),
                         {},
                         Secret(bytes_of("0123456789abcdef0123456789abcdef")),
                         kMostAtOnce,
                         0,
                         {},
                         limits};
    for (const std::string host : {kGeminiHost, "api.elevenlabs.io"})
      setup.dials.push_back({host + ":443", provider->address});
    world.gateway = std::make_unique<Gateway>(loop, *world.link, std::move(setup));
    const auto own = io::listen_tcp({"127.0.0.1", 0});
    world.port = own->bound.port;
    world.gateway->listen(own->fd);
    connect_channel();
  }
  static std::string pass(std::size_t which) {
    return pass_for("AIza", static_cast<char>('a' + which));
  }
  /// One that a request shows.
  std::string any_pass() { return "x-goog-api-key: " + pass(chance.below(kKeys)) + "\r\n"; }
  void connect_channel() {
    const auto pair = io::socket_pair();
    channel_ = pair->ours;
    world.side->serve(std::move(*io::Stream::adopt(loop, pair->ours)), lease::HolderRole::Gateway);
    world.link->connect(std::move(*io::Stream::adopt(loop, pair->theirs)));
    has_channel_ = true;
  }
  template <class... Arguments>
  void count_in(io::Task<void> task) {
    ++under_way_;
    loop.spawn(counted(std::move(task)));
  }
  io::Task<void> counted(io::Task<void> task) {
    co_await std::move(task);
    --under_way_;
  }

  // Agents.

  std::string any_request() {
    const std::string chunked = "transfer-encoding: chunked\r\n";
    switch (chance.below(7)) {
      case 0:
        return request("POST", kPath, any_pass(), std::string(chance.below(100'000), 'b'));
      case 1:
        return request("POST", kPath, any_pass() + chunked + "expect: 100-continue\r\n");
      case 2:
        return request("POST", kPath, any_pass() + chunked) + "3\r\nabc\r\n";
      case 3:
        return request("POST", kPath, any_pass() + chunked) + "3\r\nabc\r\n0\r\n\r\n";
      case 4:
        return upgrade(kStreamInput, "xi-api-key: " + kElevenPass + "\r\n");
      default:
        return request("GET", kPath, any_pass());
    }
  }
  static void expect_no_key(const std::string& came) {
    EXPECT_EQ(came.find(kRealKey), std::string::npos);
  }
  io::Task<void> ask_old() {
    const std::string here = "127.0.0.1";
    auto dialled =
        co_await io::dial_tcp(loop, here, world.port, io::PrivateAddresses::Allow, Deadline());
    if (!dialled) co_return;
    io::Stream stream = std::move(*dialled);
    stream.set_deadline(loop.deadline_in(milliseconds(100 + chance.below(1500))));
    std::string came;
    ByteVector block(65536);
    for (std::size_t left = 1 + chance.below(4); left > 0; --left) {
      const std::string octets = any_request();
      const bool is_sent = co_await say(stream, octets);
      if (!is_sent) break;
      for (std::size_t reads = chance.below(5); reads > 0; --reads) {
        if (chance.one_in(3)) {
          co_await loop.sleep(chance.moment(60));
          (void)co_await say(stream, chance.one_in(2) ? "3\r\ndef\r\n" : text_frame("hi"));
        }
        const auto got = co_await stream.read_some(block);
        if (!got || *got == 0) break;
        came.append(text_of(ByteView(block).first(*got)));
      }
    }
    if (chance.one_in(2)) stream.abort();
    expect_no_key(came);
  }
  io::Task<void> ask_new() {
    const std::string here = "127.0.0.1";
    auto dialled =
        co_await io::dial_tcp(loop, here, world.port, io::PrivateAddresses::Allow, Deadline());
    if (!dialled) co_return;
    const auto end =
        std::make_shared<Http2End>(http::Http2Role::Client, clock, std::move(*dialled));
    std::string host = "localhost";
    const auto secured = co_await end->stream.start_tls_client(agents_tls_, std::move(host),
                                                               io::ProtocolOffer::Http2AndHttp1);
    if (!secured) co_return;
    count_in(read(end, chance));
    for (std::size_t left = 10 + chance.below(60); left > 0; --left) {
      const bool goes_on = co_await flush(*end);
      if (!goes_on) break;
      co_await loop.sleep(chance.moment(20));
      auto& session = end->session;
      const auto any = end->open.empty() ? 0 : end->open[chance.below(end->open.size())];
      const auto mood = chance.below(12);
      if (mood < 4 && session.may_open()) {
        const bool has_body = chance.one_in(2);
        const auto opened = session.submit_request(
            http::request_head(request(has_body ? "POST" : "GET", kPath, any_pass())),
            http::Http2Scheme::Https, has_body ? http::Http2End::Open : http::Http2End::Ends);
        if (opened) end->open.push_back(*opened);
      } else if (mood < 8 && any != 0) {
        const std::string octets(chance.below(20'000), 'u');
        (void)session.send_data(any, bytes_of(octets),
                                chance.one_in(2) ? http::Http2End::Ends : http::Http2End::Open);
      } else if (mood == 8 && any != 0) {
        session.reset(any, http::Http2Code::Cancel);
      } else if (mood == 9 && chance.one_in(10)) {
        session.shutdown();
      }
    }
    end->stream.abort();
    expect_no_key(end->came);
  }

  // The weather.

  io::Task<void> revoke(std::string pass) {
    const KeyId key = world.vault.entry(pass).key;
    (void)co_await world.revoke(std::move(pass));
    co_await loop.sleep(chance.moment(100));
    world.vault.revoked.erase(key);
  }
  void let_record_go_on() {
    for (const auto& durable : std::exchange(world.vault.held, {})) durable();
  }
  void set_policies(std::vector<lease::GrantedPolicy>& policies) {
    policies.clear();
    lease::GrantedPolicy one;
    one.id = PolicyId(IdBytes{1});
    one.policy.concurrent = static_cast<std::uint32_t>(1 + chance.below(8));
    if (!chance.one_in(3)) policies.push_back(one);
    one.id = PolicyId(IdBytes{2, ++policies_});
    one.policy.concurrent = 0;
    one.policy.bytes_per_day = 1 + chance.below(400'000);
    if (chance.one_in(3)) policies.push_back(one);
  }
  void blow() {
    const std::string any = chance.one_in(9) ? kElevenPass : pass(chance.below(kKeys));
    const KeyId key = world.vault.entry(any).key;
    switch (chance.below(10)) {
      case 0:
        return count_in(revoke(any));
      case 2:
        return world.side->refresh(key);
      case 1:
      case 3:
        set_policies(world.vault.entry(any).policies);
        return world.side->refresh_everything();
      case 4:
        world.vault.holds_back = !world.vault.holds_back;
        return;
      case 5:
      case 6:
        return let_record_go_on();
      case 7:
        if (has_channel_ && chance.one_in(3)) ::shutdown(channel_, SHUT_RDWR);
        return;
      default:
        if (!has_channel_) connect_channel();
    }
  }
  io::Task<void> storm() {
    const Deadline until = loop.deadline_in(milliseconds(2500));
    while (!until.has_passed(loop.coarse_now())) {
      if (under_way_ < 40) count_in(chance.one_in(3) ? ask_new() : ask_old());
      co_await loop.sleep(chance.moment(12));
      if (chance.one_in(4)) blow();
    }
  }
  io::Task<void> clear_up() {
    provider->is_calm = true;
    world.vault.holds_back = false;
    const bool is_over = co_await world.until([&] {
      let_record_go_on();
      if (!has_channel_) connect_channel();
      return under_way_ == 0;
    });
    EXPECT_TRUE(is_over);
    const bool is_quiet = co_await world.until([&] {
      let_record_go_on();
      return world.gateway->tenants().inside({}) == 0 && world.gateway->tenants().queued({}) == 0;
    });
    EXPECT_TRUE(is_quiet);
    EXPECT_EQ(world.gateway->kept.left(), kKept);
    EXPECT_EQ(world.gateway->decoding.left(), kDecoding);
    // Nothing is counted under the policy any more.
    auto& policies = world.vault.entry(kGeminiPass).policies;
    policies.assign(1, {});
    policies[0].id = PolicyId(IdBytes{1});
    policies[0].policy.concurrent = 1;
    world.side->refresh_everything();
    co_await loop.sleep(milliseconds(20));
    Answer answer;
    // On a slow machine, a lease or the new policy may take longer.
    for (int i = 0; i < 200 && answer.status != 200; ++i) {
      const std::string octets = request("GET", kPath, with_pass());
      answer = co_await ask(octets);
      if (answer.status != 200) co_await loop.sleep(milliseconds(50));
    }
    EXPECT_EQ(answer.status, 200) << answer.body;
    bool is_drained = false;
    world.gateway->drain(milliseconds(500), [&] { is_drained = true; });
    const bool has_ended = co_await world.until([&] { return is_drained; });
    EXPECT_TRUE(has_ended);
    const bool is_settled = co_await world.until(
        [&] { return world.vault.settled.size() == world.vault.paths.size(); });
    EXPECT_TRUE(is_settled) << world.vault.settled.size() << " of " << world.vault.paths.size();
  }
  io::Task<void> story() {
    co_await storm();
    co_await clear_up();
  }

  Chance chance;
  std::unique_ptr<RestlessProvider> provider;

 private:
  io::Certificate authority_;
  io::TlsClient agents_tls_{std::move(*io::TlsClient::create(world.ca_pem))};
  std::size_t under_way_ = 0;
  std::uint8_t policies_ = 0;
  int channel_ = -1;
  bool has_channel_ = false;
};

TEST_P(Weather, afterwards_nothing_is_held_and_no_key_came_back) {
  begin();
  run(story());
}

std::vector<unsigned> seeds() {
  const char* const first = std::getenv("WEATHER_SEED");
  const char* const rounds = std::getenv("WEATHER_ROUNDS");
  std::vector<unsigned> all;
  const auto from = static_cast<unsigned>(first == nullptr ? 1 : std::atoi(first));
  const auto count = static_cast<unsigned>(rounds == nullptr ? 2 : std::atoi(rounds));
  for (unsigned seed = from; seed < from + count; ++seed) all.push_back(seed);
  return all;
}
INSTANTIATE_TEST_SUITE_P(Seeds, Weather, testing::ValuesIn(seeds()));

}  // namespace
}  // namespace strongroom::gateway
