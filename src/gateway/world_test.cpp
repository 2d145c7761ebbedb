// The world of the gateway's tests (world_for_test.h). SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "gateway/world_for_test.h"

namespace strongroom::gateway {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

KeyId key_of(std::uint8_t fill) {
  IdBytes bytes{};
  bytes.fill(fill);
  return KeyId(bytes);
}

lease::PassHash hash_of(const std::string& pass) {
  return crypto::sha256(bytes_of(pass));
}

}  // namespace

TinyVault::TinyVault() {
  passes[hash_of(kGeminiPass)] = {"gemini", key_of(1), {}};
  passes[hash_of(kElevenPass)] = {"elevenlabs", key_of(2), {}};
  passes[hash_of(kFirecrawlPass)] = {"firecrawl", key_of(3), {}};
  passes[hash_of(kGenericPass)] = {
      "generic-http",
      key_of(4),
      {{"host", "localhost"}, {"port", "443"}, {"header", "x-own"}, {"scheme", ""}}};
}

Result<lease::GrantedLease> TinyVault::open_by_pass(const lease::PassHash& pass,
                                                    std::string_view service) {
  const auto found = passes.find(pass);
  if (found == passes.end()) return fail(Code::NotFound, "not known", "pass_unknown");
  if (found->second.service != service)
    return fail(Code::Refused, "another service", denial.empty() ? "pass_wrong_service" : denial);
  if (revoked.contains(found->second.key)) return fail(Code::Revoked, "revoked", "key_revoked");
  lease::GrantedLease lease;
  lease.key = found->second.key;
  lease.session = found->second.session;
  lease.service = found->second.service;
  lease.settings = found->second.settings;
  lease.key_is_rejected = key_is_rejected;
  lease.policies = found->second.policies;
  lease.tenant = found->second.tenant;
  lease.value = Secret(bytes_of(std::string_view(kRealKey)));
  for (const auto& each :
       {kGeminiPass, kElevenPass, kFirecrawlPass, kGenericPass, kProxyCredential})
    lease.passes.push_back({each.substr(0, each.size() - 43), hash_of(each)});
  return lease;
}

SessionId TinyVault::session_of_pass(const lease::PassHash& pass) const {
  const auto found = passes.find(pass);
  return found == passes.end() ? SessionId() : found->second.session;
}

std::uint64_t TinyVault::on_intents(std::span<const lease::Use> batch,
                                    std::function<void()> durable) {
  if (keeps_notes)
    for (const auto& use : batch) paths.push_back(use.host + use.path);
  if (holds_back)
    held.push_back(std::move(durable));
  else
    durable();
  return 1;
}

void TinyVault::on_settled(std::span<const lease::SettledUse> batch) {
  if (!keeps_notes) return;
  for (const auto& each : batch) settled.push_back(each.settled);
}

void Provider::start(io::Loop& loop, io::TlsServer tls) {
  loop_ = &loop;
  tls_ = std::make_unique<io::TlsServer>(std::move(tls));
  const auto bound = io::listen_tcp({"127.0.0.1", 0});
  ASSERT_TRUE(bound);
  address_ = bound->bound.text();
  acceptor_ = std::make_unique<io::Acceptor>(loop, bound->fd, [this](io::Stream stream) {
    loop_->spawn(serve(std::make_shared<io::Stream>(std::move(stream))));
  });
}

io::Task<bool> Provider::send(std::string octets) {
  const auto stream = last_;
  if (stream == nullptr) co_return false;
  const auto sent = co_await stream->write_all(bytes_of(octets));
  co_return sent.has_value();
}

io::Task<bool> Provider::read_body(io::Stream& stream, http::BodyFraming framing,
                                   std::string& buffer, Seen& seen_now) {
  http::BodyFollower follower;
  follower.start(framing);
  ByteVector block(65536);
  while (!follower.is_done()) {
    const auto step = follower.feed(buffer);
    if (step.state == http::ParseState::Bad) co_return false;
    seen_now.body.append(step.content);
    buffer.erase(0, step.consumed);
    if (follower.is_done() || step.consumed > 0) continue;
    const auto got = co_await stream.read_some(block);
    if (!got || *got == 0) co_return false;
    buffer.append(text_of(ByteView(block).first(*got)));
  }
  seen_now.trailers = follower.trailers();
  co_return true;
}

io::Task<void> Provider::read_raw(io::Stream& stream) {
  ByteVector block(65536);
  for (;;) {
    const auto got = co_await stream.read_some(block);
    if (!got || *got == 0) co_return;
    raw.append(text_of(ByteView(block).first(*got)));
  }
}

io::Task<void> Provider::serve(std::shared_ptr<io::Stream> stream) {
  const auto secured = co_await stream->start_tls_server(*tls_);
  if (!secured) co_return;
  ++connections;
  last_ = stream;
  std::string buffer;
  ByteVector block(4096);
  for (;;) {
    http::RequestHead head;
    std::size_t scanned = 0;
    const auto outcome = http::parse_request(buffer, head, scanned);
    if (outcome.state == http::ParseState::Bad) break;
    if (outcome.state == http::ParseState::NeedMore) {
      const auto got = co_await stream->read_some(block);
      if (!got || *got == 0) break;
      buffer.append(text_of(ByteView(block).first(*got)));
      continue;
    }
    Seen one;
    one.head = buffer.substr(0, outcome.consumed);
    buffer.erase(0, outcome.consumed);
    if (reads_bodies) {
      const bool has_body = co_await read_body(*stream, head.body, buffer, one);
      if (!has_body) break;
    }
    last_ = stream;
    seen.push_back(one);
    const std::string octets = answer(one);
    const auto sent = co_await stream->write_all(bytes_of(octets));
    if (!sent) break;
    if (!becomes_raw) continue;
    raw += buffer;
    co_await read_raw(*stream);
    break;
  }
  ++ended;
}

io::Task<bool> Agent::send(std::string octets) {
  if (!stream_) {
    auto dialled =
        co_await io::dial_tcp(loop_, "127.0.0.1", port_, io::PrivateAddresses::Allow, Deadline());
    if (!dialled) co_return false;
    stream_.emplace(std::move(*dialled));
    stream_->set_deadline(Deadline::after(loop_.clock(), seconds(60)));
  }
  const auto sent = co_await stream_->write_all(bytes_of(octets));
  co_return sent.has_value();
}

io::Task<bool> Agent::read_more() {
  ByteVector block(65536);
  const auto got = co_await stream_->read_some(block);
  if (!got || *got == 0) co_return false;
  buffer_.append(text_of(ByteView(block).first(*got)));
  co_return true;
}

io::Task<Answer> Agent::answer(std::string method) {
  Answer out;
  http::ResponseHead head;
  for (;;) {
    std::size_t scanned = 0;
    const auto outcome = http::parse_response(buffer_, method, head, scanned);
    if (outcome.state == http::ParseState::Bad) co_return out;
    if (outcome.state == http::ParseState::NeedMore) {
      const bool goes_on = co_await read_more();
      if (!goes_on) co_return out;
      continue;
    }
    out.head = buffer_.substr(0, outcome.consumed);
    out.status = head.status;
    buffer_.erase(0, outcome.consumed);
    if (head.status >= 200 || head.status == 101) break;
    informational += out.head;
  }
  http::BodyFollower body;
  body.start(head.body);
  while (!body.is_done()) {
    const auto step = body.feed(buffer_);
    if (step.state == http::ParseState::Bad) co_return out;
    out.body.append(step.content);
    buffer_.erase(0, step.consumed);
    if (body.is_done() || step.consumed > 0) continue;
    const bool goes_on = co_await read_more();
    if (goes_on) continue;
    out.is_whole = body.end_of_input();
    co_return out;
  }
  out.trailers = body.trailers();
  out.is_whole = true;
  co_return out;
}

io::Task<std::string> Agent::until(std::string text) {
  while (buffer_.find(text) == std::string::npos) {
    const bool goes_on = co_await read_more();
    if (!goes_on) break;
  }
  co_return std::exchange(buffer_, {});
}

io::Task<bool> Agent::is_ended() {
  stream_->set_deadline(Deadline::after(loop_.clock(), seconds(60)));
  ByteVector block(65536);
  for (;;) {
    const auto got = co_await stream_->read_some(block);
    if (!got) co_return got.error().code != Code::Timeout;
    if (*got == 0) co_return true;
  }
}

World::World(io::Loop& gateway_loop, io::Loop& other)
    : other_loop(other), gateway_loop_(gateway_loop) {
  const auto authority = io::make_authority("Stand-in");
  const auto leaf =
      io::make_leaf(*authority, {kGeminiHost, "api.elevenlabs.io", "api.firecrawl.dev"});
  ca_pem = authority->chain_pem;
  own_certificate = *io::make_leaf(*authority, {"localhost", "127.0.0.1"});
  provider.start(other, std::move(*io::TlsServer::create(*leaf)));
  side = std::make_unique<lease::VaultSide>(other, vault);
  start_gateway(0, 0);
}

void World::restart_gateway(std::size_t tenant_exchanges, std::size_t connections) {
  gateway.reset();
  link.reset();
  start_gateway(tenant_exchanges, connections);
}

void World::start_gateway(std::size_t tenant_exchanges, std::size_t connections) {
  lease::HolderHello hello;
  hello.name = "gateway";
  lease::HolderLink::Handlers handlers;
  handlers.check_key = [this](LeaseId id) { return gateway->check_key(id); };
  handlers.on_spent = [this](const lease::SpentByOthers& spent) { gateway->learn(spent); };
  link = std::make_unique<lease::HolderLink>(gateway_loop_, std::move(hello), std::move(handlers));
  Setup setup{*catalog::Catalog::from_sources(catalog::built_in_sources()),
              std::nullopt,
              std::move(*io::TlsClient::create(ca_pem)),
              std::move(*io::TlsServer::undecided()),
              {},
              Secret(bytes_of("0123456789abcdef0123456789abcdef")),
              tenant_exchanges,
              connections,
              "http://console.test/",
              limits};
  setup.tls =
      std::move(*io::TlsServer::create(own_certificate, io::TlsServer::Protocols::Http2AndHttp1));
  // Under the last name the provider has no certificate.
  for (const std::string host :
       {kGeminiHost, "api.elevenlabs.io", "api.firecrawl.dev", "api.us.elevenlabs.io"})
    setup.dials.push_back({host + ":443", provider.address()});
  gateway = std::make_unique<Gateway>(gateway_loop_, *link, std::move(setup));
  const auto bound = io::listen_tcp({"127.0.0.1", 0});
  port = bound->bound.port;
  gateway->listen(bound->fd);
  const auto pair = io::socket_pair();
  side->serve(std::move(*io::Stream::adopt(other_loop, pair->ours)), lease::HolderRole::Gateway);
  link->connect(std::move(*io::Stream::adopt(gateway_loop_, pair->theirs)));
}

io::Task<bool> World::revoke(std::string pass) {
  const KeyId key = vault.passes.at(hash_of(pass)).key;
  vault.revoked.insert(key);
  const auto outcomes =
      co_await side->fence(vault::FenceKind::Key, key.bytes(), "key_revoked", milliseconds(0));
  co_return !outcomes.empty();
}

io::Task<bool> World::until(std::function<bool()> is_so) {
  for (int i = 0; i < 60'000; ++i) {
    if (is_so()) co_return true;
    co_await other_loop.sleep(milliseconds(1));
  }
  co_return false;
}

void GatewayTest::run(io::Task<void> story) {
  loop.spawn(finish(std::move(story)));
  loop.spawn(give_up());
  loop.run();
  ASSERT_TRUE(is_done_) << "the story did not end in time";
}
io::Task<void> GatewayTest::finish(io::Task<void> story) {
  co_await std::move(story);
  is_done_ = true;
  loop.stop();
}
io::Task<void> GatewayTest::give_up() {
  co_await loop.sleep(seconds(120));
  loop.stop();
}

io::Task<Answer> GatewayTest::ask(std::string octets, std::string method) {
  Agent agent = world.agent();
  const bool sent = co_await agent.send(std::move(octets));
  EXPECT_TRUE(sent);
  auto answer = co_await agent.answer(std::move(method));
  co_return answer;
}

}  // namespace strongroom::gateway
